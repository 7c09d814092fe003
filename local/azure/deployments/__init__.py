"""Deployments of templates, as Resource Manager runs them.

`asked` reads a request, `records` is what is remembered of a deployment, `engine` moves it on as
time and other work allow, `runtime` answers what its expressions ask, `told` is what a caller
sees, `preflight` and `whatif` look without doing, `doors` are the calls on deployments. Stacks are
beside them: `stackrecords`, `stacks`, `stackdoors`.

A deployment never sleeps and holds no thread. It is woken when a timer of its own is due, or when
work that it waits for ends; each time it starts what has become free, through the same door as any
caller's requests. All of it is in the journal, so that a simulator that was killed goes on.
"""
