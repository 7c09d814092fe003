"""The worker's half of starting: import the app once, list its functions, check each signature.

It is all or nothing here: an exception while importing, or in one function, leaves Azure with no
function at all. (What concerns one function alone is judged later, in `validation`.)

The rules are those of the Python worker's `functions.py` and `loader.py`; the converters that say
which annotation suits which binding are the azure-functions library's own.
"""

import importlib.util
import inspect
import json
import re
import sys
import typing
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from azure.functions import Out
from azure.functions.decorators.function_app import Function as Decorated
from azure.functions.decorators.function_app import FunctionRegister
from azure.functions.meta import get_binding_registry

from local.host.settings import Settings

RETURN = "$return"
_PLAIN = (str, bytes)


class LoadFailure(Exception):
    """The app has no functions, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """One function as the worker reports it to the host.

    `bindings` are as in function.json; `annotation` is the trigger parameter's, if it has one.
    """

    name: str
    id: str
    run: Callable[..., Any]
    is_async: bool
    directory: Path
    bindings: tuple[Mapping[str, Any], ...]
    trigger: Mapping[str, Any]
    annotation: type | None
    wants_context: bool
    retry: Mapping[str, Any] | None


def load(
    folder: Path,
    settings: Settings,
    *,
    module: str | None = None,
    prepare: Callable[[], None] = lambda: None,
) -> tuple[Indexed, ...]:
    """Import the app of `folder` and return its functions, in the order they were declared.

    `module` is the name it is imported under, by default that of its file; `prepare` runs before
    that, as part of the app. Raises LoadFailure.
    """
    script = settings.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
    if not re.fullmatch(r"[A-Za-z_]\w*\.py", script):
        raise LoadFailure(f"PYTHON_SCRIPT_FILE_NAME {script!r} does not look like name.py")
    try:
        prepare()
        namespace = _imported(folder / script, module or Path(script).stem)
        return tuple(_indexed(function) for function in _app(namespace).get_functions())
    except LoadFailure:
        raise
    except Exception as problem:
        raise LoadFailure(f"{script} does not load: {problem!r}") from problem


def _imported(path: Path, name: str) -> ModuleType:
    if not path.exists():
        raise LoadFailure(f"there is no {path}")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadFailure(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _app(module: ModuleType) -> FunctionRegister:
    found = [name for name, value in vars(module).items() if isinstance(value, FunctionRegister)]
    match found:
        case [name]:
            app = vars(module)[name]
            assert isinstance(app, FunctionRegister)
            return app
        case []:
            raise LoadFailure("no FunctionApp at the top level of the module")
        case _:
            # By name, not by identity: a second name for the same app fails on Azure too.
            raise LoadFailure(f"more than one FunctionApp at the top level: {', '.join(found)}")


def _indexed(function: Decorated) -> Indexed:
    name = str(function.get_function_name())
    run = function.get_user_function()
    bindings = tuple(json.loads(raw) for raw in function.get_raw_bindings())
    annotations = typing.get_type_hints(run)
    by_name = {b["name"]: b for b in bindings if b["name"] != RETURN}
    wants_context = _wants_context(name, run, by_name, annotations)
    _check_parameters(name, run, by_name, wants_context)
    for parameter, binding in by_name.items():
        _check_annotation(name, parameter, binding, annotations.get(parameter))
    _check_return(name, bindings, annotations)
    trigger = next(b for b in bindings if b["type"].lower().endswith("trigger"))
    return Indexed(
        name=name,
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        run=run,
        is_async=inspect.iscoroutinefunction(run),
        directory=Path(inspect.getfile(inspect.unwrap(run))).parent,
        bindings=bindings,
        trigger=trigger,
        annotation=annotations.get(trigger["name"]),
        wants_context=wants_context,
        retry=function.get_settings_dict("retry_policy"),
    )


def _wants_context(
    name: str,
    run: Callable[..., Any],
    bindings: Mapping[str, Any],
    annotations: Mapping[str, Any],
) -> bool:
    if "context" not in inspect.signature(run).parameters or "context" in bindings:
        return False
    annotation = annotations.get("context")
    if annotation is not None and getattr(annotation, "__name__", "") != "Context":
        raise LoadFailure(f"{name}: the context parameter is annotated {annotation!r}")
    return True


def _check_parameters(
    name: str, run: Callable[..., Any], bindings: Mapping[str, Any], wants_context: bool
) -> None:
    parameters = set(inspect.signature(run).parameters) - ({"context"} if wants_context else set())
    if extra := parameters - set(bindings):
        raise LoadFailure(f"{name}: no binding gives the parameters {sorted(extra)}")
    if missing := set(bindings) - parameters:
        raise LoadFailure(f"{name}: no parameter takes the bindings {sorted(missing)}")


def _check_annotation(
    name: str, parameter: str, binding: Mapping[str, Any], annotation: Any
) -> None:
    direction = binding["direction"]
    if direction == "INOUT":
        raise LoadFailure(f"{name}: {parameter} is inout, which Python does not support")
    if annotation is None:
        return
    is_out = typing.get_origin(annotation) is Out
    if is_out != (direction == "OUT"):
        raise LoadFailure(f"{name}: {parameter} is {direction} but annotated {annotation!r}")
    inner = typing.get_args(annotation)[0] if is_out else annotation
    is_typing_generic = type(inner).__module__ == "typing" and typing.get_args(inner)
    if not is_typing_generic and (not isinstance(inner, type) or typing.get_origin(inner)):
        raise LoadFailure(f"{name}: {parameter} is annotated {annotation!r}, which is not a class")
    converter = get_binding_registry().get(binding["type"])
    if converter is None or inner in _PLAIN:
        return
    check = (
        converter.check_output_type_annotation
        if is_out
        else (converter.check_input_type_annotation)
    )
    if not check(inner):
        raise LoadFailure(f"{name}: {binding['type']} cannot give {parameter}: {annotation!r}")


def _check_return(
    name: str, bindings: tuple[Mapping[str, Any], ...], annotations: Mapping[str, Any]
) -> None:
    annotation = annotations.get("return")
    outputs = [b for b in bindings if b["name"] == RETURN]
    if not outputs or annotation in (None, type(None)):
        return
    if not isinstance(annotation, type) or typing.get_origin(annotation):
        raise LoadFailure(f"{name}: returns {annotation!r}, which is not a class")
    converter = get_binding_registry().get(outputs[0]["type"])
    if converter is not None and not converter.check_output_type_annotation(annotation):
        raise LoadFailure(f"{name}: {outputs[0]['type']} cannot take a returned {annotation!r}")
