"""Virtual machines and the network interfaces they hang on: made, started, deallocated.

Recorded: a PUT answers 201 (an update 200) with `Azure-AsyncOperation`, every action 202 without a
body and with both addresses; a status document holds name, state and start. A machine that was
powered off still costs; only one that is deallocated does not.
"""

from dataclasses import replace

from local.azure import actions, places, references
from local.azure.arm import Answer, Json, Refusal, guid
from local.azure.table import Action, Behaviour, Lro, NameRule, ResourceType, Use, View, Write
from local.azure.types import machinechecks, machinedisks, machineview, subnetusers
from local.azure.world import Operation, Resource, World, plain

TYPE, NICS = "Microsoft.Compute/virtualMachines", "Microsoft.Network/networkInterfaces"
ADDRESSES = "Microsoft.Network/publicIPAddresses"
VERSIONS = ("2015-06-15", "2025-04-01")  # the whole lists are in data/
NETWORK_VERSIONS = ("2018-04-01", "2024-05-01")
TAGGED = "2024-07-01"  # the first api-version in which a machine tells its etag
STARTED, DEALLOCATED, POWERED_OFF, RESTARTED, CREATED = 30.0, 60.0, 20.0, 30.0, 60.0
_DOCUMENT = "startTime endTime? status name"
_PACED = "2018-06"  # the month since when it is said how long to wait
_CREATE = Lro(
    takes=CREATED,
    segment="operations",
    document=_DOCUMENT,
    retry_after=10,
    state="Creating",
    paced=_PACED,
)
_UPDATE = replace(_CREATE, takes=10.0, status=200, retry_after=None, state=None)
_ACT = Lro(
    takes=STARTED,
    status=202,
    header="both",
    segment="operations",
    document=_DOCUMENT,
    retry_after=10,
    paced=_PACED,
)
_NETWORK = Lro(takes=4, segment="operations", document="status", retry_after=3)


class Machines(Behaviour):
    """Virtual machines."""

    def check(self, write: Write) -> None:
        """Refuse a machine without size, and one on an interface that is missing or taken."""
        if write.seeding:
            return
        given = write.body.get("properties") or {}
        if not (given.get("hardwareProfile") or {}).get("vmSize"):
            raise _invalid("vmSize", "Required parameter 'vmSize' is missing (null).")
        before = write.current.body["properties"] if write.current else {}
        for field in ("osProfile.adminUsername", "osProfile.computerName"):
            part, name = field.split(".")
            old = (before.get(part) or {}).get(name)
            new = (given.get(part) or {}).get(name)
            if old and new and old != new:
                raise Refusal(
                    409, "PropertyChangeNotAllowed", f"Changing property '{field}' is not allowed."
                )
        machinechecks.check_plan(write.body.get("plan") or {})
        machinechecks.check_accelerated(given)
        if write.current is not None:
            machinechecks.check_priority(before, given)
            machinechecks.check_billing(before, given, write.current)
        interfaces = (given.get("networkProfile") or {}).get("networkInterfaces") or []
        if not interfaces:
            raise Refusal(
                400,
                "VirtualMachineMustHaveAtLeastOneNetworkInterface",
                f"Virtual machine {write.id.name} must have at least one network interface.",
                details=[],
            )
        for row in interfaces:
            _check_interface(write, str(row.get("id")))

    def shape(self, write: Write) -> Json:
        """Return the body without what only Azure tells, and without the password."""
        body: Json = plain(write.body)
        given = body.setdefault("properties", {})
        for name in ("instanceView", "vmId", "provisioningState", "timeCreated"):
            given.pop(name, None)
        (given.get("osProfile") or {}).pop("adminPassword", None)
        if write.current is not None:
            machinedisks.keep_image(given, write.current.body["properties"])
            body.pop("resources", None)
            if "resources" in write.current.body:
                body["resources"] = plain(write.current.body["resources"])
        return body

    def state(self, write: Write) -> Json:
        """Return the machine's power, and how often it was written."""
        new = {"power": "starting", "doing": "new"}
        old: Json = dict(write.current.state) if write.current else new
        return {**old, "written": old.get("written", 0) + 1}

    def seeded(self, write: Write) -> Json:
        """Return the power of a machine that runs, unless the seed names another."""
        view = (write.body.get("properties") or {}).get("instanceView") or {}
        codes = [str(s.get("code")) for s in view.get("statuses") or []]
        found = [c.removeprefix("PowerState/") for c in codes if c.startswith("PowerState/")]
        return {"power": found[0] if found and found[0] in machineview.POWERS else "running"}

    def work(self, write: Write) -> Lro | None:
        """Return the work of making or of changing a machine."""
        return _CREATE if write.current is None else _UPDATE

    def busy(self, resource: Resource) -> Refusal:
        """Return how a machine refuses a second operation."""
        return Refusal(
            409,
            "OperationNotAllowed",
            f"Operation is not allowed on VM '{resource.name}' since another operation is in"
            " progress on it.",
        )

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the machine; with `$expand=instanceView` what it does as well."""
        body: Json = plain(super().shown(resource, view))
        told = {"vmId": guid("vm", resource.id)}
        body["properties"] = {**body["properties"], **told}
        held = machineview.power(resource) != "deallocated"
        machinedisks.tell(body["properties"], view, held=held)
        for row in body.get("resources") or []:
            (row.get("properties") or {}).pop("protectedSettings", None)
        body.pop("etag", None)
        if view.version >= TAGGED:
            body["etag"] = f'"{resource.state.get("written", 1)}"'
        if view.expand.lower() == "instanceview":
            body["properties"]["instanceView"] = machineview.instance_view(resource)
        return body

    def finished(self, world: World, resource: Resource, operation: Operation) -> Resource:
        """Return the machine after its work."""
        state = dict(resource.state)
        doing, well = state.pop("doing", None), operation.outcome == "Succeeded"
        if doing is not None and well:
            ends = {"new": "running", "starting": "running", "stopping": "stopped"}
            state["power"] = ends.get(doing, "deallocated")
        outcome = operation.outcome if doing in {None, "new"} else "Succeeded"
        return replace(resource, provisioning=outcome, busy=None, state=state)


def _look(use: Use) -> Answer:
    return Answer(status=200, body=machineview.instance_view(use.resource))


def _turn(doing: str, takes: float) -> Action:
    def act(use: Use) -> Answer:
        """Change the machine's power; doing it again is harmless."""
        lro = replace(_ACT, takes=takes)
        return actions.begun(
            use, lro, {**use.resource.state, "doing": doing}, provisioning="Updating"
        )

    return act


