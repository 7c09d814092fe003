"""What can be done to a site and a slot, and the settings that each always has.

Recorded: a setting is read by `GET config/{name}`, one that may hold secrets by
`POST config/{name}/list`; the answer to a change of `config/web` names the site, not the setting.
"""

from dataclasses import replace
from datetime import datetime

from local.azure import actions, places
from local.azure.arm import Answer, Json, guid, stamp
from local.azure.table import Behaviour, Lro, ResourceType, Use, View, Write
from local.azure.types import blobservice, plans, siteconfig, sitekeys
from local.azure.world import Resource, World, plain

_SWAP = Lro(
    takes=60,
    status=202,
    header="location",
    segment="operationresults",
    retry_after=15,
    silent=True,
)
_SECRET = ("appsettings", "connectionstrings", "metadata", "authsettings", "azurestorageaccounts")
_WHOLE = {"slotconfignames", "authsettings", "logs"}  # what is told with all its members
_NAMES = (*_SECRET, "web", "logs", "slotconfignames", "publishingcredentials", "backup")
_NULLS: dict[str, tuple[str, ...]] = {
    "authsettings": (
        *("unauthenticatedClientAction", "tokenStoreEnabled", "allowedExternalRedirectUrls"),
        *("defaultProvider", "clientId", "clientSecret", "clientSecretSettingName"),
        *("clientSecretCertificateThumbprint", "issuer", "allowedAudiences"),
        *("additionalLoginParams", "aadClaimsAuthorization", "googleClientId"),
        *("googleClientSecret", "googleClientSecretSettingName", "googleOAuthScopes"),
        *("facebookAppId", "facebookAppSecret", "facebookAppSecretSettingName"),
        *("facebookOAuthScopes", "gitHubClientId", "gitHubClientSecret"),
        *("gitHubClientSecretSettingName", "gitHubOAuthScopes", "twitterConsumerKey"),
        *("twitterConsumerSecret", "twitterConsumerSecretSettingName"),
        *("microsoftAccountClientId", "microsoftAccountClientSecret"),
        *("microsoftAccountClientSecretSettingName", "microsoftAccountOAuthScopes"),
    ),
    "publishingcredentials": (
        *("name", "publishingPasswordHash", "publishingPasswordHashSalt", "metadata"),
    ),
    "slotconfignames": ("connectionStringNames", "appSettingNames"),
}


class Config(Behaviour):
    """A site's settings by name: every site has them, written or not."""

    def always(self, world: World, above: Resource, now: datetime) -> list[Resource]:
        """Return the settings that a site has without anybody's having written them."""
        return [
            Resource(
                id=f"{above.id}/config/{name}",
                type=f"{above.type}/config",
                name=name,
                body={"properties": {}, **_of(above)},
                created=above.created,
                changed=above.changed,
            )
            for name in sorted(_NAMES)
        ]

    def shown(self, resource: Resource, view: View) -> Json:
        """Return the setting; a change of it is answered in the site's name."""
        body: Json = plain(super().shown(resource, view))
        site = resource.id.split("/config/")[0]
        kind, words = resource.type.rpartition("/")[0], site.split("/")[8::2]
        if resource.name.lower() == "web":
            body["name"] = "/".join(words)
            ramps = (body["properties"].get("experiments") or {}).get("rampUpRules")
            if ramps:
                body["properties"]["routingRules"] = ramps
            if view.kind == "put":
                body |= {"id": site, "type": kind}
        if resource.name.lower() == "slotconfignames":
            body |= {"id": None, "name": "/".join(words), "type": kind}
        if resource.name.lower() in _WHOLE:
            body["properties"] = siteconfig.over(_told(resource, view), body["properties"])
        return body

    def shape(self, write: Write) -> Json:
        """Return the setting over what it was, and where the site is."""
        body: Json = plain(write.body)
        site = write.world.find(write.id.parent())
        old = write.current.body.get("properties") if write.current else {}
        body["properties"] = {**(old or {}), **(body.get("properties") or {})}
        return body if site is None else {**body, **_of(site)}


def listed(use: Use) -> Answer:
    """Answer with a setting that may hold secrets."""
    item, site_id = use.resource, use.resource.id.split("/config/")[0]
    site = use.world.find(site_id)
    assert site is not None
    name = item.name
    view = View(now=use.call.now, version=use.call.version)
    body: Json = {"id": item.id, "name": name, "type": item.type}
    if name.lower() == "publishingcredentials":
        body = {
            "id": f"{site_id}/publishingcredentials/${site.name}",
            "name": site.name,
            "type": f"{site.type}/publishingcredentials",
        }
    body |= _of(site)
    kept = dict(item.body.get("properties") or {})
    if name.lower() == "appsettings":
        kept = {**site.state["settings"], **kept}
    return Answer(status=200, body={**body, "properties": {**_told(item, view), **kept}})


