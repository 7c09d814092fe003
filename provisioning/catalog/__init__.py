"""The catalog: which services there are, where they come from, and where they run.

Written by people in `environments.toml`. `read` takes the file's text and returns either the whole
catalog or every fault in it, each naming the file, the key and the remedy.
"""

from provisioning.catalog.reading import read
from provisioning.catalog.values import (
    LABEL,
    LONGEST_NAME,
    Built,
    Canary,
    Catalog,
    Host,
    Limits,
    Placed,
    Preview,
    Prices,
    Promise,
    Registry,
    Service,
    Which,
    preview_name,
    preview_parts,
)

__all__ = [
    "LABEL",
    "LONGEST_NAME",
    "Built",
    "Canary",
    "Catalog",
    "Host",
    "Limits",
    "Placed",
    "Preview",
    "Prices",
    "Promise",
    "Registry",
    "Service",
    "Which",
    "preview_name",
    "preview_parts",
    "read",
]
