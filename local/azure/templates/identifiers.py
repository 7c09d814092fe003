"""What a resource of a template is called: from its type, its name and its scope to an identifier.

A type `Microsoft.X/a/b` has a name `one/two`; with `providers` inside the type the names go on in
another provider (`Microsoft.X/a/providers/locks` and `one/Microsoft.Authorization/two`).
"""

from local.azure.templates.errors import TemplateError

DEPLOYMENTS = "microsoft.resources/deployments"
GROUPS = "microsoft.resources/resourcegroups"


def identifier(kind: str, name: str, scope: str) -> str:
    """Return the identifier of a resource below `scope`; raise TemplateError for a wrong name."""
    namespace, *types = kind.split("/")
    names = name.split("/")
    if not types or len(types) != len(names) or not all(names):
        raise TemplateError(
            f"The template resource '{name}' for type '{kind}' at line '{{line}}' and column"
            " '{column}' has incorrect segment lengths. A nested resource type must have"
            " identical number of segments as its resource name. A root resource type must have"
            " segment length one greater than its resource name. Please see"
            " https://aka.ms/arm-syntax-resources for usage details."
        )
    if kind.lower() == GROUPS:
        return f"{scope}/resourceGroups/{name}"
    path = f"{scope}/providers/{namespace}"
    for type_part, name_part in zip(types, names, strict=True):
        path += f"/{type_part}/{name_part}"
    return path


def kind_of(path: str) -> tuple[str, str]:
    """Return the type and the name in an identifier: those of its last provider."""
    before, _, last = path.rpartition("/providers/")
    if not last or (not before and not path.startswith("/providers/")):
        words = path.strip("/").split("/")
        if len(words) == 4 and words[2].lower() == "resourcegroups":
            return "Microsoft.Resources/resourceGroups", words[3]
        return "", ""
    namespace, *rest = last.split("/")
    return "/".join((namespace, *rest[::2])), "/".join(rest[1::2])


def below(scope: str, given: str) -> str:
    """Return the scope that a resource's `scope` means: whole, or a resource by type and name.

    `/` is the tenant, whose identifier is empty.
    `Microsoft.X/a/one` and `Microsoft.X/a/b/one/two` (as resourceId without its scope) both do.
    """
    if given.startswith("/"):
        return given.rstrip("/")
    words = given.strip("/").split("/")
    return f"{scope}/providers/{'/'.join(words)}"
