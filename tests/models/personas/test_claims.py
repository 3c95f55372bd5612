"""Rationales on the shipped tickets, held against the verifier that grounding uses."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from harness.claims import verify
from harness.core.types import Claim, Target
from harness.guard.screen import REDACTED as LEFT_BY_THE_GUARD
from harness.models.personas import Persona, PersonaSpec, load_persona
from harness.models.personas.dice import Dice
from harness.models.personas.flaws import FLAWS, Shown
from harness.models.personas.injection import REDACTED
from harness.models.reading import Passage, Reading
from tests.models.personas.asking import (
    GOLD,
    INCIDENT,
    POLICY,
    TICKET,
    answers,
    call,
    claims_of,
    near,
    persona,
    shop,
)

VERDICTS = {
    "fabricated_citation": "fabricated_citation",
    "superseded_clause": "wrong_version",
    "changed_number": "wrong_value",
    "changed_date": "wrong_value",
    "changed_name": "wrong_value",
}


def never_stood(citation: str) -> bool:
    """Whether the earlier version of a policy, which is cited, had no such clause; a persona can't know."""
    versions = {f"{policy.head.id}@{policy.head.version}" for policy in shop().corpus.policies}
    return citation.partition("#")[0] in versions and shop().corpus.clause(citation) is None


def judged(spec: PersonaSpec, *, every: int = 2) -> tuple[Counter[str], Counter[str], list[str]]:
    """Verdicts on all claims of the shipped tickets, flaws planted, and the reasons of what isn't supported."""
    model = Persona(spec, key=shop().key)
    verdicts: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    reasons: list[str] = []
    for one in shop().calls[::every]:
        reply = model.answer(one)
        planted.update(reply.planted)
        for claim in claims_of(reply):
            verdict = verify(claim, shop().resolver(one.sample))
            if "superseded_clause" in reply.planted and verdict.verdict == "fabricated_citation":
                assert any(never_stood(name) for name in claim.citations)
                verdict = replace(verdict, verdict="wrong_version")
            verdicts[verdict.verdict] += 1
            reasons += [f"{one.sample} {verdict}"] if verdict.verdict != "supported" else []
    return verdicts, planted, reasons


@pytest.mark.parametrize("claims", [3, 12])
def test_claims_without_a_flaw_are_supported(claims: int) -> None:
    verdicts, planted, reasons = judged(
        PersonaSpec.model_validate({"name": "x", "verbosity": {"claims": claims}}), every=1
    )
    assert reasons == [] and planted == {}
    assert verdicts["supported"] > (300 if claims == 3 else 700)


@pytest.mark.parametrize("kind", VERDICTS)
def test_each_planted_flaw_gets_its_verdict_and_nothing_else_does(kind: str) -> None:
    verdicts, planted, _ = judged(PersonaSpec.model_validate({"name": "x", "claims": {kind: 0.5}}))
    assert verdicts[VERDICTS[kind]] == planted[kind] > 60
    assert set(verdicts) == {"supported", VERDICTS[kind]}


@pytest.mark.parametrize("kind", ["negated", "unsupported"])
def test_what_needs_entailment_is_planted_though_todays_verifier_calls_it_supported(kind: str) -> None:
    verdicts, planted, _ = judged(PersonaSpec.model_validate({"name": "x", "claims": {kind: 0.5}}))
    assert set(verdicts) == {"supported"} and planted[kind] > 60


def test_the_shipped_fabricator_and_stale_are_found_at_what_they_plant() -> None:
    for name in ("fabricator", "stale"):
        verdicts, planted, _ = judged(load_persona(name))
        assert verdicts == Counter(
            {
                verdict: count
                for verdict in {*VERDICTS.values(), "supported"}
                if (count := sum(planted[kind] for kind in VERDICTS if VERDICTS[kind] == verdict) or verdicts[verdict])
            }
        )


