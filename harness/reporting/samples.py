"""One journal row as the HTML report shows it: every part of the sample in reading order, all of it still raw text.

Nothing here is escaped; the template does that. Anchors are made from running numbers, never from data.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.ticket import Ticket
from harness.reporting.calls import model_call
from harness.reporting.text import count, number
from harness.reporting.trials import Row, Trial, finite, mapping, read_trial, sequence, verdict

MAX_TEXT = 40_000
"""Longer texts are cut in the report, and say so; the journal has all of it."""
MAX_PASSAGES = 50
"""The first passages are shown, and those that are cited or gold; with all policies in the prompt there are hundreds."""
MAX_PROBABILITIES = 8
"""The most likely labels are shown, and the expected one."""

_UNTRUSTED = ("guest_message", "host_messages", "listing_text", "attachments")


@dataclass(frozen=True, slots=True)
class Field:
    """An untrusted text as (piece, kind of finding or None)."""

    anchor: str
    path: str
    pieces: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A trusted value."""

    anchor: str
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of retrieved evidence; `gold` where the target names it."""

    anchor: str
    id: str
    kind: str
    title: str
    text: str
    score: float | None
    label: str | None
    gold: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """What a claim cites; `anchor` is where that stands on the page, None where it isn't there."""

    text: str
    anchor: str | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with its verdict, where one was given."""

    text: str
    citations: tuple[Citation, ...]
    verdict: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class SampleView:
    """All that is shown of one trial."""

    anchor: str
    trial: Trial
    label_keys: tuple[str, str] | None
    tag_keys: tuple[str, ...]
    heads: tuple[tuple[str, str], ...]
    untrusted: tuple[Field, ...]
    trusted: tuple[Record, ...]
    target: tuple[tuple[str, str], ...]
    probabilities: tuple[tuple[str, float], ...]
    n_other_probabilities: int
    value: str | None
    why: str
    failure: str | None
    error: str | None
    evidence: tuple[Passage, ...] | None
    n_other_evidence: int
    missed_gold: tuple[str, ...]
    claims: tuple[ClaimView, ...]
    gold_claims: tuple[ClaimView, ...]
    findings: tuple[Mapping[str, Any], ...]
    messages: tuple[tuple[str, str], ...]
    tool_calls: tuple[tuple[str, str, str, str], ...]
    timings: tuple[tuple[str, float], ...]
    usage: str
    calls: tuple[str, ...]
    scores: tuple[tuple[str, str, str], ...]
    note: str


class Keys:
    """Short keys of labels and slices, so that no data stands in an attribute that the script reads."""

    def __init__(self, labels: Sequence[str], slices: Sequence[tuple[str, str]]) -> None:
        self._labels = {label: f"l{n}" for n, label in enumerate(labels)}
        self._slices = {name: f"t{n}" for n, name in enumerate(slices)}

    def label(self, label: str | None) -> str:
        """The key of a label; `none` for no label and for one that isn't in the matrix."""
        return "none" if label is None else self._labels.get(label, "none")

    def slice(self, group: str, name: str) -> str | None:
        """The key of a slice; None where it is not listed."""
        return self._slices.get((group, name))


def sample_view(row: Row, *, number: int, keys: Keys) -> SampleView:
    """The view of one row; `number` makes its anchors."""
    anchor = f"s{number}"
    trial = read_trial(row)
    output, trace, sample = mapping(row.get("output")), mapping(row.get("trace")), mapping(row.get("sample"))
    scores, target = mapping(row.get("scores")), mapping(sample.get("target"))
    findings = tuple(mapping(finding) for finding in sequence(trace.get("findings")))
    heads, untrusted, trusted = _input(sample.get("input"), anchor=anchor, findings=findings)
    gold = [str(one) for key in ("clauses", "incidents") for one in sequence(target.get(key))]
    all_evidence = _evidence(trace.get("evidence"), anchor=anchor, gold=gold)
    evidence = _shortened(all_evidence, cited=_cited(output))
    places = {p.id: p.anchor for p in evidence or ()}
    places |= {f"ticket:{field.path}": field.anchor for field in untrusted}
    places |= {f"ticket:{record.path}": record.anchor for record in trusted}
    probabilities = _probabilities(output.get("probabilities"))
    likely = tuple(pair for n, pair in enumerate(probabilities) if n < MAX_PROBABILITIES or pair[0] == trial.expected)
    return SampleView(
        anchor=anchor,
        trial=trial,
        label_keys=(keys.label(trial.expected), keys.label(trial.given)) if trial.judged else None,
        tag_keys=_tag_keys(trial, keys),
        heads=heads,
        untrusted=untrusted,
        trusted=trusted,
        target=_target(target),
        probabilities=likely,
        n_other_probabilities=len(probabilities) - len(likely),
        value=None if output.get("value") is None else as_text(output["value"]),
        why=as_text(output.get("why") or ""),
        failure=_named(output.get("failure"), "kind"),
        error=_named(row.get("error"), "class") or (as_text(row["reason"]) if row.get("reason") else None),
        evidence=evidence,
        n_other_evidence=len(all_evidence or ()) - len(evidence or ()),
        missed_gold=tuple(one for one in gold if evidence is not None and one not in {p.id for p in evidence}),
        claims=_claims(output, verdict(scores, "grounding"), places),
        gold_claims=_rationale(target.get("rationale"), places),
        findings=findings,
        messages=tuple(_message(mapping(message)) for message in sequence(trace.get("messages"))),
        tool_calls=tuple(_tool_call(mapping(call)) for call in sequence(trace.get("tool_calls"))),
        timings=_timings(trace.get("timings_ms"), row.get("latency_ms")),
        usage=_usage(trace.get("usage")),
        calls=tuple(model_call(mapping(call)) for call in sequence(trace.get("calls"))),
        scores=tuple(_score(str(name), mapping(score)) for name, score in scores.items()),
        note=as_text(trace.get("note") or ""),
    )


