"""Where Azure's regions are, and which have availability zones.

Source: learn.microsoft.com "List of Azure regions", "Azure region pairs".
"""

from local.azure import places
from local.azure.arm import Json

_WHERE = """
US/United States: eastus=Virginia eastus2=Virginia westus=California westus2=Washington
 westus3=Phoenix centralus=Iowa northcentralus=Illinois southcentralus=Texas westcentralus=Wyoming
US/Canary (US): eastus2euap centraluseuap
Europe/Europe: northeurope=Ireland westeurope=Netherlands
UK/United Kingdom: uksouth=London ukwest=Cardiff
Europe/France: francecentral=Paris
Europe/Germany: germanywestcentral=Frankfurt
Europe/Norway: norwayeast=Norway
Europe/Sweden: swedencentral=Gävle
Europe/Switzerland: switzerlandnorth=Zurich
Europe/Poland: polandcentral=Warsaw
Europe/Italy: italynorth=Milan
Europe/Spain: spaincentral=Madrid
Asia Pacific/Asia Pacific: eastasia=Hong_Kong southeastasia=Singapore
Asia Pacific/Japan: japaneast=Tokyo,_Saitama japanwest=Osaka
Asia Pacific/Korea: koreacentral=Seoul koreasouth=Busan
Asia Pacific/Australia: australiaeast=New_South_Wales australiasoutheast=Victoria
 australiacentral=Canberra australiacentral2=Canberra
Asia Pacific/India: centralindia=Pune southindia=Chennai westindia=Mumbai jioindiawest=Jamnagar
Canada/Canada: canadacentral=Toronto canadaeast=Quebec
South America/Brazil: brazilsouth=Sao_Paulo_State
Africa/South Africa: southafricanorth=Johannesburg
Middle East/UAE: uaenorth=Dubai
Middle East/Qatar: qatarcentral=Doha
Middle East/Israel: israelcentral=Israel
"""
_ZONED = frozenset(
    (
        *("westeurope", "northeurope", "eastus", "eastus2", "westus2", "westus3", "centralus"),
        *("southcentralus", "uksouth", "francecentral", "germanywestcentral", "swedencentral"),
        *("norwayeast", "switzerlandnorth", "polandcentral", "italynorth", "spaincentral"),
        *("japaneast", "koreacentral", "southeastasia", "eastasia", "australiaeast"),
        *("centralindia", "canadacentral", "brazilsouth", "southafricanorth", "uaenorth"),
        *("qatarcentral", "israelcentral"),
    )
)
_ZONES = ("1", "2", "3")


def zones(place: str) -> tuple[str, ...]:
    """Return the logical zones of a region, none where it has none."""
    return _ZONES if places.normal(place) in _ZONED else ()


def metadata(place: str, subscription: str, version: str) -> Json:
    """Return what the list of regions tells of one beside where it is on the map."""
    group, geography, town = _KNOWN[place]
    found: Json = {"geographyGroup": group, "physicalLocation": town}
    if version >= _GEOGRAPHY:
        found["geography"] = geography
    pair = places.PAIRS.get(place)
    start = f"/subscriptions/{subscription}/locations"
    found["pairedRegion"] = [{"name": pair, "id": f"{start}/{pair}"}] if pair else []
    return found


def regional(place: str) -> str:
    """Return a region's name with the group that it is in."""
    return f"({_KNOWN[place][0]}) {places.NAMES[place]}"


def mappings(place: str, version: str) -> Json:
    """Return a region's zones as this subscription counts them; nothing where it has none."""
    if version < _GEOGRAPHY or not zones(place):
        return {}
    rows = [{"logicalZone": zone, "physicalZone": f"{place}-az{zone}"} for zone in zones(place)]
    return {"availabilityZoneMappings": rows}


_GEOGRAPHY = "2022-12-01"  # the api-version since which geographies and zones are told


def _read() -> dict[str, tuple[str, str, str]]:
    found = {}
    for line in _WHERE.replace("\n ", " ").strip().splitlines():
        head, _, rest = line.partition(": ")
        group, _, geography = head.partition("/")
        for one in rest.split():
            name, _, town = one.partition("=")
            found[name] = (group, geography, town.replace("_", " "))
    return found


_KNOWN = _read()
