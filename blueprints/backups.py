"""What the call for backups does; apart from its route in `api.py` as `doors.py` is."""

import re

import azure.functions as func

from blueprints.answers import answer, render
from provisioning import views
from provisioning.errors import Refusal
from provisioning.identity import Action, Principal
from provisioning.services import Services

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def list_backups(req: func.HttpRequest) -> func.HttpResponse:
    """Show the verdict on the backups of every environment that others built, or of one."""

    def work(services: Services, _: Principal) -> func.HttpResponse:
        name = req.params.get("environment")
        if name is not None and not _NAME.fullmatch(name):
            form = "environment must be a-z, 0-9 and `-`, at most 63"
            raise Refusal.one(400, "field_invalid", form, "environment")
        if name is not None and name not in services.catalog.environments:
            text = f"the catalog has no environment {name}"
            raise Refusal.one(404, "environment_unknown", text, "environment")
        names = services.catalog.environments if name is None else [name]
        return render(200, views.listing(views.backups(services, one) for one in names))

    return answer(req, Action.READ, work)