def _check_interface(write: Write, name: str) -> None:
    found = write.world.find(name)
    if found is None or found.type != NICS:
        raise Refusal(
            404,
            "NotFound",
            f"Resource '{name}' referenced by resource '{write.id}' was not found. Please make"
            " sure that the referenced resource exists.",
        )
    for other in write.world.all_of(TYPE):
        profile = other.body["properties"].get("networkProfile") or {}
        rows = profile.get("networkInterfaces") or []
        if other.id.lower() != write.id.key and any(
            str(row.get("id")).lower() == name.lower() for row in rows
        ):
            raise Refusal(
                400,
                "NetworkInterfaceInUse",
                f"The network interface '{name}' is used by the machine '{other.name}'.",
            )


class Interfaces(Behaviour):
    """Network interfaces."""

    def check(self, write: Write) -> None:
        """Refuse an interface without an address, and one in a subnet that is not there."""
        rows = (write.body.get("properties") or {}).get("ipConfigurations") or []
        if write.seeding:
            return
        if not rows:
            raise _invalid("ipConfigurations", "An interface needs at least one ipConfiguration.")
        for row in rows:
            machinechecks.check_pools(write, rows, row)
            subnet = ((row.get("properties") or {}).get("subnet") or {}).get("id")
            if write.world.find(str(subnet)) is None:
                raise Refusal(
                    400,
                    "InvalidResourceReference",
                    f"Resource {subnet} referenced by resource {write.id} was not found.",
                )
        references.check_settled(write.world, write.body, str(write.id))

    def state(self, write: Write) -> Json:
        """Tell the subnets who is in them."""
        rows = (write.body.get("properties") or {}).get("ipConfigurations") or []
        subnetusers.enter(write.world, str(write.id), rows)
        return dict(write.current.state) if write.current else {}

    def removed(self, world: World, resource: Resource) -> None:
        """Tell the subnets that it is gone."""
        subnetusers.enter(world, resource.id, ())

    def deleting(self, use: Use) -> Answer | None:
        """Refuse the deletion of an interface that a machine has."""
        user = references.user(use.world, use.resource)
        if user is not None:
            raise Refusal(
                400,
                "NicInUse",
                f"Network Interface {use.resource.id} is used by existing resource {user}."
                " In order to delete the network interface, it must be dissociated from the"
                " resource.",
            )
        return None

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the interface with its address."""
        body = super().shown(resource, view)
        given: Json = plain(body.get("properties") or {})
        for place, row in enumerate(given.setdefault("ipConfigurations", [])):
            row.setdefault("properties", {})
            row["properties"].setdefault("privateIPAddress", f"10.0.1.{place + 4}")
            row["properties"].setdefault("privateIPAllocationMethod", "Dynamic")
        body["properties"] = {"resourceGuid": guid("nic", resource.id), **given}
        return body


class Addresses(Behaviour):
    """Public addresses."""

    def check(self, write: Write) -> None:
        """Refuse an address for the world of a sku that has none."""
        sku = write.body.get("sku") or {}
        if sku.get("tier") == "Global" and sku.get("name", "Basic") != "Standard":
            raise Refusal(
                400,
                "GlobalPublicIPAddressNotSupportedForBasicPublicIpAddress",
                "Global publicIP addresses are only supported for standard SKU public IP"
                f" addresses. Public IP address {write.id} is not one.",
            )

    def deleting(self, use: Use) -> Answer | None:
        """Refuse the deletion of an address in use."""
        user = references.user(use.world, use.resource)
        if user is not None:
            raise Refusal(
                400,
                "PublicIPAddressCannotBeDeleted",
                f"Public IP address {use.resource.id} can not be deleted since it is still"
                f" allocated to resource {user}.",
            )
        return None

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the address with its number, which a static one has from the start."""
        body = super().shown(resource, view)
        given = {"publicIPAllocationMethod": "Dynamic", **body["properties"]}
        made = resource.provisioning != "Updating"
        if given["publicIPAllocationMethod"] == "Static" and made:
            given["ipAddress"] = f"20.61.{int(guid('ip', resource.id)[:2], 16)}.7"
        names = given.get("dnsSettings") or {}
        if names.get("domainNameLabel"):
            zone = f"{places.normal(str(body['location']))}.cloudapp.azure.com"
            given["dnsSettings"] = {**names, "fqdn": f"{names['domainNameLabel']}.{zone}"}
        body["properties"] = given
        return body


