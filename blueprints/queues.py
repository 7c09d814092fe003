"""The queues: deliveries, operations, urgent, and what becomes of a poisoned message."""

import azure.functions as func

bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name="deliveries", connection="ControlStorage")
def run_delivery(message: func.QueueMessage) -> None:
    """Do the work of one delivery."""
    from provisioning import app
    from provisioning.intake import deliveries

    deliveries.take(app.services(), message.get_body().decode())


@bp.queue_trigger(arg_name="message", queue_name="operations", connection="ControlStorage")
def run_operation(message: func.QueueMessage) -> None:
    """Run one step of one operation."""
    from provisioning import app, runner

    runner.run_one_step(message.get_body().decode(), app.services())


@bp.queue_trigger(arg_name="message", queue_name="urgent", connection="ControlStorage")
def run_urgent(message: func.QueueMessage) -> None:
    """Run one step of one operation that must not wait behind others, or read one alert."""
    from provisioning import app, runner
    from provisioning.intake import alerts

    text = message.get_body().decode()
    if alerts.is_nudge(text):
        alerts.take(app.services(), text)
    else:
        runner.run_one_step(text, app.services())


@bp.queue_trigger(arg_name="message", queue_name="deliveries-poison", connection="ControlStorage")
def keep_poisoned_delivery(message: func.QueueMessage) -> None:
    """Keep a message of `deliveries` that failed five times, and say how to replay it."""
    from provisioning import app, poison

    poison.keep(app.services(), "deliveries", message.get_body().decode())


@bp.queue_trigger(arg_name="message", queue_name="operations-poison", connection="ControlStorage")
def keep_poisoned_operation(message: func.QueueMessage) -> None:
    """Keep a message of `operations` that failed five times, and end its operation."""
    from provisioning import app, poison

    poison.keep(app.services(), "operations", message.get_body().decode())


@bp.queue_trigger(arg_name="message", queue_name="urgent-poison", connection="ControlStorage")
def keep_poisoned_urgent(message: func.QueueMessage) -> None:
    """Keep a message of `urgent` that failed five times, and end what it is about."""
    from provisioning import app, poison

    poison.keep(app.services(), "urgent", message.get_body().decode())
