"""Functions that a suite names as `module:function`."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError


def import_function(name: str, *, folder: Path, where: str) -> Callable[..., Any]:
    """The callable `module:function`; modules beside the suite and in the working folder are found too."""
    module_name, _, attribute = name.partition(":")
    for place in (str(folder.resolve()), str(Path.cwd())):
        if place not in sys.path:
            sys.path.append(place)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{name!r}: {error}", where=where, fix="put the module beside the suite or install it"
        ) from None
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{name!r}: importing {module_name} failed: {type(error).__name__}: {error}", where=where, fix="mend it"
        ) from error
    meant, got = (folder / f"{module_name.replace('.', '/')}.py").resolve(), getattr(found, "__file__", None)
    if meant.is_file() and (got is None or Path(got).resolve() != meant):
        raise UsageError(
            f"{name!r}: another module {module_name} is in the way ({got})", where=where, fix=f"rename {meant.name}"
        )
    try:
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise UsageError(f"{name!r}: {module_name} has no {attribute!r}", where=where, fix="check the name") from None
    if not callable(found):
        raise UsageError(f"{name!r} is not callable", where=where, fix="name a function")
    function: Callable[..., Any] = found
    return function
