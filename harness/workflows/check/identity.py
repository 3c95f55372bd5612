"""Ids: each sample and incident has its own, and no past incident is a ticket of the eval set."""

import re
from collections.abc import Iterator, Sequence

from harness.corpus.incidents import repeated_incidents
from harness.evalsets.load import repeated_samples
from harness.workflows.check.findings import Finding, finding, of_errors
from harness.workflows.check.material import Material

_PART = re.compile(r"\w+")


def repeated(material: Material) -> Iterator[Finding]:
    """Samples, and incidents, with an id that stands above already."""
    errors = [*repeated_samples(material.samples), *repeated_incidents(material.corpus.incidents)]
    return of_errors(errors, rule="duplicate-id", otherwise=material.at("eval_set"))


def repeated_across(materials: Sequence[Material]) -> Iterator[Finding]:
    """Samples of tickets or texts that share an id with one of another eval set, where neither is made of the other's."""
    first: dict[str, tuple[str, str]] = {}
    for material in materials:
        suite = material.suite
        if suite.derived_from is not None or suite.input != "ticket":
            continue
        for sample in material.samples:
            at, eval_set = first.setdefault(sample.id, (sample.at, str(suite.resolve(suite.eval_set))))
            if eval_set != str(suite.resolve(suite.eval_set)):
                message = f"sample {sample.id!r} is also at {at}, in another eval set; rename one"
                yield finding(sample.at, rule="duplicate-id", message=message)


def same_case(material: Material) -> Iterator[Finding]:
    """Incidents with a ticket's id: what is asked would stand in what is looked up."""
    places = {incident.id: at for incident, at in material.corpus.incidents}
    for sample, case in material.cases:
        for name in dict.fromkeys((sample.id, case.id if case is not None else sample.id)):
            if name in places:
                message = f"sample {sample.id!r}: {name!r} is also the id of the incident at {places[name]}"
                yield finding(sample.at, rule="leak", message=message)


def same_reservation(material: Material) -> Iterator[Finding]:
    """Incidents that name a ticket's reservation."""
    texts = {at: "\n".join((i.title, i.narrative, i.action, i.note)) for i, at in material.corpus.incidents}
    places: dict[str, list[str]] = {}
    for at, text in texts.items():
        for part in set(_PART.findall(text.casefold())):
            places.setdefault(part, []).append(at)
    for sample, case in material.cases:
        reservation = str(case.records("reservation").get("id") or "") if case is not None else ""
        parts = _PART.findall(reservation.casefold())
        if not parts:
            continue
        whole = re.compile(rf"(?<![\w-]){re.escape(reservation)}(?![\w-])", re.IGNORECASE)
        for at in places.get(max(parts, key=len), ()):
            if whole.search(texts[at]):
                message = f"sample {sample.id!r}: its reservation {reservation!r} stands in the incident at {at}"
                yield finding(sample.at, rule="leak", message=message)
