"""GitHub's deliveries. The signature is the proof, so the host lets everybody in."""

import azure.functions as func

bp = func.Blueprint()


@bp.route(route="github/webhooks", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def receive_webhook(req: func.HttpRequest) -> func.HttpResponse:
    """Store a signed delivery and answer 202; say why where nothing follows."""
    from blueprints import doors

    return doors.receive_webhook(req)
