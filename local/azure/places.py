"""Azure's regions, as far as a subscription of ours may use them.

The list is the one Resource Manager prints in its own refusals, with the regions opened since.
"""

import re

from local.azure.arm import Refusal, gateway

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
    return name.replace(" ", "").lower()


NAMES = {normal(shown): shown for shown in _SHOWN.split(",")}
ALL = tuple(NAMES)
FOR_GROUPS = tuple(name for name in ALL if not name.endswith("euap"))


_PAIRED = (
    "eastus westus,eastus2 centralus,northcentralus southcentralus,westus2 westcentralus,"
    "northeurope westeurope,eastasia southeastasia,japaneast japanwest,uksouth ukwest,"
    "australiaeast australiasoutheast,canadacentral canadaeast,koreacentral koreasouth,"
    "centralindia southindia,australiacentral australiacentral2"
)
_PAIRS = [tuple(pair.split()) for pair in _PAIRED.split(",")]
PAIRS = {here: there for one, other in _PAIRS for here, there in ((one, other), (other, one))}


def shown(name: str) -> str:
    """Return a region's name as some providers print it: West Europe."""
    return NAMES.get(name, name)


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
    return gateway(
        400,
        "LocationNotAvailableForResourceGroup",
        f"The provided location '{name}' is not available for resource group. List of available"
        f" regions is '{','.join(FOR_GROUPS)}'.",
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
