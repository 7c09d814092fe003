"""What holds for every test: nobody but this machine is spoken to."""

from collections.abc import Iterator

import pytest
import trustme


@pytest.fixture(scope="session", autouse=True)
def _few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have httpx trust one authority that nobody uses: reading the usual ones takes it 30 ms.

    It does so for each client, also for one that speaks plain HTTP.
    """
    authority = tmp_path_factory.mktemp("authority") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(authority))
        yield