def test_flaws_come_at_their_rates_and_one_to_a_claim() -> None:
    rates = {"fabricated_citation": 0.2, "changed_number": 0.15, "changed_date": 0.1, "changed_name": 0.1}
    rates |= {"negated": 0.1, "unsupported": 0.05, "superseded_clause": 0.1}
    replies = answers(persona(claims=rates, verbosity={"claims": 4}), 500)
    count = sum(len(claims_of(reply)) for reply in replies)
    planted = Counter(name for reply in replies for name in reply.planted)
    assert count == 2000
    assert all(near(planted[kind], rate, count) for kind, rate in rates.items())


def test_missing_evidence_leaves_out_what_rests_on_the_deciding_passages() -> None:
    replies = answers(persona(claims={"missing_evidence": 0.4}), 500)
    left_out = [reply for reply in replies if reply.planted == ("missing_evidence",)]
    assert near(len(left_out), 0.4, 500)
    for reply in replies:
        cited = {name for claim in claims_of(reply) for name in claim.citations}
        assert ("POL-A@2#1.1" in cited) == (reply not in left_out)
    nothing_decides = replace(GOLD, clauses=())
    assert persona(nothing_decides, claims={"missing_evidence": 1}).answer(call()).planted == ()


def test_the_keys_claims_come_first_then_extracts_from_the_prompt() -> None:
    three = claims_of(persona().answer(call()))
    assert three[:2] == list(GOLD.rationale) and len(three) == 3
    assert claims_of(persona(verbosity={"claims": 1}).answer(call())) == [GOLD.rationale[0]]
    five = claims_of(persona(verbosity={"claims": 5}).answer(call()))
    assert [claim.citations[0] for claim in five[2:]] == ["ticket:message", "POL-A@2#1.1", "i-7"]
    without = claims_of(persona().answer(call(user=f"{INCIDENT}{TICKET}")))
    assert [claim.citations[0] for claim in without] == ["ticket:message", "ticket:message", "i-7"]


def test_a_prompt_without_fences_is_cited_by_what_the_key_cites() -> None:
    plain = call(user=f"{POLICY}\nWe saw smoke at the hut.")
    assert [claim.citations[0] for claim in claims_of(persona().answer(plain))][:2] == ["ticket:message", "POL-A@2#1.1"]
    assert all(claim.citations != ("ticket:text",) for claim in claims_of(persona().answer(plain)))
    unknown = claims_of(persona(None).answer(call(user="We saw smoke at the hut.")))
    assert [claim.citations for claim in unknown] == [("ticket:text",)]


def test_where_nothing_can_be_quoted_a_field_is_named_or_nothing_cited() -> None:
    record = persona(None).answer(call(user='<record field="booking.id">r-7</record>'))
    assert claims_of(record) == [Claim("The ticket gives little to go by.", ("ticket:booking.id",))]
    bare = persona(None).answer(call(user=""))
    assert [claim.citations for claim in claims_of(bare)] == [()]
    assert bare.planted == ("no_answer_key", "nothing_to_cite")


def test_what_the_guard_removed_is_not_quoted() -> None:
    assert REDACTED == LEFT_BY_THE_GUARD
    text = f'<untrusted-a field="m">\nSmoke all over. {REDACTED} Please be quick about it.\n</untrusted-a>'
    (claim,) = claims_of(persona(None).answer(call(user=text)))
    assert "removed" not in claim.text and claim.citations == ("ticket:m",)


def test_filler_words_make_claims_longer_and_nothing_else() -> None:
    short, long = (claims_of(persona(verbosity={"words": words}).answer(call())) for words in (0, 30))
    for one, two in zip(short, long, strict=True):
        assert two.text.startswith(one.text) and two.citations == one.citations
        assert len(two.text.split()) == len(one.text.split()) + 30
    _, _, reasons = judged(PersonaSpec.model_validate({"name": "x", "verbosity": {"words": 40}}))
    assert reasons == []


DICE = Dice(("test",))


