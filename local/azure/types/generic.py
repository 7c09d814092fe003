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
    ResourceType(
        name="Microsoft.KeyVault/vaults",
        versions=(
            "2016-10-01",
            "2018-02-14",
            "2019-09-01",
            "2021-04-01-preview",
            "2022-07-01",
            "2023-02-01",
            "2023-07-01",
            "2024-11-01",
        ),
        names=NameRule(
            pattern=r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            code="VaultNameNotValid",
            message="The vault name '{name}' is invalid.",
        ),
        created_status=200,
    ),
    ResourceType(
        name="Microsoft.Insights/diagnosticSettings",
        versions=("2017-05-01-preview", "2021-05-01-preview"),
        tracked=False,
        extension=True,
        provisioning=False,
        created_status=200,
    ),
)
