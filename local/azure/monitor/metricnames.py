"""Which metrics a type of resource has, in which unit, and by what they are usually summed up.

A few of those that Azure publishes for the types used here. A metric that somebody posted for a
resource is known for that resource as well, in no particular unit.
https://learn.microsoft.com/azure/azure-monitor/reference/metrics-index
"""

from collections.abc import Mapping
from dataclasses import dataclass

_PUBLISHED = """
microsoft.app/containerapps
  Requests Count Total; Replicas Count Maximum; RestartCount Count Maximum
  UsageNanoCores NanoCores Average; WorkingSetBytes Bytes Average
  ResponseTime MilliSeconds Average
microsoft.web/sites
  Requests Count Total; Http2xx Count Total; Http4xx Count Total; Http5xx Count Total
  HttpResponseTime Seconds Average; CpuTime Seconds Total; FunctionExecutionCount Count Total
  HealthCheckStatus Count Average
microsoft.web/serverfarms
  CpuPercentage Percent Average; MemoryPercentage Percent Average; HttpQueueLength Count Average
microsoft.compute/virtualmachines
  Percentage_CPU Percent Average; Network_In Bytes Total; Network_Out Bytes Total
  Network_In_Total Bytes Total; Network_Out_Total Bytes Total
  VmAvailabilityMetric Count Average
microsoft.dbforpostgresql/flexibleservers
  cpu_percent Percent Average; storage_percent Percent Average; is_db_alive Count Maximum
  backup_storage_used Bytes Average; active_connections Count Average
  physical_replication_delay_in_seconds Seconds Maximum
microsoft.sql/servers/databases
  cpu_percent Percent Average; storage Bytes Maximum; connection_failed Count Total
  deadlock Count Total; full_backup_size_bytes Bytes Maximum; log_backup_size_bytes Bytes Maximum
microsoft.storage/storageaccounts
  UsedCapacity Bytes Average; Transactions Count Total; Ingress Bytes Total; Egress Bytes Total
  Availability Percent Average; SuccessE2ELatency MilliSeconds Average
  SuccessServerLatency MilliSeconds Average
microsoft.network/applicationgateways
  TotalRequests Count Total; FailedRequests Count Total; HealthyHostCount Count Average
  UnhealthyHostCount Count Average; ResponseStatus Count Total; Throughput BytesPerSecond Average
microsoft.network/trafficmanagerprofiles
  QpsByEndpoint Count Total; ProbeAgentCurrentEndpointStateByProfileResourceId Count Maximum
microsoft.insights/components
  requests/count Count Count; requests/failed Count Count; requests/duration MilliSeconds Average
  exceptions/count Count Count; availabilityResults/availabilityPercentage Percent Average
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricName:
    """One metric: its unit, and the aggregation of a query that asks for none."""

    name: str
    unit: str = "Unspecified"
    usual: str = "Average"


def of(type_name: str) -> Mapping[str, MetricName]:
    """Return the published metrics of a type by their lower-case names."""
    return _KNOWN.get(type_name.lower(), {})


def _read(text: str) -> dict[str, dict[str, MetricName]]:
    found: dict[str, dict[str, MetricName]] = {}
    kind = ""
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            kind = line.strip()
            continue
        for entry in line.split(";"):
            name, unit, usual = entry.split()
            spelled = name.replace("_", " ") if "virtualmachines" in kind else name
            one = MetricName(name=spelled, unit=unit, usual=usual)
            found.setdefault(kind, {})[spelled.lower()] = one
    return found


_KNOWN = _read(_PUBLISHED)
