"""How the SDKs' clients reach the network: with room for as many calls as the host runs at once.

The default keeps ten connections and throws the others away after each call, which costs a
handshake each under load. And it asks the environment for proxies and certificates at each call,
which took a seventh of the CPU time of a write to a table; what it says is the same all the time.
It also looks for a `.netrc`, whose password would take the place of our own proof: never here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

AT_ONCE = 32  # a batch of each queue and its threshold, and some HTTP calls beside them


def transport(**options: Any) -> Any:
    """Return a transport for one client, with its connection options; the client closes it.

    A client that is given a transport no longer passes its options on: they must come here.
    """
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

    session = _session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=AT_ONCE))
    return RequestsTransport(session=session, **options)


def _session() -> "requests.Session":
    """Return a session that asks the environment once for each host."""
    import requests

    class Session(requests.Session):
        """Remembers what the environment says of a host."""

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            place = urlsplit(url)
            key = (place.scheme, place.netloc, stream, verify, cert, bool(proxies))
            if proxies or key not in known:
                known[key] = super().merge_environment_settings(url, proxies, stream, verify, cert)
            return {**known[key], "proxies": dict(known[key]["proxies"])}

    known: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    session = Session()
    session.auth = _as_it_is
    return session


def _as_it_is(request: Any) -> Any:
    """Return the request with the proof that the SDK gave it."""
    return request
