"""The environments, the canary and the prices of the catalog: what is read, and every fault."""

from datetime import timedelta

import pytest

from provisioning.catalog import Canary, Catalog, Host, read
from provisioning.errors import SettingsError
from provisioning.model import Hours, Kind, Mode
from tests.builders import the_catalog

FILE = "environments.toml"
LEAST = '[defaults]\nlocation = "westeurope"\nowner = "platform"\n[services.api]\n'
BUILT = """
[environments.staging]
kind = "staging"
group = "rg-staging"
region = "westeurope"
"""
HOURS = """
[environments.staging.hours]
zone = "Europe/Madrid"
days = ["Tue", "Mon"]
"""


def faults(text: str) -> list[str]:
    """Return the faults of a catalog, without the file's name."""
    with pytest.raises(SettingsError) as caught:
        read(text, FILE)
    assert all(fault.startswith(f"{FILE}: ") for fault in caught.value.faults)
    return [fault.removeprefix(f"{FILE}: ") for fault in caught.value.faults]


def catalog(*parts: str) -> Catalog:
    """Return the catalog that the parts make."""
    return read(LEAST + "".join(parts), FILE)


def test_the_repositorys_environments_are_as_promised():
    found = the_catalog().environments

    hours = Hours(zone="Europe/Madrid", days=(0, 1, 2, 3, 4), opens="07:00", closes="19:00")
    assert [b.kind for b in found.values()] == [Kind.DEVELOPMENT, Kind.STAGING, Kind.PRODUCTION]
    assert [b.hours for b in found.values()] == [hours, hours, None]
    production = found["production"].promise
    assert (production.rpo, production.retention_days, production.geo) == (
        timedelta(hours=1),
        30,
        True,
    )
    assert {s.host for s in found["staging"].services.values()} == set(Host)


def test_what_an_environment_leaves_out_has_a_default():
    built = catalog(BUILT, HOURS).environments["staging"]

    assert built.mode is Mode.OBSERVE
    assert built.hours is not None
    assert (built.hours.days, built.hours.opens, built.hours.closes) == ((0, 1), "07:00", "19:00")
    assert (built.promise.rpo, built.promise.geo) == (timedelta(hours=1), False)
    assert catalog().canary == Canary()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            '[environments.Up]\ngroup="g"\nregion="r"', "environments.Up must be named", id="name"
        ),
        pytest.param(
            '[environments.pr-1]\ngroup="g"\nregion="r"', "no pr- before", id="a preview's"
        ),
        pytest.param(
            BUILT.replace('"staging"', '"preview"'), "kind must be development", id="kind"
        ),
        pytest.param(BUILT.replace('"staging"', '"prod"'), "kind must be one of", id="no kind"),
        pytest.param(BUILT.replace("rg-staging", "a/b"), "group must be the name", id="group"),
        pytest.param(BUILT + "mod = 'adopt'", "mod means nothing", id="misspelt"),
        pytest.param(BUILT + "mode = 'manage'", "mode must be one of", id="mode"),
        pytest.param(BUILT + HOURS.replace("Madrid", "Madird"), "an IANA zone", id="zone"),
        pytest.param(BUILT + HOURS.replace("Tue", "Die"), "days must be a list", id="day"),
        pytest.param(BUILT + HOURS + "opens = '7'", "opens must be a wall time", id="wall time"),
        pytest.param(BUILT + HOURS + "closes = '06:00'", "later than opens", id="turned round"),
        pytest.param(BUILT + HOURS + "holidays = ['x']", "holidays must be", id="holiday"),
        pytest.param(
            BUILT + "[environments.staging.promise]\nrpo = '1h'",
            "rpo must be a duration",
            id="rpo",
        ),
        pytest.param(
            BUILT + "[environments.staging.promise]\nretention_days = 99",
            "from 1 to 35",
            id="days",
        ),
        pytest.param(
            BUILT + "[environments.staging.promise]\ngeo = 1", "geo must be true", id="geo"
        ),
        pytest.param(
            BUILT + "[environments.staging.services.web]\nresource='w'",
            "is no service",
            id="service",
        ),
        pytest.param(
            BUILT + "[environments.staging.services.api]\nresource='a/b'",
            "resource must be",
            id="resource",
        ),
        pytest.param(
            BUILT + "[environments.staging.services.api]\nresource='a'\nhealth='x'",
            "starts with /",
            id="health",
        ),
        pytest.param(
            BUILT + BUILT.replace("environments.staging", "environments.other"),
            "one environment a group",
            id="one group",
        ),
        pytest.param("[canary]\nweights = [50, 5]", "must rise", id="falling"),
        pytest.param("[canary]\nweights = [0, 5]", "weights must be a list", id="nought"),
        pytest.param("[canary]\nmost_errors = 2", "between 0 and 1", id="share"),
        pytest.param("[canary]\nbake = 'PT0S'", "bake must be a duration", id="no time"),
        pytest.param("[canary]\nleast_requests = 0", "from 1 to", id="sample"),
        pytest.param("[prices]\nas_of = 'May'\nregion='r'", "the day of the prices", id="day"),
    ],
)
def test_each_fault_is_named_with_its_remedy(text: str, fault: str):
    assert any(fault in found for found in faults(LEAST + text)), faults(LEAST + text)
