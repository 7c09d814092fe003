"""The tables of a workspace, as lists of columns.

Names, types and order are those of the workspace-based tables of Application Insights, of the
console logs of Container Apps, and of the tables that every workspace has.
https://learn.microsoft.com/azure/azure-monitor/reference/tables-index
https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns

`HIDDEN` columns are in every table and in no `*`: Log Analytics shows them to a query that names
them, and so does the simulator.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HIDDEN: Mapping[str, str] = {
    "_ItemId": "string",
    "_TimeReceived": "datetime",
    "_BilledSize": "real",
    "_IsBillable": "string",
    "_SubscriptionId": "string",
}
# What the service writes and no sender may.
OURS = frozenset({"TenantId", "Type", "SourceSystem", *HIDDEN})
DUCKDB: Mapping[str, str] = {
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTable:
    """One table: its shown columns with their Kusto types, and what an absent value becomes."""

    name: str
    columns: Mapping[str, str]
    usual: Mapping[str, object]


def _columns(text: str) -> dict[str, str]:
    """Read `Name` (a string) and `Name:type`, separated by blanks."""
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or "string" for name, _, kind in pairs}


_WHO = """
OperationName OperationId ParentId SyntheticSource SessionId UserId UserAuthenticatedId
UserAccountId AppVersion AppRoleName AppRoleInstance ClientType ClientModel ClientOS ClientIP
ClientCity ClientStateOrProvince ClientCountryOrRegion ClientBrowser ResourceGUID IKey SDKVersion
ItemCount:int
"""
_REFERS = "ReferencedItemId ReferencedType"
_END = "SourceSystem Type _ResourceId"


def _of_application(name: str, own: str, *, refers: bool = True) -> LogTable:
    shown = f"TenantId TimeGenerated:datetime {own} {_WHO} {_REFERS if refers else ''} {_END}"
    return LogTable(name=name, columns=_columns(shown), usual={"ItemCount": 1})


_CONSOLE = """
TenantId SourceSystem MG ManagementGroupName TimeGenerated:datetime Computer RawData Category
time_t:datetime _timestamp_d:real ContainerAppName_s RevisionName_s EnvironmentName_s
ContainerGroupName_s ContainerGroupId_g ContainerName_s ContainerId_s ContainerImage_s Stream_s
Log_s Type _ResourceId
"""
_PERF = """
TenantId Computer ObjectName CounterName InstanceName Min:real Max:real SampleCount:int
CounterValue:real TimeGenerated:datetime BucketStartTime:datetime BucketEndTime:datetime
SourceSystem CounterPath StandardDeviation:real MG Type _ResourceId
"""
_HEARTBEAT = """
TenantId SourceSystem TimeGenerated:datetime MG ManagementGroupName SourceComputerId ComputerIP
Computer Category OSType OSName OSMajorVersion OSMinorVersion Version SCAgentChannel
IsGatewayInstalled:bool RemoteIPLongitude:real RemoteIPLatitude:real RemoteIPCountry
SubscriptionId ResourceGroup ResourceProvider Resource ResourceId ResourceType
ComputerEnvironment Solutions VMUUID
ComputerPrivateIPs:dynamic Type _ResourceId
"""
_ALL = (
    _of_application(
        "AppRequests",
        "Id Source Name Url Success:bool ResultCode DurationMs:real PerformanceBucket"
        " Properties:dynamic Measurements:dynamic",
    ),
    _of_application(
        "AppDependencies",
        "Id Target DependencyType Name Data Success:bool ResultCode DurationMs:real"
        " PerformanceBucket Properties:dynamic Measurements:dynamic",
    ),
    _of_application(
        "AppExceptions",
        "ProblemId HandledAt ExceptionType Assembly Method OuterType OuterMessage OuterAssembly"
        " OuterMethod InnermostType InnermostMessage InnermostAssembly InnermostMethod Message"
        " SeverityLevel:int Details:dynamic Properties:dynamic Measurements:dynamic",
    ),
    _of_application(
        "AppTraces",
        "Message SeverityLevel:int Properties:dynamic Measurements:dynamic",
    ),
    _of_application(
        "AppMetrics", "Name Sum:real Min:real Max:real Properties:dynamic", refers=False
    ),
    _of_application(
        "AppAvailabilityResults",
        "Id Name Location Success:bool Message Size:real DurationMs:real PerformanceBucket"
        " Properties:dynamic Measurements:dynamic",
        refers=False,
    ),
    LogTable(name="Perf", columns=_columns(_PERF), usual={}),
    LogTable(name="Heartbeat", columns=_columns(_HEARTBEAT), usual={}),
    LogTable(name="ContainerAppConsoleLogs_CL", columns=_columns(_CONSOLE), usual={}),
)
TABLES: Mapping[str, LogTable] = {table.name: table for table in _ALL}
