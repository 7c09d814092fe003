"""What Azure Container Instances refuses in a container group's body.

Codes and sentences come from what was seen of the service: `InvalidContainerGroupUpdate`,
`MissingIpAddressPorts`, `MoreImageRegistryCredentialsThanContainers`, `InaccessibleImage`,
`ResourceLimitsLessThanRequests`, `ContainerLimitGreaterThanContainerGroupTotalRequest`,
`ServiceUnavailable` (409, more than a region offers), `DnsNameLabelNotAvailable` and the sentences
on DNS labels, registry servers and quotas are reported in public issues of azure-cli, terraform,
virtual-kubelet, compose-cli and azure-docs. Where no report was found the code is `Invalid` or
`Missing` with the property's name, the pattern the known ones follow; `GUESSED` lists those.

Names follow learn.microsoft.com "Troubleshoot common issues in Azure Container Instances".
"""

import re
from collections import Counter
from typing import Any

from local.azure.arm import Json, Refusal
from local.azure.ids import parse
from local.azure.types import containershape
from local.azure.world import World

GUESSED = frozenset(
    {
        "MissingContainers",
        "InvalidContainerName",
        "DuplicateContainerName",
        "MissingImage",
        "InvalidImage",
        "MissingResourceRequests",
        "InvalidResourceRequests",
        "InvalidPort",
        "DuplicatePort",
        "IpAddressPortNotExposed",
        "InvalidDnsNameLabel",
        "InvalidEnvironmentVariable",
        "InvalidImageRegistryCredential",
        "InvalidIdentity",
        "InvalidProbe",
        "InvalidVolume",
        "InvalidVolumeMount",
        "InvalidOsType",
        "InvalidRestartPolicy",
        "InvalidSku",
        "InvalidIpAddressType",
        "InvalidDomainNameLabelScope",
    }
)
MOST_CORES, MOST_MEMORY, MOST_CONTAINERS = 4.0, 16.0, 60
SCOPES = ("Unsecure", "TenantReuse", "SubscriptionReuse", "ResourceGroupReuse", "Noreuse")
_NAME = re.compile(r"(?!.*--)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z]([-a-z0-9]{3,61})[a-z0-9]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_VOLUME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVER = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d+)?", re.IGNORECASE)
_IMAGE = re.compile(
    r"[a-zA-Z0-9]([-a-zA-Z0-9._]*[a-zA-Z0-9])?(:\d+)?"
    r"(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_VOLUME_KINDS = ("azureFile", "emptyDir", "secret", "gitRepo")


def check(world: World, name: str, body: Json) -> None:
    """Refuse a body that the service refuses; `name` is the group's."""
    _check_name(name, "container group", name)
    containershape.check(body)
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise _no(name, "MissingContainers", "has no properties.")
    _check_choices(name, properties)
    containers = _containers(name, properties)
    for container in containers:
        _check_container(name, container)
    _check_sizes(name, body, containers)
    _check_ports(name, containers)
    _check_address(name, properties, containers)
    _check_volumes(name, properties, containers)
    _check_identity(world, name, body)
    _check_credentials(name, body, properties, containers)


def ports(container: Json) -> list[tuple[str, int]]:
    """Return a container's ports as (protocol, number)."""
    listed = container["properties"].get("ports") or []
    return [(port.get("protocol") or "TCP", port.get("port")) for port in listed]


def totals(containers: list[Json]) -> tuple[float, float]:
    """Return the cores and the gigabytes a group asks for."""
    asked = [container["properties"]["resources"]["requests"] for container in containers]
    return sum(float(a["cpu"]) for a in asked), sum(float(a["memoryInGB"]) for a in asked)


def _no(group: str, code: str, rest: str, status: int = 400) -> Refusal:
    return Refusal(status, code, f"The container group '{group}' {rest}")


def _check_name(name: Any, what: str, group: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        code = "InvalidContainerGroupName" if what == "container group" else "InvalidContainerName"
        raise Refusal(
            400,
            code,
            f"The {what} name '{name}' in container group '{group}' is invalid. It can contain"
            " only lowercase letters, numbers and hyphens, no two hyphens in a row, and 1 to 63"
            " characters. The first and the last character must be a letter or number.",
        )


def _check_choices(group: str, properties: Json) -> None:
    choices = {
        "osType": ("InvalidOsType", ("Linux", "Windows"), True),
        "restartPolicy": ("InvalidRestartPolicy", ("Always", "OnFailure", "Never"), False),
        "sku": ("InvalidSku", ("Standard", "Dedicated", "Confidential", "NotSpecified"), False),
        "priority": ("InvalidPriority", ("Regular", "Spot"), False),
    }
    for field, (code, allowed, required) in choices.items():
        value = properties.get(field)
        if (value is None and required) or (value is not None and value not in allowed):
            raise _no(
                group,
                code,
                f"has an invalid '{field}' '{value}'. It must be one of '{', '.join(allowed)}'.",
            )


def _containers(group: str, properties: Json) -> list[Json]:
    containers = properties.get("containers")
    if not isinstance(containers, list) or not containers:
        raise _no(group, "MissingContainers", "must have at least one container.")
    if len(containers) > MOST_CONTAINERS:
        raise _no(group, "TooManyContainers", f"has more than {MOST_CONTAINERS} containers.")
    names = []
    for container in containers:
        inside = container.get("properties") if isinstance(container, dict) else None
        if not isinstance(inside, dict):
            raise _no(group, "MissingContainers", "has a container without name or properties.")
        _check_name(container.get("name"), "container", group)
        names.append(container["name"])
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise _no(group, "DuplicateContainerName", f"has two containers named '{twice[0]}'.")
    return containers


def _check_container(group: str, container: Json) -> None:
    name, inside = container["name"], container["properties"]
    image = inside.get("image")
    if not image:
        raise _no(group, "MissingImage", f"has no image for its container '{name}'.")
    if not isinstance(image, str) or not _IMAGE.fullmatch(image):
        raise _no(group, "InvalidImage", f"has an invalid image '{image}' in container '{name}'.")
    _check_requests(group, container)
    for variable in inside.get("environmentVariables") or []:
        _check_variable(group, name, variable)
    for kind in ("livenessProbe", "readinessProbe"):
        if inside.get(kind) is not None:
            _check_probe(group, name, kind, inside[kind])


def _check_requests(group: str, container: Json) -> None:
    name = container["name"]
    resources = container["properties"].get("resources")
    asked = resources.get("requests") if isinstance(resources, dict) else None
    if not isinstance(asked, dict) or {"cpu", "memoryInGB"} - set(asked):
        raise _no(
            group,
            "MissingResourceRequests",
            f"has no 'resources.requests' with 'cpu' and 'memoryInGB' in container '{name}'.",
        )
    cpu, memory = asked["cpu"], asked["memoryInGB"]
    for field, value, grain in (("cpu", cpu, 100), ("memoryInGB", memory, 10)):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value <= 0 or abs(value * grain - round(value * grain)) > 1e-6:
            raise _no(
                group,
                "InvalidResourceRequests",
                f"has an invalid '{field}' request '{value}' in container '{name}'.",
            )
    limits = (resources or {}).get("limits") or {}
    for field, label in (("cpu", "Cpu"), ("memoryInGB", "MemoryInGB")):
        if limits.get(field) is not None and limits[field] < asked[field]:
            raise Refusal(
                400,
                "ResourceLimitsLessThanRequests",
                f"The resource requirement in container '{name}' of contain group '{group}' is"
                f" invalid. The '{label}' limit value must be greater than or equal to the request"
                " value.",
            )


def _check_sizes(group: str, body: Json, containers: list[Json]) -> None:
    cpu, memory = totals(containers)
    if cpu > MOST_CORES or memory > MOST_MEMORY:
        raise Refusal(
            409,
            "ServiceUnavailable",
            f"The requested resource is not available in the location '{body.get('location')}' at"
            " this moment. Please retry with a different resource request or in another location."
            f" Resource requested: '{cpu:g}' CPU '{memory:g}' GB memory"
            f" '{body['properties']['osType']}' OS",
        )
    for container in containers:
        limits = container["properties"]["resources"].get("limits") or {}
        for field, label, total in (("cpu", "Cpu", cpu), ("memoryInGB", "MemoryInGB", memory)):
            if limits.get(field) is not None and limits[field] > total:
                raise Refusal(
                    400,
                    "ContainerLimitGreaterThanContainerGroupTotalRequest",
                    f"The '{label}' limit '{limits[field]:g}' in container '{container['name']}'"
                    f" is greater than the total request '{total:g}' of container group"
                    f" '{group}'.",
                )


def _check_variable(group: str, container: str, variable: Any) -> None:
    name = variable.get("name") if isinstance(variable, dict) else None
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise _no(
            group,
            "InvalidEnvironmentVariable",
            f"has an invalid environment variable name '{name}' in container '{container}'. It can"
            " contain only letters, numbers and underscores, and 1 to 63 characters.",
        )
    given = [field for field in ("value", "secureValue") if variable.get(field) is not None]
    if len(given) != 1:
        raise _no(
            group,
            "InvalidEnvironmentVariable",
            f"must give either 'value' or 'secureValue' for the environment variable '{name}' in"
            f" container '{container}'.",
        )


def _check_probe(group: str, container: str, kind: str, probe: Any) -> None:
    def refuse(why: str) -> Refusal:
        return _no(group, "InvalidProbe", f"has an invalid '{kind}' in '{container}': {why}.")

    if not isinstance(probe, dict):
        raise refuse("it must be an object")
    if (probe.get("exec") is None) == (probe.get("httpGet") is None):
        raise refuse("it must have either 'exec' or 'httpGet'")
    get = probe.get("httpGet")
    if get is not None:
        if not _is_port(get.get("port")):
            raise refuse("'httpGet.port' must be 1 to 65535")
        if str(get.get("scheme") or "http").lower() not in {"http", "https"}:
            raise refuse("'httpGet.scheme' must be http or https")
    elif not probe["exec"].get("command"):
        raise refuse("'exec.command' must not be empty")
    for field in ("periodSeconds", "failureThreshold", "successThreshold", "timeoutSeconds"):
        if probe.get(field) is not None and probe[field] < 1:
            raise refuse(f"'{field}' must be at least 1")


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def _check_ports(group: str, containers: list[Json]) -> None:
    every = [port for container in containers for port in ports(container)]
    for protocol, number in every:
        if not _is_port(number) or protocol not in {"TCP", "UDP"}:
            raise _no(group, "InvalidPort", f"has an invalid port '{number}/{protocol}'.")
    twice = [port for port, count in Counter(number for _, number in every).items() if count > 1]
    if twice:
        raise _no(
            group,
            "DuplicatePort",
            f"exposes the port '{twice[0]}' more than once. Containers of a group share one"
            " network namespace.",
        )


def _check_address(group: str, properties: Json, containers: list[Json]) -> None:
    address = properties.get("ipAddress")
    if address is None:
        return
    if not isinstance(address, dict) or address.get("type") not in {"Public", "Private"}:
        raise _no(group, "InvalidIpAddressType", "must have 'ipAddress.type' Public or Private.")
    if not address.get("ports"):
        raise Refusal(
            400,
            "MissingIpAddressPorts",
            f"The ports in the 'ipAddress' of container group '{group}' cannot be empty.",
        )
    exposed = {port for container in containers for port in ports(container)}
    for port in address["ports"]:
        wanted = (port.get("protocol") or "TCP", port.get("port"))
        if wanted not in exposed:
            raise _no(
                group,
                "IpAddressPortNotExposed",
                f"has the port '{wanted[1]}/{wanted[0]}' in its 'ipAddress' that no container"
                " exposes.",
            )
    scope, label = address.get("autoGeneratedDomainNameLabelScope"), address.get("dnsNameLabel")
    if scope is not None and scope not in SCOPES:
        raise _no(
            group,
            "InvalidDomainNameLabelScope",
            f"has an invalid 'autoGeneratedDomainNameLabelScope' '{scope}'. It must be one of"
            f" '{', '.join(SCOPES)}'.",
        )
    if label is not None and (not isinstance(label, str) or not _LABEL.fullmatch(label)):
        raise Refusal(
            400,
            "InvalidDnsNameLabel",
            f"The DNS name label '{label}' in container group '{group}' is invalid. It can contain"
            " only lowercase letters, numbers and hyphens. The first character must be a letter."
            " The last character must be a letter or number. The value must be between 5 and 63"
            " characters long.",
        )


def _check_volumes(group: str, properties: Json, containers: list[Json]) -> None:
    names: list[str] = []
    for volume in properties.get("volumes") or []:
        name = volume.get("name")
        kinds = [kind for kind in _VOLUME_KINDS if volume.get(kind) is not None]
        if not isinstance(name, str) or not _VOLUME.fullmatch(name) or len(kinds) != 1:
            raise _no(
                group,
                "InvalidVolume",
                f"has an invalid volume '{name}': a name and one of '{', '.join(_VOLUME_KINDS)}'.",
            )
        names.append(name)
    if len(set(names)) < len(names):
        raise _no(group, "InvalidVolume", "has two volumes of the same name.")
    for container in containers:
        paths: list[str] = []
        for mount in container["properties"].get("volumeMounts") or []:
            path = mount.get("mountPath")
            if mount.get("name") not in names or not isinstance(path, str) or ":" in path:
                raise _no(
                    group,
                    "InvalidVolumeMount",
                    f"has an invalid volume mount '{mount.get('name')}' in container"
                    f" '{container['name']}'.",
                )
            paths.append(path)
        if len(set(paths)) < len(paths):
            raise _no(group, "InvalidVolumeMount", "mounts two volumes on one path.")


def _check_identity(world: World, group: str, body: Json) -> None:
    identity = body.get("identity")
    if identity is None:
        return
    kinds = {k.strip() for k in str(identity.get("type", "None")).split(",")}
    named = identity.get("userAssignedIdentities") or {}
    if kinds - {"SystemAssigned", "UserAssigned", "None"} or ("UserAssigned" in kinds) != bool(
        named
    ):
        raise _no(group, "InvalidIdentity", f"has an invalid identity '{identity.get('type')}'.")
    for name in named:
        target, rest = parse(name)
        if rest or target.type.lower() != "microsoft.managedidentity/userassignedidentities":
            raise Refusal(
                400,
                "LinkedInvalidPropertyId",
                f"Property id '{name}' at path 'identity' is invalid.",
            )
        if world.find(target) is None:
            raise Refusal(
                400,
                "FailedIdentityOperation",
                f"Identity operation for container group '{group}' failed with error 'Failed to"
                " perform resource identity operation. Status: 'BadRequest'. Response:"
                f" 'The identity {name} was not found'.'.",
            )


def _check_credentials(group: str, body: Json, properties: Json, containers: list[Json]) -> None:
    credentials = properties.get("imageRegistryCredentials") or []
    most = len(containers) + len(properties.get("initContainers") or [])
    if len(credentials) > most:
        raise Refusal(
            400,
            "MoreImageRegistryCredentialsThanContainers",
            "More image registry credentials provided than containers in container group"
            f" '{group}'.",
        )
    own = {
        name.lower() for name in (body.get("identity") or {}).get("userAssignedIdentities") or {}
    }
    for credential in credentials:
        server = credential.get("server")
        if not isinstance(server, str) or not _SERVER.fullmatch(server):
            raise Refusal(
                400,
                "InvalidImageRegistryCredential",
                f"The server '{server}' in the 'imageRegistryCredentials' of container group"
                f" '{group}' is invalid. It should be a valid host name without protocol.",
            )
        identity = credential.get("identity")
        if identity is None and not (credential.get("username") and credential.get("password")):
            raise _no(
                group,
                "InvalidImageRegistryCredential",
                f"must give 'username' and 'password', or 'identity', for the server '{server}'.",
            )
        if identity is not None and str(identity).lower() not in own:
            raise _no(
                group,
                "InvalidImageRegistryCredential",
                f"uses the identity '{identity}' for the server '{server}' without having it among"
                " its own.",
            )