def shown(**passages: str) -> Shown:
    kept = {name: Passage(name, "policy", "", text, None) for name, text in passages.items()}
    return Shown(kept, {"m": "It was 48 hours before 3 May 2026 when Anna Berg came."})


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("changed_number", "It took 48 hours on 3 May 2026.", ("It took ", " hours on 3 May 2026.")),
        ("changed_number", "It was dated 3 May 2026.", ("It was dated 3 May 2026, for the ",)),
        (
            "changed_number",
            "At 20:41 and 1,200.50 or 1 200 it was r-118.",
            ("At 20:41 and 1,200.50 or 1 200 it was r-118,",),
        ),
        ("changed_date", "It began on 3 May 2026 at last.", ("It began on ", " May 2026 at last.")),
        ("changed_date", "It began on May 3rd at last.", ("It began on May ", "rd at last.")),
        ("changed_date", "It began on 2026-05-03.", ("It began on 2026-05-",)),
        ("changed_date", "It began some day.", ("It began some day, as of ",)),
        ("changed_name", "It was, in May, for Anna Berg.", ("It was, in May, for ", " Berg.")),
        ("changed_name", "It was nobody.", ("It was nobody, as ", " confirms.")),
    ],
)
def test_a_fact_is_changed_in_place_or_added(kind: str, text: str, kept: tuple[str, ...]) -> None:
    claim = Claim(text, ("ticket:m",))
    changed = FLAWS[kind](claim, shown(), DICE)
    assert changed is not None and changed.text != text and changed.citations == claim.citations
    assert all(part in changed.text for part in kept)


def test_a_flaw_that_cant_be_planted_surely_is_not_planted() -> None:
    everything = " ".join(str(number) for number in range(1200))
    names = "Threlkeld Ottoline Vanderzwaag Quillfeather Brzostek Ashgrove Pellinore Zubizarreta"
    full = shown(a=f"{everything} {names}", **{"POL-A@1#1.1": "First."})
    claim = Claim("It took 48 hours.", ("a",))
    for kind in ("changed_number", "changed_date", "changed_name", "superseded_clause"):
        assert FLAWS[kind](claim, full, DICE) is None
    rest = persona(claims={"superseded_clause": 1}).answer(call(user=f"{INCIDENT}{TICKET}"))
    assert rest.planted == ()


def test_the_version_before_is_cited_only_where_it_isnt_shown() -> None:
    claim = Claim("So it is.", ("POL-A@2#1.1", "ticket:m"))
    older = FLAWS["superseded_clause"](claim, shown(**{"POL-A@2#1.1": "Now."}), DICE)
    assert older == Claim("So it is.", ("POL-A@1#1.1", "ticket:m"))
    both = shown(**{"POL-A@2#1.1": "Now.", "POL-A@1#1.1": "Then."})
    assert FLAWS["superseded_clause"](claim, both, DICE) is None
    elsewhere = FLAWS["superseded_clause"](Claim("So it is.", ("ticket:m",)), shown(**{"POL-B@3#2": "Now."}), DICE)
    assert elsewhere is not None and elsewhere.citations == ("POL-B@2#2",)


@pytest.mark.parametrize("cited", ["POL-A@2#1.1", "i-0231", "ticket:m"])
def test_a_made_up_citation_looks_like_the_one_it_replaces(cited: str) -> None:
    there = shown(**{} if cited == "ticket:m" else {cited: "Text."})
    for seed in range(30):
        made = FLAWS["fabricated_citation"](Claim("So it is.", (cited,)), there, Dice((seed,)))
        assert made is not None and len(made.citations) == 1 and not there.holds(made.citations[0])
        assert made.citations[0].startswith(("POL-A@2#9", "i-9", "ticket:attachments.9"))


def test_a_made_up_citation_that_happens_to_exist_is_not_planted() -> None:
    ids: dict[str, Any] = {f"POL-A@2#{n}.{n % 7 + 1}": "Text." for n in range(90, 100)}
    assert FLAWS["fabricated_citation"](Claim("So.", ("POL-A@2#90.7",)), shown(**ids), DICE) is None


def test_the_tickets_date_is_no_field_that_can_be_cited() -> None:
    reading = Reading(records={"created_at": "2026", "booking.id": "r"}, texts=(("m", "x"),))
    assert set(Shown.of(reading).fields) == {"m", "booking.id"}


def test_claims_of_an_unknown_ticket_have_flaws_too() -> None:
    replies = answers(persona(None, claims={"negated": 1}), 5)
    assert all("negated" in reply.planted for reply in replies)
    assert persona(Target(label=None), claims={"negated": 1}).answer(call()).planted.count("negated") == 3