def swap(use: Use) -> Answer:
    """Begin to swap what a slot runs with another slot, or with the site."""
    asked = blobservice.read(use)
    name = str(asked.get("targetSlot") or "production")
    site = use.resource.id.partition("/slots/")[0]
    mine_is = use.resource.name if use.resource.id != site else "Production"
    other = site if name.lower() == "production" else f"{site}/slots/{name}"
    found = use.world.find(other)
    if found is None:
        raise plans.bad(f"The slot '{name}' does not exist.")
    mine, theirs = use.resource.body["properties"], found.body["properties"]
    for item, config in ((use.resource, theirs), (found, mine)):
        body: Json = plain(item.body)
        body["properties"]["siteConfig"] = plain(config.get("siteConfig") or {})
        body["properties"]["slotSwapStatus"] = {
            "timestampUtc": stamp(use.call.now),
            "sourceSlotName": mine_is,
            "destinationSlotName": name,
        }
        use.world.save(replace(item, body=body, changed=use.call.now))
    item = use.world.find(use.resource.id) or use.resource
    return actions.begun(replace(use, resource=item), _SWAP, dict(item.state))


def done(use: Use) -> Answer:
    """Answer to what is done at once and changes nothing that is shown."""
    return Answer(status=200)


def back_up(use: Use) -> Answer:
    """Answer with a backup that was begun."""
    given = blobservice.read(use)
    asked = given.get("properties") or given
    if not asked.get("storageAccountUrl"):
        raise plans.bad("The parameter storageAccountUrl has an invalid value.")
    item, now = use.resource, use.call.now
    name = asked.get("backupName") or f"{item.name}_{now:%Y%m%d%H%M}"
    body = {
        "id": item.id,
        "name": item.name,
        "type": item.type,
        "location": places.shown(str(item.body["location"])),
        "properties": {
            "id": 1,
            "storageAccountUrl": asked["storageAccountUrl"],
            "blobName": name,
            "name": name,
            "backupName": name,
            "status": "Created",
            "sizeInBytes": 0,
            "created": stamp(now),
            "log": None,
            "databases": asked.get("databases"),
            "scheduled": False,
            "correlationId": guid("backup", item.id, use.call.request_id),
            "websiteSizeInBytes": None,
        },
    }
    return Answer(status=200, body=body)


def synced(use: Use) -> Answer:
    """Answer to a look at the triggers of a function app."""
    return Answer(status=200, body={"status": "success"})


def recovered(use: Use) -> Answer:
    """Begin to bring back a deleted app's files into this one."""
    return actions.begun(use, _SWAP, dict(use.resource.state))


def _of(site: Resource) -> Json:
    """Return what a setting tells of its site: its place and its tags."""
    found: Json = {"location": places.shown(str(site.body["location"]))}
    return {**found, "tags": site.body["tags"]} if site.body.get("tags") is not None else found


def _told(item: Resource, view: View) -> Json:
    name = item.name.lower()
    told: Json = dict.fromkeys(_NULLS.get(name, ()))
    if name == "logs":
        told = plain(siteconfig.LOGS)
    if name == "authsettings":
        told |= {"enabled": False, "isAadAutoProvisioned": False, "configVersion": "v1"}
    if name == "slotconfignames" and view.version >= "2018-11-01":
        told["azureStorageConfigNames"] = None
    if name == "publishingcredentials":
        site = item.id.split("/")[8]
        told |= {
            "publishingUserName": f"${site}",
            "publishingPassword": guid("publishing", item.id).replace("-", ""),
            "isDeleted": False,
            "scmUri": f"https://{site}.scm.azurewebsites.net",
        }
    return told


ACTIONS = {
    ("POST", "slotsswap"): swap,
    ("POST", "applyslotconfig"): done,
    ("POST", "resetslotconfig"): done,
    ("POST", "backup"): back_up,
    ("POST", "restorefromdeletedapp"): recovered,
    ("POST", "syncfunctiontriggers"): synced,
    **sitekeys.ACTIONS,
}
CONFIG = ResourceType(
    name="Microsoft.Web/sites/config",
    versions=plans.VERSIONS,
    tracked=False,
    provisioning=False,
    created_status=200,
    top_level=frozenset({"kind"}),
    actions={("POST", "list"): listed},
    behaviour=Config(),
)
SLOT_CONFIG = replace(CONFIG, name="Microsoft.Web/sites/slots/config")
