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


# Long modules come first, half of them for each of two workers; begun last, one would end alone.
_LONG = (
    ("stack/test_chaos.py", "stack/test_end_to_end.py", "stack/test_up.py"),
    (
        "scenario/test_slept_anywhere.py",
        "scenario/test_killed_anywhere.py",
        "property/test_runner.py",
        "property/test_chaos.py",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules at the beginning of each half of the tests."""
    first, second = ([i for i in items if i.path.as_posix().endswith(names)] for names in _LONG)
    rest = [item for item in items if item not in {*first, *second}]
    half = (len(items) + 1) // 2 - len(first)
    if half > 0:
        items[:] = [*first, *rest[:half], *second, *rest[half:]]
