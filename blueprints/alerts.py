"""Azure Monitor's alerts. The function's own key is the proof, so the host checks it.

An action group's address holds the key, and who may read the group may see it: what comes in is
believed once Azure's own list of alerts confirms it.
"""

import azure.functions as func

bp = func.Blueprint()


@bp.route(route="alerts", methods=["POST", "OPTIONS"], auth_level=func.AuthLevel.FUNCTION)
def receive_alert(req: func.HttpRequest) -> func.HttpResponse:
    """Store an alert and answer 202; say why where nothing follows."""
    from blueprints import releasing

    return releasing.receive_alert(req)
