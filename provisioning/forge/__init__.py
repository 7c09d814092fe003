"""GitHub's API, as a GitHub App: the few calls that the control plane makes."""

from provisioning.forge.client import Forge
from provisioning.forge.connection import AppConnection
from provisioning.forge.reading import Comment, HookDelivery

__all__ = ["AppConnection", "Comment", "Forge", "HookDelivery"]
