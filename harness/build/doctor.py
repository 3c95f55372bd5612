"""Is everything there: packages, keys, files, telemetry; and whom would a suite contact. Opens no socket."""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from harness.build.contacts import Contact, Need, contacts_of, needs_of
from harness.build.providers import ACCESS, Provider, providers
from harness.core.telemetry import allowed, state
from harness.core.version import __version__
from harness.evaluation.suite import Suite

_USED_FOR = {
    "chromadb": "retrieval",
    "tantivy": "retrieval by words",
    "onnxruntime": "embeddings: minilm, and the model reader",
    "tokenizers": "embeddings: minilm, and the model reader",
    "langchain": "the triage agent",
    "langchain-core": "the triage agent",
    "langchain-openai": "models openai/… and azure_openai/…",
    "openai": "models openai-compatible/…",
    "ragas": "metrics of ragas",
    "vl-convert-python": "charts in reports",
}
_MINILM = {
    "model.onnx": "8c0e7bdff9db24d3d192bddb7b7f5319f91a1e086bfd54d3fcf0361169304285",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


@dataclass(frozen=True, slots=True)
class Package:
    """A package this project asks for. `fits` is None where there is nothing to compare with."""

    name: str
    wanted: str
    installed: str | None
    fits: bool | None
    used_for: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of the embedding model; `sound` says that it is there with the right SHA-256."""

    name: str
    present: bool
    sound: bool


@dataclass(frozen=True, slots=True)
class Home:
    """Where indexes and caches live. A folder that isn't there yet is writable if it can be made."""

    path: str
    present: bool
    writable: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found. `keys` and `telemetry` say of variables if they are set, and if they mean off: never a value.

    `telemetry_kept` is true where the user asked that it be left alone. `contacts` is empty without a suite. `needs` is
    what the suite needs and is missing.
    """

    version: str
    python: str
    platform: str
    packages: tuple[Package, ...]
    providers: tuple[Provider, ...]
    embeddings: tuple[File, ...]
    home: Home
    keys: Mapping[str, bool]
    telemetry: Mapping[str, bool]
    telemetry_kept: bool
    suite: str | None = None
    contacts: tuple[Contact, ...] = ()
    needs: tuple[Need, ...] = ()


def examine(suite: Suite | None, *, home: Path) -> Diagnosis:
    """Look at everything, and at what `suite` would need and contact."""
    known, environ = providers(), os.environ
    packages, files, place = _packages(), _embeddings(), _home(home)
    needs = () if suite is None else (*_own_needs(packages, files, place), *needs_of(suite, known, environ))
    names = sorted({name for access in ACCESS.values() for name in access.keys})
    return Diagnosis(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        packages=packages,
        providers=known,
        embeddings=files,
        home=place,
        keys={name: bool(environ.get(name, "").strip()) for name in names},
        telemetry=state(environ),
        telemetry_kept=allowed(environ),
        suite=None if suite is None else str(suite.path),
        contacts=() if suite is None else contacts_of(suite, environ),
        needs=needs,
    )


def _packages() -> tuple[Package, ...]:
    """What this project's metadata asks for, without its extras; nothing where it isn't installed."""
    try:
        asked = requires("harness") or []
    except PackageNotFoundError:
        return ()
    return tuple(_package(text) for text in sorted(asked, key=str.lower) if "extra ==" not in text)


def _package(text: str) -> Package:
    from packaging.requirements import Requirement

    wanted = Requirement(text)
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        installed = None
    used_for = _USED_FOR.get(wanted.name, "the harness itself")
    ranges = str(wanted.specifier)
    return Package(wanted.name, ranges, installed, _fits(ranges, installed), used_for)


def _fits(ranges: str, installed: str | None) -> bool | None:
    """Whether a version is in range; None where there is none."""
    from packaging.specifiers import SpecifierSet

    return None if installed is None else SpecifierSet(ranges).contains(installed, prereleases=True)


def _embeddings() -> tuple[File, ...]:
    folder = Path(__file__).parents[1] / "embeddings" / "minilm"
    return tuple(_file(folder / name, sha256) for name, sha256 in _MINILM.items())


def _file(path: Path, sha256: str) -> File:
    try:
        with path.open("rb") as data:
            return File(path.name, True, hashlib.file_digest(data, "sha256").hexdigest() == sha256)
    except OSError:
        return File(path.name, False, False)


def _home(path: Path) -> Home:
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(Path(folder, name)).st_size
            except OSError:
                continue  # somebody else's index may be replaced meanwhile
    there = next(place for place in (path.absolute(), *path.absolute().parents) if os.path.exists(place))
    return Home(str(path), path.is_dir(), there.is_dir() and os.access(there, os.W_OK | os.X_OK), size)


def _own_needs(packages: tuple[Package, ...], files: tuple[File, ...], home: Home) -> list[Need]:
    """What any suite needs of this installation."""
    needs = [
        Need(f"the package {package.name} is not installed", f"pip install '{package.name}{package.wanted}'")
        for package in packages
        if package.installed is None
    ]
    needs += [
        Need(
            f"the embedding model's {file.name} is {'damaged' if file.present else 'missing'}", "reinstall the harness"
        )
        for file in files
        if not file.sound
    ]
    if not home.writable:
        needs.append(Need(f"{home.path} can't be written to", "set HARNESS_HOME to a folder of yours"))
    return needs
