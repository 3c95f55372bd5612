"""Whom a suite would contact, and what of its own is missing for that: read from the suite and the environment alone."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.build.embedders import is_function, is_hosted
from harness.build.plan import BASELINE
from harness.build.providers import ACCESS, Access, Provider, address_of, host_of
from harness.core.errors import UsageError
from harness.core.secrets import read_secret
from harness.evaluation.solvers import CommandSolverSpec, HttpSolverSpec, PredictionsSolverSpec, SolverSpec
from harness.evaluation.suite import Suite
from harness.models.registry import COMPATIBLE, describe_model

_LOOPBACK = ("127.", "localhost", "[::1]")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, slots=True)
class Contact:
    """A part of a suite and whom it contacts. `host` is set for kind host alone; unknown is code of the user's own."""

    part: str
    kind: Literal["nobody", "host", "unknown"]
    host: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a suite needs and is missing, and how to mend it."""

    what: str
    fix: str


def contacts_of(suite: Suite, environ: Mapping[str, str]) -> tuple[Contact, ...]:
    """Part by part: solver, model, embeddings, and scorers that are functions of the user's own."""
    solving = suite.solving
    contacts = [_solver(solving, environ)]
    if solving == "triage":
        contacts += [_model(suite, environ)]
    if solving == "triage" or solving == "search":
        contacts += _retrieval(suite, environ)
    names = [name for entry in suite.scorers for name in ([entry] if isinstance(entry, str) else entry)]
    contacts += [Contact(f"scorer {name}", "unknown", None, "a function of your own") for name in names if ":" in name]
    return tuple(contacts)


def _solver(solving: SolverSpec | str, environ: Mapping[str, str]) -> Contact:
    match solving:
        case HttpSolverSpec():
            host = host_of(solving.http)
            return Contact(f"solver {solving.name}", "host", host, f"`solver` of the suite{_proxied(host, environ)}")
        case CommandSolverSpec():
            return Contact(f"solver {solving.name}", "unknown", None, "a command of your own")
        case PredictionsSolverSpec():
            return Contact(f"solver {solving.name}", "nobody", None, "a file")
    if solving == "triage" or solving.startswith(BASELINE):
        return Contact(f"solver {solving}", "nobody", None, "runs in this process")
    return Contact(f"solver {solving}", "unknown", None, "a function of your own")


def _model(suite: Suite, environ: Mapping[str, str]) -> Contact:
    spec = describe_model(suite.model)
    part = f"model {suite.model}"
    if spec.provider is None:
        return Contact(
            part, "nobody", None, "answers from a file" if spec.kind == "cassette" else "runs in this process"
        )
    address = address_of(spec.provider, suite.model_parameters.get("base_url"), environ)
    if address.host is None:
        return Contact(part, "unknown", None, f"the address comes from {address.named_by}")
    return Contact(part, "host", address.host, f"{address.named_by}{_proxied(address.host, environ)}")


def _retrieval(suite: Suite, environ: Mapping[str, str]) -> list[Contact]:
    """Whom the embeddings and the vector store contact."""
    settings = suite.retrieval
    part, store = f"embeddings {settings.embeddings}", []
    if settings.chroma is not None:
        host = host_of(settings.chroma)
        store = [Contact("vectors in Chroma", "host", host, f"retrieval.chroma{_proxied(host, environ)}")]
    if is_hosted(settings.embeddings):
        address = address_of(settings.embeddings.partition("/")[0], settings.base_url, environ)
        if address.host is None:
            return [Contact(part, "unknown", None, f"the address comes from {address.named_by}"), *store]
        return [Contact(part, "host", address.host, f"{address.named_by}{_proxied(address.host, environ)}"), *store]
    if is_function(settings.embeddings):
        return [Contact(part, "unknown", None, "a function of your own"), *store]
    why = "runs in this process"
    if settings.embeddings == "chroma":
        why += "; Chroma downloads its model once"
    return [Contact(part, "nobody", None, why), *store]


def _proxied(host: str | None, environ: Mapping[str, str]) -> str:
    """A note where a proxy stands between."""
    name = next((name for name in _PROXIES if environ.get(name)), None)
    return "" if name is None or host is None or host.startswith(_LOOPBACK) else f"; {name} names a proxy"


def needs_of(suite: Suite, known: Iterable[Provider], environ: Mapping[str, str]) -> list[Need]:
    """Missing for this suite: the model's package and key, or what its solver needs."""
    solving = suite.solving
    if not isinstance(solving, str):
        return _needs_of_solver(solving, folder=suite.path.parent, where=suite.path)
    return _needs_of_model(suite, known, environ) if solving == "triage" else []


def _needs_of_solver(spec: SolverSpec, *, folder: Path, where: Path) -> list[Need]:
    """The first thing that an endpoint's headers, a command or a file lack; nothing is sent or started."""
    from harness.agents.command import CommandSolver
    from harness.agents.http import HttpSolver
    from harness.agents.predictions import PredictionsSolver

    try:
        match spec:
            case HttpSolverSpec():
                HttpSolver(spec.http, headers=spec.headers, where=where)
            case CommandSolverSpec():
                CommandSolver(spec.command, cwd=folder / (spec.cwd or "."), where=where)
            case _:
                PredictionsSolver(Path(os.path.normpath(folder / spec.predictions)), name=spec.name)
    except UsageError as error:
        return [Need(f"{error.where}: {error.what}", error.fix or "mend it")]
    return []


def _needs_of_model(suite: Suite, known: Iterable[Provider], environ: Mapping[str, str]) -> list[Need]:
    spec = describe_model(suite.model)
    if spec.provider is None:
        return []
    needs = []
    base_url = suite.model_parameters.get("base_url")
    if spec.provider == COMPATIBLE:
        if not base_url:
            needs.append(Need(f"{suite.model} needs a base_url", "add it to model_parameters, or give --base-url"))
    else:
        needs += _needs_of_package(spec.provider, {provider.name: provider for provider in known})
    if suite.calls.api_key:
        try:
            read_secret(suite.calls.api_key, where=suite.path)
        except UsageError as error:
            needs.append(Need(f"calls.api_key: {error.what}", error.fix or "mend it"))
        return needs
    keys = ACCESS.get(spec.provider, Access()).keys
    asks_for_none = spec.provider == COMPATIBLE or (spec.provider == "openai" and base_url)
    if keys and not asks_for_none and not any(environ.get(name, "").strip() for name in keys):
        needs.append(Need(f"{' or '.join(keys)} is not set, which {suite.model} needs", f"export {keys[0]}=…"))
    return needs


def _needs_of_package(name: str, known: Mapping[str, Provider]) -> list[Need]:
    if name in known:
        provider = known[name]
        text = f"the package {provider.package} is not installed, which {name}/… needs"
        return [] if provider.installed else [Need(text, f"pip install {provider.package}")]
    return [Need(f"LangChain knows no provider {name!r}", "check the model's name")] if known else []
