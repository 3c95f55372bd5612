import json
from datetime import datetime

import pytest

from harness.claims import VERDICTS, Resolved, Resolver, verify
from harness.core.ticket import Ticket
from harness.core.types import Claim
from harness.corpus import load_corpus
from tests.places import ROOT, TICKETS

KNOWN = {
    "fee": Resolved("fee", "ok", "Fees", "The fee is 40 EUR. Hosts must “answer within two days”."),
    "pets": Resolved("pets", "ok", "Pets in Lisbon", "Two dogs are allowed."),
    "old": Resolved("old", "not_in_force", "Fees", "The fee is 30 EUR."),
    "unseen": Resolved("unseen", "not_in_context", "Fees", "The fee is 20 EUR."),
}


def judged(text: str, *citations: str) -> tuple[str, str]:
    found = verify(Claim(text, citations), lambda name: KNOWN.get(name, Resolved(name, "missing")))
    assert found.claim == Claim(text, citations)
    assert found.verdict in VERDICTS
    return found.verdict, found.reason


def test_a_claim_whose_citations_and_facts_check_out_is_supported() -> None:
    assert judged("The fee is 40 EUR.", "fee") == ("supported", "every citation and fact checks out")


def test_a_claim_that_cites_nothing_is_unsupported() -> None:
    assert judged("The fee is 40 EUR.") == ("unsupported", "it cites nothing")


@pytest.mark.parametrize(
    ("citation", "verdict", "reason"),
    [
        ("gone", "fabricated_citation", "'gone' doesn't exist"),
        ("old", "wrong_version", "'old' was not in force at the ticket's date"),
        ("unseen", "wrong_citation", "'unseen' was not in the context"),
    ],
)
def test_a_wrong_citation_decides_even_beside_good_ones(citation: str, verdict: str, reason: str) -> None:
    assert judged("The fee is 40 EUR.", "fee", citation) == (verdict, reason)
    assert judged("The fee is 99 EUR.", citation, "fee") == (verdict, reason)


def test_the_worst_citation_decides_wherever_it_stands() -> None:
    assert judged("So.", "unseen", "old", "gone")[0] == "fabricated_citation"
    assert judged("So.", "unseen", "old")[0] == "wrong_version"


def test_a_fact_that_no_citation_holds_is_a_wrong_value_named_in_the_reason() -> None:
    assert judged("The fee is 50 EUR.", "fee", "pets") == ("wrong_value", "not in what it cites: number '50'")


def test_facts_may_come_from_several_citations_and_from_titles() -> None:
    assert judged("For two dogs in Lisbon the fee is 40 EUR.", "fee", "pets")[0] == "supported"
    assert judged("For two dogs in Lisbon the fee is 40 EUR.", "fee")[0] == "wrong_value"


def test_words_quoted_that_do_not_stand_there_are_unsupported() -> None:
    assert judged("Hosts must “answer within two days”.", "fee")[0] == "supported"
    assert judged("Hosts must “reply within two days”.", "fee") == (
        "unsupported",
        "no such words in what it cites: 'reply within two days'",
    )


def test_all_verdicts_are_listed_and_only_the_first_is_good() -> None:
    assert VERDICTS[0] == "supported"
    assert len(set(VERDICTS)) == 7


def test_every_claim_of_the_shipped_rationales_is_supported_by_what_it_cites() -> None:
    corpus = load_corpus(policies=ROOT / "corpora" / "policies", incidents=ROOT / "corpora" / "incidents")
    wrong = []
    for line in TICKETS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        fields = Ticket.model_validate(row["input"]).to_case().fields
        moment = datetime.fromisoformat(row["input"]["created_at"])
        resolve = Resolver(corpus=corpus, fields=fields, context=None, as_of=moment)
        for claim in row["target"]["rationale"]:
            found = verify(Claim(claim["text"], tuple(claim["citations"])), resolve)
            if found.verdict != "supported":
                wrong.append((row["id"], claim["text"], found.reason))
    assert wrong == []
