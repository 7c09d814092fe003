"""A Functions host for machines without `func`: it runs an app as Azure does.

It exists because the traps of the platform are not in our code: a chunked body arrives empty, a
wrong method is a 404, a message sent as plain text lands in the poison queue unseen, a missed
timer runs once and says so. A host that is kinder than Azure hides them until Azure shows them.

How a function gets from its decorator to a run:

    loading     the worker's half: import the app, list its functions, check their signatures
    validation  the host's half: names, settings, connections, routes; a fault stops one function
    routing     ASP.NET route templates
    http, queues, timers    the three triggers, each turning an event into a call
    invocation  the worker: threads, context, time limit, one log line a call
    drive       held time: moves the clock from one due instant to the next, never during a call

`service` puts these together, `__main__` starts it for a stack, `inline` for a test.

Left out on purpose, because one host runs alone here: the singleton lease of timers, throttling,
CORS, key files in blobs, and every binding but HTTP, queue trigger and timer.
"""
