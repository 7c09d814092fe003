"""What a type's metrics are called, what they are split by, and what they tell.

Public: the index of metrics. A metric without words here is called by its name, and has no
category and no dimensions. Below each metric, which is its name, its category, its dimensions and
its title, stands its description.
https://learn.microsoft.com/azure/azure-monitor/reference/metrics-index
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PUBLISHED = """
microsoft.storage/storageaccounts
  UsedCapacity; Capacity; ; Used capacity
    The amount of storage used by the storage account.
  Transactions; Transaction; ResponseType GeoType ApiName Authentication; Transactions
    The number of requests made to a storage service, successful and failed ones.
  Ingress; Transaction; GeoType ApiName Authentication; Ingress
    The amount of ingress data, in bytes, from external clients and from within Azure.
  Egress; Transaction; GeoType ApiName Authentication; Egress
    The amount of egress data, in bytes, to external clients and within Azure.
  SuccessServerLatency; Transaction; GeoType ApiName Authentication; Success Server Latency
    The average time that Azure Storage took to process a successful request.
  SuccessE2ELatency; Transaction; GeoType ApiName Authentication; Success E2E Latency
    The average end-to-end latency of successful requests.
  Availability; Transaction; GeoType ApiName Authentication; Availability
    The percentage of availability for the storage service or the API operation.
microsoft.compute/virtualmachines
  Percentage CPU; ; ; Percentage CPU
    The percentage of allocated compute units that are in use by the virtual machine.
  Network In; ; ; Network In Billable
    The number of billable bytes received on all network interfaces.
  Network Out; ; ; Network Out Billable
    The number of billable bytes sent out on all network interfaces.
  Network In Total; ; ; Network In Total
    The number of bytes received on all network interfaces.
  Network Out Total; ; ; Network Out Total
    The number of bytes sent out on all network interfaces.
  VmAvailabilityMetric; ; ; VM Availability Metric (Preview)
    Measure of the availability of the virtual machine over time.
microsoft.app/containerapps
  Requests; Basic; revisionName podName statusCodeCategory statusCode; Requests
    Requests processed.
  Replicas; Basic; revisionName; Replica Count
    Number of replicas of the container app.
  RestartCount; Basic; revisionName podName; Replica Restart Count
    Restart count of the replicas of the container app.
  UsageNanoCores; Basic; revisionName podName; CPU Usage
    CPU consumed by the container app, in nano cores.
  WorkingSetBytes; Basic; revisionName podName; Memory Working Set Bytes
    Working set memory of the container app, in bytes.
  ResponseTime; Basic; statusCodeCategory statusCode; Average Response Time (Preview)
    Average response time by status code.
microsoft.web/sites
  Requests; ; Instance; Requests
    The number of requests, whatever their status code.
  Http2xx; ; Instance; Http 2xx
    The number of requests with a status code from 200 to 299.
  Http4xx; ; Instance; Http 4xx
    The number of requests with a status code from 400 to 499.
  Http5xx; ; Instance; Http Server Errors
    The number of requests with a status code from 500 to 599.
  HttpResponseTime; ; Instance; Response Time
    The time taken for the app to serve requests, in seconds.
  CpuTime; ; Instance; CPU Time
    The amount of CPU consumed by the app, in seconds.
microsoft.web/serverfarms
  CpuPercentage; ; Instance; CPU Percentage
    The average CPU used across all instances of the plan.
  MemoryPercentage; ; Instance; Memory Percentage
    The average memory used across all instances of the plan.
  HttpQueueLength; ; Instance; Http Queue Length
    The average number of requests that waited in the queue.
microsoft.network/trafficmanagerprofiles
  QpsByEndpoint; ; EndpointName; Queries by Endpoint Returned
    Number of times an endpoint was returned in the given time frame.
  ProbeAgentCurrentEndpointStateByProfileResourceId; ; EndpointName; Endpoint Status by Endpoint
    1 if an endpoint's probe status is Enabled, 0 otherwise.
microsoft.network/applicationgateways
  TotalRequests; ; BackendSettingsPool; Total Requests
    Count of successful requests that the gateway has served.
  FailedRequests; ; BackendSettingsPool; Failed Requests
    Count of failed requests that the gateway has served.
  HealthyHostCount; ; BackendSettingsPool; Healthy Host Count
    Number of healthy backend hosts.
  UnhealthyHostCount; ; BackendSettingsPool; Unhealthy Host Count
    Number of unhealthy backend hosts.
  ResponseStatus; ; HttpStatusGroup; Response Status
    Http response status returned by the gateway.
  Throughput; ; ; Throughput
    Number of bytes per second that the gateway has served.
"""
_TITLES = {"ApiName": "API name", "ResponseType": "Response type", "GeoType": "Geo type"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a metric is told of."""

    title: str
    category: str = ""
    dimensions: Sequence[str] = ()
    description: str = ""


def of(type_name: str, metric: str) -> Words:
    """Return the words of a metric, whatever the case of its name."""
    found = _KNOWN.get((type_name.lower(), metric.lower()))
    return found or Words(title=metric, description=metric)


def dimension(name: str) -> Mapping[str, str]:
    """Return a dimension as a definition lists it."""
    return {"value": name, "localizedValue": _TITLES.get(name, name)}


def _read(text: str) -> dict[tuple[str, str], Words]:
    found: dict[tuple[str, str], Words] = {}
    kind = head = ""
    for line in text.strip().splitlines():
        if line.startswith("    "):
            name, category, split, title = (part.strip() for part in head.split(";"))
            found[kind, name.lower()] = Words(
                title=title,
                category=category,
                dimensions=tuple(split.split()),
                description=line.strip(),
            )
        elif line.startswith("  "):
            head = line
        else:
            kind = line.strip()
    return found


_KNOWN = _read(_PUBLISHED)
