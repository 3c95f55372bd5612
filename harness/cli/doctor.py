"""`harness doctor`: what is there, what is missing, and whom a suite would contact."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option
from harness.core.errors import Exit

if TYPE_CHECKING:
    from harness.build.doctor import Diagnosis, Home

_LABEL = 12
_COLUMN = 26


@click.command("doctor")
@click.argument("suite", required=False, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def doctor(context: click.Context, *, suite: Path | None, as_json: bool) -> None:
    """Show versions, missing packages, keys, telemetry, and whom SUITE would contact. Nothing is contacted.

    Keys are shown as set or not set. Exit 1 if SUITE needs something that is missing.
    """
    from dataclasses import asdict

    from harness.build.doctor import examine
    from harness.build.solver import default_home
    from harness.evaluation.suite import load_suite

    found = examine(load_suite(suite) if suite is not None else None, home=default_home())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        for name, lines in _sections(found):
            for number, line in enumerate(lines):
                click.echo(f"{name if number == 0 else '':{_LABEL}}{line}")
    context.exit(int(Exit.FINDINGS if found.needs else Exit.OK))


def _sections(found: "Diagnosis") -> Iterator[tuple[str, list[str]]]:
    """Each part's name and its lines."""
    from harness.reporting.text import clean_line

    yield "harness", [f"{found.version} · Python {found.python} · {found.platform}"]
    yield "packages", _packages(found)
    yield "models", _models(found)
    wrong = [
        f"{file.name} {'is damaged' if file.present else 'is missing'}" for file in found.embeddings if not file.sound
    ]
    yield "embeddings", wrong or ["minilm is here, with the right SHA-256; hashing needs no file"]
    yield "home", [clean_line(_home(found.home))]
    here = [name for name, there in found.keys.items() if there]
    absent = [name for name, there in found.keys.items() if not there]
    yield "keys", [f"set: {', '.join(here) or 'none'}", *_wrapped("not set: ", absent)]
    yield "telemetry", _telemetry(found)
    yield "network", [clean_line(line) for line in _network(found)]
    if found.needs:
        yield "missing", [clean_line(f"{need.what}; {need.fix}") for need in found.needs]


def _packages(found: "Diagnosis") -> list[str]:
    if not found.packages:
        return ["harness isn't installed as a package, so nothing says which versions it asks for"]
    marks = {True: "", False: "  out of range", None: ""}
    lines = []
    for package in found.packages:
        if package.installed is None:
            state = f"not installed, for {package.used_for}: pip install '{package.name}{package.wanted}'"
        else:
            state = f"{package.installed:<14}asks for {package.wanted or 'any'}{marks[package.fits]}"
        lines.append(f"{package.name:<{_COLUMN}}{state}")
    return lines


def _models(found: "Diagnosis") -> list[str]:
    """Which ids work now, and what to install for the others."""
    ready = [f"{provider.name}/…" for provider in found.providers if provider.installed]
    lines = ["reader, persona:…, cassette:… contact nobody", *_wrapped("ready: ", ["openai-compatible/…", *ready])]
    absent: dict[str, list[str]] = {}
    for provider in found.providers:
        if not provider.installed:
            absent.setdefault(f"pip install {provider.package}", []).append(f"{provider.name}/…")
    width = max(map(len, absent), default=0) + 2
    return lines + [f"{command:<{width}}for {', '.join(names)}" for command, names in sorted(absent.items())]


def _home(home: "Home") -> str:
    there = f"{home.bytes / 1e6:,.1f} MB" if home.present else "isn't there yet"
    return f"{home.path}: {there}, {'writable' if home.writable else 'not writable'}"


def _telemetry(found: "Diagnosis") -> list[str]:
    on = [name for name, off in found.telemetry.items() if not off]
    if not on:
        return [f"off, in all {len(found.telemetry)} variables"]
    why = "HARNESS_ALLOW_TELEMETRY leaves it as you have it" if found.telemetry_kept else "a run switches it off"
    return _wrapped(f"{why}; not off now: ", on)


def _network(found: "Diagnosis") -> list[str]:
    if found.suite is None:
        return ["nothing, unless a suite or a flag names a provider"]
    lines = [f"of {found.suite}:"]
    for contact in found.contacts:
        whom = contact.host or ("nobody" if contact.kind == "nobody" else "not known")
        lines.append(f"{whom} – {contact.part} ({contact.why})")
    return lines


def _wrapped(head: str, names: list[str], *, width: int = 96) -> list[str]:
    """The names behind `head`, over as many lines as they take."""
    import textwrap

    return textwrap.wrap(head + ", ".join(names), width=width, break_on_hyphens=False) if names else []
