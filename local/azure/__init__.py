"""A strict simulator of Azure Resource Manager, run under the real Azure SDK clients.

It refuses what Azure refuses (versions, names, states, conflicts), answers long-running work with
the same headers and documents, and throttles with the same buckets. What Azure does is written
once, as rules: one table of resource types (`table`, `types`), one gateway before them (`app`,
`router`), one world behind them (`world`) that is written through to SQLite before each answer.

All work is timed by the app clock and settled when somebody asks; no background task exists, so a
held clock makes every run repeatable. Tokens alone are judged by the machine's clock.
"""
