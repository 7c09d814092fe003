"""stand-in"""

from dataclasses import replace

from local.azure.templates.evaluation import Names, value


def declared(t):
    return t.get("parameters") or {}


def is_secure(d):
    return d["type"].lower().startswith("secure")


def shown_type(d):
    k = {
        "string": "String",
        "securestring": "SecureString",
        "int": "Int",
        "bool": "Bool",
        "object": "Object",
        "secureobject": "SecureObject",
        "array": "Array",
    }
    return k[d["type"].lower()]


def names(t, given):
    src = {}
    for n, d in declared(t).items():

        def one(scope, n=n, d=d):
            for g, v in given.items():
                if g.lower() == n.lower():
                    return v.get("value")
            return value(d["defaultValue"], replace(scope, place="parameter"))

        src[n] = one
    return Names(kind="parameter", sources=src)


def check(names, scope):
    for n in names.sources:
        names.get(n, scope)


def check_output(kind, value):
    pass
