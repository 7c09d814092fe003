"""A machine's disks as it tells them: their size and kind only while the machine holds its place.

A disk in a storage account (`vhd`) is not a managed one. A deallocated machine tells neither the
size of its disks nor what they are stored on; in the answer to its making it told no size either
before a certain month.
"""

from typing import Any

from local.azure.arm import Json
from local.azure.era import ERA
from local.azure.table import View

MANAGED = "2017-03-30"  # the first api-version with managed disks
_SIZED = "2020-04"  # the month since when the answer to a PUT tells a disk's size
_SIZE, _KIND = 30, "Standard_LRS"


def keep_image(given: Json, before: Json) -> None:
    """Keep the image that a machine was made from where a write does not name it."""
    old = (before.get("storageProfile") or {}).get("imageReference")
    profile = given.get("storageProfile")
    if old and isinstance(profile, dict):
        profile.setdefault("imageReference", old)


def tell(given: Json, view: View, *, held: bool) -> None:
    """Complete the disks in a machine's properties; `held` is whether it has its place."""
    profile = given.get("storageProfile")
    if not isinstance(profile, dict):
        return
    disk: Any = profile.setdefault("osDisk", {})
    if not isinstance(disk, dict):
        return
    if "vhd" not in disk and view.version >= MANAGED:
        disk["managedDisk"] = disk.get("managedDisk") or {}
    data = [one for one in profile.get("dataDisks") or [] if isinstance(one, dict)]
    if not held:
        for one in (disk, *data):
            one.pop("diskSizeGB", None)
            (one.get("managedDisk") or {}).pop("storageAccountType", None)
        return
    if view.kind != "put" or ERA.get() >= _SIZED:
        disk.setdefault("diskSizeGB", _SIZE)
    kind = (disk.get("managedDisk") or {}).get("storageAccountType", _KIND)
    for one in (disk, *data):
        if isinstance(one.get("managedDisk"), dict):
            one["managedDisk"].setdefault("storageAccountType", kind)