def _invalid(target: str, message: str) -> Refusal:
    return Refusal(400, "InvalidParameter", message, target=target)


ROWS = (
    ResourceType(
        name=TYPE,
        versions=VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,62}[A-Za-z0-9_])?"),
        top_level=frozenset(
            {"identity", "zones", "plan", "etag", "extendedLocation", "resources", "managedBy"}
        ),
        delete=replace(_ACT, takes=10.0),
        group_delete=60.0,
        actions={
            ("POST", "start"): _turn("starting", STARTED),
            ("POST", "restart"): _turn("starting", RESTARTED),
            ("POST", "poweroff"): _turn("stopping", POWERED_OFF),
            ("POST", "deallocate"): _turn("deallocating", DEALLOCATED),
            ("GET", "instanceview"): _look,
            ("POST", "simulateeviction"): machinechecks.evict,
        },
        behaviour=Machines(),
    ),
    ResourceType(
        name=NICS,
        versions=NETWORK_VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
        top_level=frozenset({"extendedLocation", "etag"}),
        delete=Lro(
            takes=8,
            status=202,
            header="both",
            segment="operations",
            document=_DOCUMENT,
            retry_after=10,
        ),
        behaviour=Interfaces(),
    ),
    ResourceType(
        name=ADDRESSES,
        versions=NETWORK_VERSIONS,
        names=NameRule(pattern=r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
        top_level=frozenset({"sku", "zones", "etag"}),
        create=Lro(takes=4, segment="operations", document=_DOCUMENT, retry_after=3),
        update=Lro(
            takes=4,
            status=200,
            segment="operations",
            document=_DOCUMENT,
            retry_after=3,
        ),
        delete=Lro(
            takes=8,
            status=202,
            header="both",
            segment="operations",
            document=_DOCUMENT,
            retry_after=10,
        ),
        behaviour=Addresses(),
    ),
)
