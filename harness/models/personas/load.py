"""Personas by name, from the files beside this one, or from a file of the user's own."""

from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import load_yaml, suggest
from harness.models.personas.spec import PersonaSpec

_SHIPPED = Path(__file__).parent
_ENDINGS = (".yaml", ".yml")


def persona_names() -> tuple[str, ...]:
    """The shipped personas, in alphabetical order."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))


def load_persona(name_or_path: str, *, folder: Path | None = None) -> PersonaSpec:
    """A shipped persona by name, or one's own by the path of its .yaml, which `folder` is the base of.

    UsageError with file and line for each mistake, and with the nearest name for an unknown one.
    """
    if name_or_path.endswith(_ENDINGS):
        path = (folder or Path()) / name_or_path
    elif name_or_path in persona_names():
        path = _SHIPPED / f"{name_or_path}.yaml"
    else:
        fix = f"{suggest(name_or_path, list(persona_names()))} (or give the path of a .yaml of your own)"
        raise UsageError(f"no persona {name_or_path!r}", fix=fix)
    spec = load_yaml(path, PersonaSpec, what="persona")
    return spec if spec.name else spec.model_copy(update={"name": path.stem})
