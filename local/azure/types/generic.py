"""Types that only keep their properties: a line or two each."""

from local.azure.table import NameRule, ResourceType

ROWS = (
    ResourceType(
        name="Microsoft.ContainerRegistry/registries",
        versions=(
            "2017-10-01",
            "2019-05-01",
            "2021-09-01",
            "2022-12-01",
            "2023-07-01",
            "2025-04-01",
            "2025-11-01",
        ),
        names=NameRule(pattern=r"[a-zA-Z0-9]{5,50}", code="InvalidRegistryName"),
        top_level=frozenset({"sku", "identity", "zones"}),
    ),
)