def as_text(value: Any) -> str:
    """A string as it is, anything else as indented JSON; cut beyond MAX_TEXT."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n[… {len(text) - MAX_TEXT:,} more characters in samples.jsonl]"


def _tag_keys(trial: Trial, keys: Keys) -> tuple[str, ...]:
    found = (keys.slice(group, name) for group, name in trial.groups)
    return tuple(key for key in found if key is not None)


Parts = tuple[tuple[tuple[str, str], ...], tuple[Field, ...], tuple[Record, ...]]


def _input(value: Any, *, anchor: str, findings: Sequence[Row]) -> Parts:
    """Heads (id, date …), untrusted texts and trusted records. What is no ticket is one untrusted text."""
    ticket = mapping(value)
    if {"id", "created_at"} <= ticket.keys() <= Ticket.model_fields.keys():
        texts = [(name, ticket.get(name)) for name in _UNTRUSTED]
        flat = [pair for name, text in texts for pair in _numbered(name, text)]
        heads = tuple((key, str(ticket[key])) for key in ("created_at", "locale", "channel") if key in ticket)
        records = [pair for key in ("reservation", "accounts", "signals") for pair in _flatten(key, ticket.get(key))]
    else:
        only = ticket.get("text") if ticket.keys() == {"text"} else None
        flat = [("text", only) if isinstance(only, str) else ("input", as_text(value))]
        heads, records = (), []
    fields = tuple(
        Field(f"{anchor}-f{n}", path, _pieces(as_text(text), [f for f in findings if f.get("field") == path]))
        for n, (path, text) in enumerate(flat)
        if text
    )
    return heads, fields, tuple(Record(f"{anchor}-r{n}", path, text) for n, (path, text) in enumerate(records))


def _numbered(name: str, value: Any) -> list[tuple[str, Any]]:
    return (
        [(f"{name}.{n}", text) for n, text in enumerate(value)] if isinstance(value, list | tuple) else [(name, value)]
    )


def _flatten(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _flatten(f"{path}.{key}", inner)]
    return [] if value is None else [(path, as_text(value))]


def _pieces(text: str, findings: Sequence[Row]) -> tuple[tuple[str, str | None], ...]:
    """`text` cut at findings. Offsets count in the sanitised text, so the excerpt is looked up where they miss."""
    spans = sorted(span for span in (_span(text, finding) for finding in findings) if span is not None)
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for start, end, kind in spans:
        if start < at:
            continue
        pieces += [(text[at:start], None)] if start > at else []
        pieces.append((text[start:end], kind))
        at = end
    pieces += [(text[at:], None)] if at < len(text) else []
    return tuple(pieces)


def _span(text: str, finding: Row) -> tuple[int, int, str] | None:
    excerpt, start, end = str(finding.get("excerpt") or ""), finding.get("start"), finding.get("end")
    if not excerpt or not isinstance(start, int) or not isinstance(end, int):
        return None
    length = max(len(excerpt), end - start)
    if start < 0 or text[start : start + len(excerpt)] != excerpt:
        start = text.find(excerpt)
    return None if start < 0 else (start, min(len(text), start + length), str(finding.get("kind")))


def _target(target: Row) -> tuple[tuple[str, str], ...]:
    """What else is accepted, and the expected value of generic samples."""
    rows = [("also accepted", ", ".join(str(label) for label in sequence(target.get("acceptable"))))]
    rows += [("expected value", as_text(target["value"]))] if target.get("value") is not None else []
    return tuple((name, text) for name, text in rows if text)


def _probabilities(value: Any) -> tuple[tuple[str, float], ...]:
    """Labels with their probability, highest first."""
    found = [(str(label), finite(p)) for label, p in mapping(value).items()]
    return tuple(sorted(((label, p) for label, p in found if p is not None), key=lambda pair: (-pair[1], pair[0])))


def _evidence(value: Any, *, anchor: str, gold: Sequence[str]) -> tuple[Passage, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(
        Passage(
            anchor=f"{anchor}-e{n}",
            id=str(one.get("id")),
            kind=str(one.get("kind")),
            title=str(one.get("title") or ""),
            text=as_text(one.get("text") or ""),
            score=finite(one.get("score")),
            label=None if one.get("label") is None else str(one["label"]),
            gold=one.get("id") in gold,
        )
        for n, one in enumerate(map(mapping, value))
    )


def _shortened(evidence: tuple[Passage, ...] | None, *, cited: set[str]) -> tuple[Passage, ...] | None:
    if evidence is None:
        return None
    return tuple(one for n, one in enumerate(evidence) if n < MAX_PASSAGES or one.gold or one.id in cited)


def _cited(output: Row) -> set[str]:
    claims = map(mapping, sequence(output.get("rationale")))
    return {str(one) for claim in claims for one in sequence(claim.get("citations"))}


def _claims(output: Row, grounding: Row, places: Mapping[str, str]) -> tuple[ClaimView, ...]:
    """The rationale with grounding's verdicts; grounding's own claims where there is no rationale."""
    judged = [mapping(claim) for claim in sequence(grounding.get("claims"))]
    claims = _rationale(output.get("rationale"), places)
    if not claims:
        return _rationale(judged, places)
    return tuple(
        _claim(judged[n], claim.citations) if n < len(judged) and judged[n].get("text") == claim.text else claim
        for n, claim in enumerate(claims)
    )


def _rationale(value: Any, places: Mapping[str, str]) -> tuple[ClaimView, ...]:
    views = []
    for claim in map(mapping, sequence(value)):
        cited = (str(citation) for citation in sequence(claim.get("citations")))
        views.append(_claim(claim, tuple(Citation(one, places.get(one)) for one in cited)))
    return tuple(views)


def _claim(claim: Row, citations: tuple[Citation, ...]) -> ClaimView:
    found = claim.get("verdict")
    return ClaimView(
        text=str(claim.get("text") or ""),
        citations=citations,
        verdict=found if isinstance(found, str) else None,
        reason=str(claim.get("reason") or ""),
    )


def _named(value: Any, key: str) -> str | None:
    failure = mapping(value)
    return as_text(f"{failure.get(key)}: {failure.get('message')}") if failure else None


def _message(message: Row) -> tuple[str, str]:
    """(role, text); what a message has beyond role and content follows as JSON."""
    rest = {key: value for key, value in message.items() if key not in {"role", "content"} and value}
    parts = [as_text(message.get("content") or ""), as_text(rest) if rest else ""]
    return str(message.get("role")), "\n\n".join(part for part in parts if part)


def _tool_call(call: Row) -> tuple[str, str, str, str]:
    """(name, status, arguments, result)."""
    result = call.get("result")
    return (
        str(call.get("name")),
        str(call.get("status") or ""),
        as_text(call.get("args") or {}),
        "" if result is None else as_text(result),
    )


def _timings(value: Any, latency: Any) -> tuple[tuple[str, float], ...]:
    """Stages in the order they ran, the total last."""
    found = [(str(stage), finite(ms)) for stage, ms in mapping(value).items() if stage != "total"]
    total = finite(mapping(value).get("total")) or finite(latency)
    return tuple((stage, ms) for stage, ms in [*found, ("total", total)] if ms is not None)


def _usage(value: Any) -> str:
    usage = mapping(value)
    if not usage:
        return ""
    given, made = (finite(usage.get(key)) for key in ("input_tokens", "output_tokens"))
    tokens = f"{number(given, 'tokens')} tokens in, {number(made, 'tokens')} out"
    text = f"{tokens}, {count(int(finite(usage.get('model_calls')) or 0), 'model call')}"
    return f"{text} (estimated)" if usage.get("estimated") else text


def _score(name: str, score: Row) -> tuple[str, str, str]:
    """(scorer, outcome, verdict as short text)."""
    outcome = str(score.get("outcome"))
    if outcome == "scored":
        facts = mapping(score.get("value"))
        return name, outcome, " · ".join(f"{key} {_short(value)}" for key, value in facts.items())
    return name, outcome, _named(score.get("error"), "class") or as_text(score.get("reason") or "")


def _short(value: Any) -> str:
    """One fact of a verdict: claims and other long lists by their number."""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple) and len(text) > 60:
        return f"[{len(value)}]"
    return text if len(text) <= 200 else f"{text[:200]}…"
