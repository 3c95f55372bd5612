"""`harness taxonomy`: the cost matrix, and how each of its cells comes about."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import json_option

if TYPE_CHECKING:
    from harness.core.costs import Parts
    from harness.core.taxonomy import Label, Taxonomy

_FILE = Path("corpora/taxonomy.yaml")
_WIDTH = 8
_NONE = "(no label fits)"


@click.command("taxonomy")
@click.argument("file", type=click.Path(path_type=Path), default=_FILE, required=False)
@click.option(
    "--label", "labels", multiple=True, metavar="ID", help="Explain the cells of this true label; may be repeated."
)
@json_option
def taxonomy(*, file: Path, labels: tuple[str, ...], as_json: bool) -> None:
    """Print the cost matrix of a taxonomy FILE (default corpora/taxonomy.yaml), and what it is derived from."""
    from harness.core.errors import UsageError
    from harness.core.files import suggest
    from harness.core.taxonomy import load_taxonomy

    found = load_taxonomy(file)
    for label in labels:
        if label not in found.by_id:
            raise UsageError(f"no label {label!r}", where=file, fix=suggest(label, list(found.ids)))
    if as_json:
        click.echo(json.dumps(_json(found, labels), indent=2, ensure_ascii=False))
        return
    for line in _cells(found, labels) if labels else _overview(found):
        click.echo(line)


def _overview(found: "Taxonomy") -> list[str]:
    """The assumptions with their reasons, the matrix, and how high-risk labels weigh."""
    from harness.core.costs import miss_to_false_raise

    figures = found.assumptions
    lines = [
        f"{found.name}: cost in {found.currency} of routing a ticket, by its true label (row) and the queue it goes to",
        "",
    ]
    for name, value in figures.model_dump(exclude={"reasons"}).items():
        lines.append(f"  {name:<15}{value:>8g}  {figures.reasons.get(name, '')}".rstrip())
    lines += ["", *_matrix(found), "", f"a review costs {figures.review:g}, whatever the label"]
    for label in found.labels:
        ratio = miss_to_false_raise(found, label) if label.high_risk else None
        if ratio is not None:
            lines.append(f"{label.id}: {ratio:.0f} times more to miss than to raise falsely")
    return [*lines, "--label ID explains a row"]


def _matrix(found: "Taxonomy") -> list[str]:
    """Rows of whole units; columns are numbered, since label ids are long."""
    wide = max(map(len, (*found.ids, _NONE))) + 3
    column = max(_WIDTH, 2 + max(len(f"{cost:,.0f}") for cost in found.costs.route.values()))
    head = " " * (wide + 3) + "".join(f"{number:>{column}}" for number, _ in enumerate(found.ids, 1))
    rows = [
        f"{number:>2} {gold:<{wide}}"
        + "".join(f"{found.costs.route[gold, given]:>{column},.0f}" for given in found.ids)
        for number, gold in enumerate(found.ids, 1)
    ]
    none = f"   {_NONE:<{wide}}" + "".join(f"{found.costs.route[None, given]:>{column},.0f}" for given in found.ids)
    return [head, *rows, none]


def _cells(found: "Taxonomy", labels: tuple[str, ...]) -> list[str]:
    """Each cell of the rows asked for, as a sum."""
    from harness.core.costs import cost_parts

    lines: list[str] = []
    for name in labels:
        gold = found.by_id[name]
        lines += [*([""] if lines else []), *_told(gold)]
        for given in found.labels:
            if given.id != gold.id:
                parts = cost_parts(found, gold, given)
                lines.append(f"  → {given.id:<28}{parts.total:>9,.2f}  = {_sum(found, gold, parts)}")
    return lines


def _told(gold: "Label") -> list[str]:
    harm = gold.miss_harm
    lines = [f"{gold.id}: {gold.severity}, opened within {gold.sla_hours:g} h{', high-risk' if gold.high_risk else ''}"]
    if harm.cost:
        lines.append(f"  missed: {harm.probability:g} × {harm.cost:,.0f}  {harm.reason}".rstrip())
    if gold.high_risk:
        lines.append(f"  raised falsely: {gold.false_raise.cost:,.0f}  {gold.false_raise.reason}".rstrip())
    return lines


def _sum(found: "Taxonomy", gold: "Label", parts: "Parts") -> str:
    terms = [f"transfer {parts.transfer:g}"]
    if parts.delay:
        terms.append(f"{parts.late_hours:g} h late × {found.assumptions.sla_hour:g}")
    if parts.harm:
        share = f" × {found.assumptions.same_tier_harm:g} (another high-risk queue)" if parts.same_tier else ""
        terms.append(f"harm {gold.miss_harm.probability:g} × {gold.miss_harm.cost:,.0f}{share}")
    if parts.raised:
        terms.append(f"raised falsely {parts.raised:g}")
    return " + ".join(terms)


def _json(found: "Taxonomy", labels: tuple[str, ...]) -> dict[str, Any]:
    from dataclasses import asdict

    from harness.core.costs import cost_parts, miss_to_false_raise

    return {
        "name": found.name,
        "currency": found.currency,
        "assumptions": found.assumptions.model_dump(),
        "review": found.assumptions.review,
        "cells": {
            gold.id: {
                given.id: {**asdict(parts), "total": parts.total}
                for given in found.labels
                for parts in [cost_parts(found, gold, given)]
            }
            for gold in found.labels
            if not labels or gold.id in labels
        },
        "out_of_scope": {given: found.costs.route[None, given] for given in found.ids},
        "miss_to_false_raise": {
            label.id: miss_to_false_raise(found, label) for label in found.labels if label.high_risk
        },
    }
