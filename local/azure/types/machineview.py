"""What a machine does: its power, and, while it runs, what its agent tells of it."""

from local.azure.arm import Json, guid, stamp
from local.azure.world import Resource

POWERS = {
    "running": "VM running",
    "starting": "VM starting",
    "stopping": "VM stopping",
    "stopped": "VM stopped",
    "deallocating": "VM deallocating",
    "deallocated": "VM deallocated",
}
_DISK = ".properties.storageProfile.osDisk.name"  # where the name of a disk is told too


def power(machine: Resource) -> str:
    """Return the power that a machine has, or is on its way to."""
    doing = machine.state.get("doing")
    return str(doing if machine.busy and doing in POWERS else machine.state["power"])


def instance_view(machine: Resource) -> Json:
    """Return what a machine does, as its provider tells it."""
    here, provisioning = power(machine), str(machine.provisioning or "Succeeded").lower()
    statuses = [
        _status(f"ProvisioningState/{provisioning}", f"Provisioning {provisioning}", machine),
        {"code": f"PowerState/{here}", "level": "Info", "displayStatus": POWERS[here]},
    ]
    return {**_agent(machine, here), **_disks(machine), "statuses": statuses}


def _agent(machine: Resource, here: str) -> Json:
    if here != "running" or machine.provisioning == "Creating":
        return {}
    given = machine.body["properties"].get("osProfile") or {}
    ready = _status("ProvisioningState/succeeded", "Ready", machine)
    return {
        "computerName": given.get("computerName") or machine.name,
        "osName": "Windows" if "windowsConfiguration" in given else "ubuntu",
        "osVersion": "22.04",
        "vmAgent": {
            "vmAgentVersion": "2.9.0.4",
            "statuses": [{**ready, "message": "Guest Agent is running"}],
            "extensionHandlers": [],
        },
    }


def _disks(machine: Resource) -> Json:
    given = machine.body["properties"].get("storageProfile") or {}
    made_up = f"{machine.name}_OsDisk_1_{guid(_DISK, machine.id).replace('-', '')}"
    names = [(given.get("osDisk") or {}).get("name") or made_up]
    names += [one["name"] for one in given.get("dataDisks") or [] if one.get("name")]
    done = _status("ProvisioningState/succeeded", "Provisioning succeeded", machine)
    disks = [{"name": name, "statuses": [done]} for name in names]
    return {"disks": disks, "hyperVGeneration": "V2"}


def _status(code: str, shown: str, machine: Resource) -> Json:
    return {"code": code, "level": "Info", "displayStatus": shown, "time": stamp(machine.changed)}
