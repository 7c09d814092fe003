"""The named timers. What they do is level-triggered: a missed run costs time, nothing else."""

import azure.functions as func

bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="0 * * * * *")
def tick(timer: func.TimerRequest) -> None:
    """Each minute: nudge what is due."""
    from provisioning import app
    from provisioning.intake import timers

    timers.run(app.services(), "tick")


@bp.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
def power(timer: func.TimerRequest) -> None:
    """Every five minutes: bring what others built to what its hours say."""
    from provisioning import app
    from provisioning.intake import timers

    timers.run(app.services(), "power")


@bp.timer_trigger(arg_name="timer", schedule="0 */10 * * * *")
def repair(timer: func.TimerRequest) -> None:
    """Every ten minutes: close the gap to what GitHub says."""
    from provisioning import app
    from provisioning.intake import timers

    timers.run(app.services(), "repair")


@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def sweep(timer: func.TimerRequest) -> None:
    """Each hour: try again what leaked, and find what nobody owns."""
    from provisioning import app
    from provisioning.intake import timers

    timers.run(app.services(), "sweep")


@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def verify_backups(timer: func.TimerRequest) -> None:
    """Each hour: ask whether the backups keep what is promised."""
    from provisioning import app
    from provisioning.intake import timers

    timers.run(app.services(), "verify_backups")
