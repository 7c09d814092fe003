"""How the SDKs' clients reach the network: with room for as many calls as the host runs at once.

The default keeps ten connections and throws the others away after each call, which costs a
handshake each under load.
"""

from typing import Any

AT_ONCE = 32  # a batch of each queue and its threshold, and some HTTP calls beside them


def transport(**options: Any) -> Any:
    """Return a transport for one client, with its connection options; the client closes it.

    A client that is given a transport no longer passes its options on: they must come here.
    """
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=AT_ONCE))
    return RequestsTransport(session=session, **options)
