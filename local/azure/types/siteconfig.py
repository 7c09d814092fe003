"""What a site's settings are before anybody writes them, and how a write is laid over them."""

from typing import Any

from local.azure.arm import Json

_STORE: Json = {"level": "Off", "sasUrl": None}
LOGS: Json = {
    "applicationLogs": {
        "fileSystem": {"level": "Off"},
        "azureTableStorage": _STORE,
        "azureBlobStorage": {**_STORE, "retentionInDays": None},
    },
    "httpLogs": {
        "fileSystem": {"retentionInMb": 35, "retentionInDays": None, "enabled": False},
        "azureBlobStorage": {"sasUrl": None, "retentionInDays": None, "enabled": False},
    },
    "failedRequestsTracing": {"enabled": False},
    "detailedErrorMessages": {"enabled": False},
}


def over(usual: Any, given: Any) -> Any:
    """Return what is usual with what was given in its place, member by member."""
    if isinstance(usual, dict) and isinstance(given, dict):
        return {**usual, **{name: over(usual.get(name), one) for name, one in given.items()}}
    return given
