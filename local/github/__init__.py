"""A small GitHub: the endpoints this app calls, as strict about them as github.com.

A simulator that answers 201 to anything teaches nothing. This one checks the App's proof, what the
token may see, the fields and their values, and has the defaults that bite (`auto_merge`,
`required_contexts`). It is written without sockets: `site.py` turns a Request into an Answer in
one transaction of `store.py`, so that what was answered is on disk; `server.py` is the only file
that knows HTTP. What tests steer is under `/_local` (`steering.py`); `pulls.py` keeps the pull
requests in step with the deliveries that tests send (`hook.py`).

https://docs.github.com/rest, API versions 2022-11-28 and 2026-03-10.
"""
