"""Azure's regions, as far as a subscription of ours may use them.

The list is the one Resource Manager prints in its own refusals, with the regions opened since.
"""

import re
from typing import Any

from local.azure.arm import Refusal, gateway
from local.azure.era import ERA

_SHOWN = (
    "Central US,East Asia,Southeast Asia,East US,East US 2,West US,West US 2,North Central US,"
    "South Central US,West Central US,North Europe,West Europe,Japan East,Japan West,Brazil South,"
    "Australia Southeast,Australia East,West India,South India,Central India,Canada Central,"
    "Canada East,UK South,UK West,Korea Central,Korea South,France Central,South Africa North,"
    "UAE North,Australia Central,Switzerland North,Germany West Central,Norway East,"
    "Jio India West,West US 3,Australia Central 2,Sweden Central,Qatar Central,Poland Central,"
    "Italy North,Spain Central,Israel Central,East US 2 EUAP,Central US EUAP"
)
_FORM = re.compile(r"[\w (),]+")


def normal(name: str) -> str:
    """Return a region's name as Azure stores it: lower case, without spaces."""
    return re.sub(r"[ ()]", "", name).lower()


NAMES = {normal(shown): shown for shown in _SHOWN.split(",")}
ALL = tuple(NAMES)
_STAGE = "North Central US (Stage)"  # of Container Apps only
FOR_APPS = (*ALL, normal(_STAGE))
FOR_GROUPS = tuple(name for name in ALL if not name.endswith("euap"))


_AT = (
    "eastus 37.3719 -79.8164,eastus2 36.6681 -78.3889,westus 37.783 -122.417,"
    "westus2 47.233 -119.852,westus3 33.448376 -112.074036,centralus 41.5908 -93.6208,"
    "northcentralus 41.8819 -87.6278,southcentralus 29.4167 -98.5,"
    "westcentralus 40.890 -110.234,northeurope 53.3478 -6.2597,westeurope 52.3667 4.9,"
    "uksouth 50.941 -0.799,ukwest 53.427 -3.084,francecentral 46.3772 2.3730,"
    "germanywestcentral 50.110924 8.682127,norwayeast 59.913868 10.752245,"
    "swedencentral 60.67488 17.14127,switzerlandnorth 47.451542 8.564572,"
    "polandcentral 52.23334 21.01666,italynorth 45.46888 9.18109,spaincentral 40.4259 -3.4209,"
    "eastasia 22.267 114.188,southeastasia 1.283 103.833,japaneast 35.68 139.77,"
    "japanwest 34.6939 135.5022,koreacentral 37.5665 126.978,koreasouth 35.1796 129.0756,"
    "australiaeast -33.86 151.2094,australiasoutheast -37.8136 144.9631,"
    "australiacentral -35.3075 149.1244,australiacentral2 -35.3075 149.1244,"
    "centralindia 18.5822 73.9197,southindia 12.9822 80.1636,westindia 19.088 72.868,"
    "jioindiawest 22.470701 70.05773,canadacentral 43.653 -79.383,canadaeast 46.817 -71.217,"
    "brazilsouth -23.55 -46.633,southafricanorth -25.73134 28.21837,"
    "uaenorth 25.266666 55.316666,qatarcentral 25.551462 51.439327,"
    "israelcentral 31.26557 33.45066,eastus2euap 36.6681 -78.3889,"
    "centraluseuap 41.5908 -93.6208"
)
COORDINATES = {name: (north, east) for name, north, east in map(str.split, _AT.split(","))}


_PAIRED = (
    "eastus westus,eastus2 centralus,northcentralus southcentralus,westus2 westcentralus,"
    "northeurope westeurope,eastasia southeastasia,japaneast japanwest,uksouth ukwest,"
    "australiaeast australiasoutheast,canadacentral canadaeast,koreacentral koreasouth,"
    "centralindia southindia,australiacentral australiacentral2"
)
_PAIRS = [tuple(pair.split()) for pair in _PAIRED.split(",")]
PAIRS = {here: there for one, other in _PAIRS for here, there in ((one, other), (other, one))}


def of(target: Any) -> str:
    """Return the region that a call on a provider's `locations/{place}/...` names."""
    return normal(target.last.names[0])


def shown(name: str) -> str:
    """Return a region's name as some providers print it: West Europe."""
    return _STAGE if name == FOR_APPS[-1] else NAMES.get(name, name)


def read(value: object) -> str:
    """Return the region that a body names; refuse none, and what cannot be one."""
    if value is None or value == "":
        raise gateway(
            400, "LocationRequired", "The location property is required for this definition."
        )
    if not isinstance(value, str) or not _FORM.fullmatch(value):
        raise gateway(
            400,
            "InvalidResourceLocation",
            f"The specified location '{value}' is invalid. A location must consist of characters,"
            " whitespace, digit, or following symbols '(,)'.",
        )
    return normal(value)


def refuse_group(name: object) -> Refusal:
    """Return the refusal of a region for a resource group."""
    again = {"retry-after": "0"} if ERA.get() < "2019" else {}  # as it was answered then
    return gateway(
        400,
        "LocationNotAvailableForResourceGroup",
        f"The provided location '{name}' is not available for resource group. List of available"
        f" regions is '{','.join(FOR_GROUPS)}'.",
        headers=again,
    )


def refuse_registration(name: str, local: str) -> Refusal:
    """Return the refusal of a region that the subscription's registration does not reach."""
    return gateway(
        409,
        "MissingRegistrationForLocation",
        f"The subscription is not registered for the resource type '{local}' in the location"
        f" '{name}'. Please re-register for this provider in order to have access to this"
        " location.",
    )


def refuse_type(name: object, type_name: str, offered: tuple[str, ...]) -> Refusal:
    """Return the refusal of a region for a resource of this type."""
    return gateway(
        400,
        "LocationNotAvailableForResourceType",
        f"The provided location '{name}' is not available for resource type '{type_name}'. List"
        f" of available regions for the resource type is '{','.join(offered)}'.",
    )
