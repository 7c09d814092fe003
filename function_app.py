"""Registers the blueprints; nothing else."""

import azure.functions as func

from blueprints import alerts, api, queues, timers, webhooks

app = func.FunctionApp()
for blueprint in (webhooks.bp, alerts.bp, api.bp, queues.bp, timers.bp):
    app.register_functions(blueprint)
