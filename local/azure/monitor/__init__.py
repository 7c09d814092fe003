"""Azure Monitor, simulated: logs that are queried, metrics that are read, alerts that are sent.

Telemetry comes in by `/_local/telemetry` (`control`). Rows go into `rows`, and `queries` answers
KQL over them as Log Analytics does; samples go into `samples`, and `metrics` answers them as
Resource Manager does. An alert ordered by `/_local/alerts` is kept in `alerts`, listed by
`alertlist`, written down by `actiongroup` and carried to the app by `courier`.
"""
