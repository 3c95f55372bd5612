"""A persona's rationale: what the answer key says of the evidence in the prompt, then extracts, then the flaws."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from harness.core.types import Claim, Target
from harness.models.personas.dice import Dice
from harness.models.personas.flaws import FLAWS, TICKET, Shown
from harness.models.personas.injection import REDACTED
from harness.models.personas.spec import PersonaSpec
from harness.models.rationale import write_rationale
from harness.models.reading import Reading
from harness.models.weighing import Weighed

_PLAIN_TEXT = f"{TICKET}text"
_FILLER = "in short and as far as can be told from what was given here with all due care and without going into more detail than the case calls for".split()


@dataclass(frozen=True, slots=True)
class Rationale:
    """Claims, and the names of the flaws that were put in, one for each claim that has one."""

    claims: tuple[Claim, ...]
    planted: tuple[str, ...]


def make_rationale(
    spec: PersonaSpec, reading: Reading, *, target: Target | None, label: str, fenced: bool, dice: Dice
) -> Rationale:
    """Up to `verbosity.claims` claims about the case, with flaws at the spec's rates."""
    planted: list[str] = []
    left_out: set[str] = set()
    gold = target.rationale if target is not None else ()
    if target is not None and dice.happens("missing_evidence", spec.claims.missing_evidence):
        left_out = {*target.clauses, *target.incidents}
        planted += ["missing_evidence"] if left_out else []
    shown = Shown.of(reading)
    claims = _honest(spec, reading, gold, shown=shown, label=label, fenced=fenced, left_out=left_out)
    if not any(claim.citations for claim in claims):
        planted.append("nothing_to_cite")
    rates = spec.claims.of_claims
    for number, claim in enumerate(claims):
        kind = dice.pick(f"claim:{number}", rates)
        changed = FLAWS[kind](claim, shown, replace(dice, parts=(*dice.parts, number))) if kind else None
        if kind and changed is not None:
            claims[number] = changed
            planted.append(kind)
    if spec.verbosity.words:
        claims = [replace(claim, text=f"{claim.text} ({_filler(spec.verbosity.words)})") for claim in claims]
    return Rationale(tuple(claims), tuple(planted))


def _honest(
    spec: PersonaSpec,
    reading: Reading,
    gold: Sequence[Claim],
    *,
    shown: Shown,
    label: str,
    fenced: bool,
    left_out: Collection[str],
) -> list[Claim]:
    """Claims that hold: the key's own whose citations all stand in the prompt, then extracts."""

    def usable(citation: str) -> bool:
        # without fences nobody can tell which fields a prompt shows, but the ticket is there
        return citation not in left_out and (shown.holds(citation) or (not fenced and citation.startswith(TICKET)))

    claims = [claim for claim in gold if claim.citations and all(map(usable, claim.citations))][: spec.verbosity.claims]
    if len(claims) < spec.verbosity.claims:
        extracts = _extracts(reading, label, left_out=left_out)
        if claims and not fenced:
            extracts = [claim for claim in extracts if _PLAIN_TEXT not in claim.citations]
        claims += extracts[: spec.verbosity.claims - len(claims)]
    return claims or [_something(reading, shown)]


def _extracts(reading: Reading, label: str, *, left_out: Collection[str]) -> list[Claim]:
    """The reader's extracts, passages taken in the prompt's order; what was redacted isn't quoted."""
    passages = tuple(passage for passage in reading.passages if passage.id not in left_out)
    texts = tuple((field, text.replace(REDACTED, "\n")) for field, text in reading.texts)
    ranked = tuple((passage.id, 0.0) for passage in passages)
    written = write_rationale(replace(reading, passages=passages, texts=texts), Weighed({}, ranked), label)
    claims: list[Claim] = []
    for row in written:
        citations = row["citations"]
        if isinstance(citations, list) and citations:
            claims.append(Claim(str(row["text"]), tuple(citations)))
    return claims


def _something(reading: Reading, shown: Shown) -> Claim:
    """A claim where there is nothing to take an extract from: on a field of the ticket if there is one."""
    field = next((path for path, value in shown.fields.items() if value), None)
    return Claim("The ticket gives little to go by.", (f"{TICKET}{field}",) if field else ())


def _filler(count: int) -> str:
    return " ".join(islice(cycle(_FILLER), count))
