"""HTTP for people and tools, as the host sees it: routes and methods, nothing else.

Anonymous to the host: each call proves itself by its bearer token, in `doors.py` and its
neighbours. They are imported where they are used, so that a cold start pays for routes alone.
"""

import azure.functions as func

bp = func.Blueprint()

OPEN = func.AuthLevel.ANONYMOUS


@bp.route(route="health", methods=["GET"], auth_level=OPEN)
def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Say up or down, to anybody."""
    from blueprints import doors

    return doors.get_health(req)


@bp.route(route="schedule", methods=["GET"], auth_level=OPEN)
def get_schedule(req: func.HttpRequest) -> func.HttpResponse:
    """Show every planned stop and start."""
    from blueprints import estate

    return estate.get_schedule(req)


@bp.route(route="savings", methods=["GET"], auth_level=OPEN)
def get_savings(req: func.HttpRequest) -> func.HttpResponse:
    """Show what sleep has saved."""
    from blueprints import estate

    return estate.get_savings(req)


@bp.route(route="environments", methods=["GET"], auth_level=OPEN)
def list_environments(req: func.HttpRequest) -> func.HttpResponse:
    """List every environment."""
    from blueprints import doors

    return doors.list_environments(req)


@bp.route(route="environments/{name}", methods=["GET"], auth_level=OPEN)
def get_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Show one environment."""
    from blueprints import doors

    return doors.get_environment(req)


@bp.route(route="environments/{name}", methods=["PUT"], auth_level=OPEN)
def put_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Bring a preview up, as the catalog and its pull request say."""
    from blueprints import doors

    return doors.put_environment(req)


@bp.route(route="environments/{name}", methods=["DELETE"], auth_level=OPEN)
def delete_environment(req: func.HttpRequest) -> func.HttpResponse:
    """Take a preview down, until the next push or until it is wanted again."""
    from blueprints import doors

    return doors.delete_environment(req)


@bp.route(route="environments/{name}/image", methods=["PUT"], auth_level=OPEN)
def put_image(req: func.HttpRequest) -> func.HttpResponse:
    """Name the image that a build pushed for a commit."""
    from blueprints import doors

    return doors.put_image(req)


@bp.route(route="environments/{name}/why", methods=["GET"], auth_level=OPEN)
def get_why(req: func.HttpRequest) -> func.HttpResponse:
    """Show the decision in force at a time, its inputs, and what would change it."""
    from blueprints import doors

    return doors.get_why(req)


@bp.route(route="environments/{name}/lease", methods=["POST"], auth_level=OPEN)
def post_lease(req: func.HttpRequest) -> func.HttpResponse:
    """Keep an environment until a time, for a reason."""
    from blueprints import doors

    return doors.post_lease(req)


@bp.route(route="environments/{name}/lease", methods=["DELETE"], auth_level=OPEN)
def delete_lease(req: func.HttpRequest) -> func.HttpResponse:
    """End an environment's lease."""
    from blueprints import doors

    return doors.delete_lease(req)


@bp.route(route="operations/{id}", methods=["GET"], auth_level=OPEN)
def get_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Show one operation, step by step."""
    from blueprints import doors

    return doors.get_operation(req)


@bp.route(route="operations/{id}/cancel", methods=["POST"], auth_level=OPEN)
def cancel_operation(req: func.HttpRequest) -> func.HttpResponse:
    """Stop an operation where it stands; one that is over stays as it is."""
    from blueprints import doors

    return doors.cancel_operation(req)


@bp.route(route="backups", methods=["GET"], auth_level=OPEN)
def list_backups(req: func.HttpRequest) -> func.HttpResponse:
    """Show the verdict on the backups of every environment that others built, or of one."""
    from blueprints import backups

    return backups.list_backups(req)


@bp.route(route="audit", methods=["GET"], auth_level=OPEN)
def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Page through the trail, of one environment or of all."""
    from blueprints import doors

    return doors.get_audit(req)


@bp.route(route="audit/verify", methods=["GET"], auth_level=OPEN)
def verify_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Check every chain of the trail."""
    from blueprints import doors

    return doors.verify_audit(req)


@bp.route(route="deliveries", methods=["GET"], auth_level=OPEN)
def list_deliveries(req: func.HttpRequest) -> func.HttpResponse:
    """List what came in lately, and what it led to."""
    from blueprints import doors

    return doors.list_deliveries(req)


@bp.route(route="deliveries/{id}/replay", methods=["POST"], auth_level=OPEN)
def replay_delivery(req: func.HttpRequest) -> func.HttpResponse:
    """Do the work of a delivery once more."""
    from blueprints import doors

    return doors.replay_delivery(req)


@bp.route(route="poison", methods=["GET"], auth_level=OPEN)
def list_poison(req: func.HttpRequest) -> func.HttpResponse:
    """List the messages that no function could handle."""
    from blueprints import doors

    return doors.list_poison(req)


@bp.route(route="releases", methods=["GET"], auth_level=OPEN)
def list_releases(req: func.HttpRequest) -> func.HttpResponse:
    """List the releases, the newest first, of one environment or of all."""
    from blueprints import releasing

    return releasing.list_releases(req)


@bp.route(route="releases", methods=["POST"], auth_level=OPEN)
def post_release(req: func.HttpRequest) -> func.HttpResponse:
    """Release a version of a service to an environment, as a canary first."""
    from blueprints import releasing

    return releasing.post_release(req)


@bp.route(route="releases/{id}", methods=["GET"], auth_level=OPEN)
def get_release(req: func.HttpRequest) -> func.HttpResponse:
    """Show one release with every decision about it."""
    from blueprints import releasing

    return releasing.get_release(req)


@bp.route(route="releases/{id}/rollback", methods=["POST"], auth_level=OPEN)
def roll_back_release(req: func.HttpRequest) -> func.HttpResponse:
    """Give all of the traffic back to what a release was to replace."""
    from blueprints import releasing

    return releasing.roll_back_release(req)


@bp.route(route="releases/{id}/promote", methods=["POST"], auth_level=OPEN)
def promote_release(req: func.HttpRequest) -> func.HttpResponse:
    """Skip the remaining steps of a release that progresses."""
    from blueprints import releasing

    return releasing.promote_release(req)


@bp.route(route="releases/{id}/resume", methods=["POST"], auth_level=OPEN)
def resume_release(req: func.HttpRequest) -> func.HttpResponse:
    """Let a release go on that an unverified alert holds."""
    from blueprints import releasing

    return releasing.resume_release(req)


@bp.route(route="alerts", methods=["GET"], auth_level=OPEN)
def list_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """List the alerts that came in, and what each led to."""
    from blueprints import releasing

    return releasing.list_alerts(req)
