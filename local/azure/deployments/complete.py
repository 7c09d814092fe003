"""What a deployment in complete mode takes away: what its group has and its template has not.

Source: learn.microsoft.com "ARM template deployment modes": only resources at the top of the
group, never those that its condition left out before api-version 2019-05-10, and not locks, roles
and other extensions.
"""

from local.azure.deployments.records import Deployment, Node
from local.azure.ids import parse
from local.azure.templates.plan import Plan
from local.azure.world import Resource, World

_CONDITIONS = "2019-05-10"


def unwanted(world: World, one: Deployment, plan: Plan) -> list[Node]:
    """Return the deletions that a deployment ends with."""
    named = {
        item.id.lower()
        for item in plan.items.values()
        if item.enabled or one.version < _CONDITIONS
    }
    return [
        Node(
            key=f"delete {item.id.lower()}",
            id=item.id,
            type=item.type,
            name=item.name,
            version=_version(world, item),
            verb="Delete",
        )
        for item in extra(world, one.scope, named)
    ]


def extra(world: World, scope: str, named: set[str]) -> list[Resource]:
    """Return what stands at the top of a group and is not among the named."""
    group = parse(scope)[0].group
    if group is None:
        return []
    return [
        item
        for item in world.inside(group.lower())
        if _is_top(item) and item.id.lower() not in named
    ]


def _is_top(item: Resource) -> bool:
    target = parse(item.id)[0]
    return len(target.providers) == 1 and len(target.last.names) == 1


def _version(world: World, item: Resource) -> str:
    row = world.table.find(item.type)
    assert row is not None
    return row.versions[-1]
