"""What a retriever answers: kinds, order, modes, and defined results for every odd query."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.corpus import Corpus, Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import Mode, Retriever, open_index

from .conftest import Open
from .corpora import Scatter, corpus, incident, policy, small_corpus

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
JUNE = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[Mode, Retriever]:
    of = small_corpus()
    index = open_index(of, embedder=HashingEmbedder(), home=tmp_path_factory.mktemp("home"))
    return {mode: Retriever(index, of, mode=mode) for mode in MODES}


@pytest.mark.parametrize("mode", MODES)
def test_policies_come_first_then_incidents_each_by_falling_score(shared: dict[Mode, Retriever], mode: Mode) -> None:
    answer = shared[mode].retrieve("a bank transfer to the host", as_of=JUNE, policies=3, incidents=3)
    kinds = [evidence.kind for evidence in answer]
    assert kinds == sorted(kinds, reverse=True)
    for kind in ("policy", "incident"):
        scores = [evidence.score for evidence in answer if evidence.kind == kind]
        assert scores
        assert scores == sorted(scores, reverse=True)
    best = [next(e.id for e in answer if e.kind == kind) for kind in ("policy", "incident")]
    assert best == ["PAY@1#1.1", "i-1"]


def test_evidence_carries_title_text_and_a_single_label(shared: dict[Mode, Retriever]) -> None:
    answer = {e.id: e for e in shared["hybrid"].retrieve("party", as_of=None, policies=9, incidents=9)}
    assert answer["PAY@2#1.1"].title == "Policy PAY: Rule"
    assert answer["PAY@2#1.1"].text == "New rule on bank transfers."
    assert answer["PAY@2#1.1"].label == "fraud"
    assert answer["PTY@1#1.1"].label is None
    assert (answer["i-2"].kind, answer["i-2"].label) == ("incident", "party")
    assert sorted(answer) == ["PAY@2#1.1", "PAY@2#1.2", "PTY@1#1.1", "i-1", "i-2", "i-3"]


@pytest.mark.parametrize("mode", MODES)
def test_the_two_searches_are_the_halves_of_retrieve(shared: dict[Mode, Retriever], mode: Mode) -> None:
    retriever, query = shared[mode], "bank transfer party"
    halves = (
        *retriever.search_policies(query, as_of=JUNE, k=2),
        *retriever.search_incidents(query, as_of=JUNE, k=2, exclude=["i-1"]),
    )
    assert halves == retriever.retrieve(query, as_of=JUNE, policies=2, incidents=2, exclude=["i-1"])


@pytest.mark.parametrize("mode", MODES)
def test_an_excluded_incident_is_never_returned_and_another_takes_its_place(
    shared: dict[Mode, Retriever], mode: Mode
) -> None:
    query = "The host asked for a bank transfer in another country."
    assert [e.id for e in shared[mode].search_incidents(query, as_of=None, k=1)] == ["i-1"]
    assert [e.id for e in shared[mode].search_incidents(query, as_of=None, k=1, exclude={"i-1"})] == ["i-3"]
    assert shared[mode].search_incidents(query, as_of=None, k=5, exclude={"i-1", "i-2", "i-3"}) == ()


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_visible_before_everything(shared: dict[Mode, Retriever], mode: Mode) -> None:
    answer = shared[mode].retrieve("bank transfer", as_of=datetime(2001, 1, 1, tzinfo=UTC), policies=5, incidents=5)
    assert [evidence.id for evidence in answer] == ["i-3"]


@pytest.mark.parametrize("query", ["", "   \n", "?! …", "\u200b"])
@pytest.mark.parametrize("mode", MODES)
def test_a_query_without_words_finds_nothing(shared: dict[Mode, Retriever], mode: Mode, query: str) -> None:
    assert shared[mode].retrieve(query, as_of=None, policies=5, incidents=5) == ()


def test_a_query_of_stop_words_finds_nothing_by_words_and_something_by_meaning(shared: dict[Mode, Retriever]) -> None:
    counts = {mode: len(shared[mode].retrieve("and the of it", as_of=None, policies=9, incidents=9)) for mode in MODES}
    assert counts == {"lexical": 0, "dense": 6, "hybrid": 6}


@pytest.mark.parametrize("mode", MODES)
def test_none_asked_for_is_none_given(shared: dict[Mode, Retriever], mode: Mode) -> None:
    assert shared[mode].retrieve("party", as_of=None, policies=0, incidents=0) == ()


@pytest.mark.parametrize(("policies", "incidents", "named"), [(-1, 2, "-1 policies"), (2, -3, "-3 incidents")])
def test_a_negative_number_is_a_usage_error(
    shared: dict[Mode, Retriever], policies: int, incidents: int, named: str
) -> None:
    with pytest.raises(UsageError, match=f"{named} asked for; ask for 0 or more"):
        shared["hybrid"].retrieve("party", as_of=None, policies=policies, incidents=incidents)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_corpus_answers_with_nothing(open_retriever: Open, mode: Mode) -> None:
    retriever = open_retriever(Corpus(), mode=mode)
    assert retriever.retrieve("party", as_of=JUNE, policies=5, incidents=5) == ()


@pytest.mark.parametrize("mode", MODES)
def test_a_corpus_of_one_kind_answers_with_that_kind(open_retriever: Open, mode: Mode) -> None:
    policies = open_retriever(corpus(policy("P", 1, ["a party"])), mode=mode)
    assert [e.id for e in policies.retrieve("party", as_of=JUNE, policies=2, incidents=2)] == ["P@1#1.1"]
    incidents = open_retriever(corpus(incident("i", "a party")), mode=mode)
    assert [e.id for e in incidents.retrieve("party", as_of=JUNE, policies=2, incidents=2)] == ["i"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(exclude_categories=()), max_size=80) | st.text('")(*:^~[]{}\\/+-&|!? ANDORTO\0', max_size=20)
)
def test_any_text_is_a_query_and_never_a_syntax(shared: dict[Mode, Retriever], query: str) -> None:
    for mode in MODES:
        for evidence in shared[mode].retrieve(query, as_of=JUNE, policies=9, incidents=9):
            assert evidence.id in {"PAY@1#1.1", "PAY@1#1.2", "PTY@1#1.1", "i-1", "i-3"}


@pytest.mark.parametrize(
    "query", ['")(*: transfer', "transfer AND NOT transfer", "body:transfer^-9", "number:[0 TO 1] transfer"]
)
def test_the_words_of_a_hostile_query_are_found_all_the_same(shared: dict[Mode, Retriever], query: str) -> None:
    assert {e.id for e in shared["lexical"].search_incidents(query, as_of=None, k=9)} == {"i-1", "i-3"}


def test_words_match_by_their_stem_whatever_their_case(shared: dict[Mode, Retriever]) -> None:
    answer = shared["lexical"].search_policies("SUSPENDING listings", as_of=None, k=9)
    assert [evidence.id for evidence in answer] == ["PAY@2#1.2"]


def test_a_word_counts_once_however_often_the_query_repeats_it(shared: dict[Mode, Retriever]) -> None:
    once = shared["lexical"].search_incidents("transfer party", as_of=None, k=9)
    assert shared["lexical"].search_incidents("transfer " * 40 + "party", as_of=None, k=9) == once


def test_other_languages_are_searched_by_their_words(open_retriever: Open) -> None:
    of = corpus(incident("de", "Der Gastgeber verlangt eine Überweisung."), incident("ja", "騒音 の 苦情"))
    retriever = open_retriever(of, mode="lexical")
    assert [e.id for e in retriever.search_incidents("ÜBERWEISUNG?", as_of=None, k=2)] == ["de"]
    assert [e.id for e in retriever.search_incidents("苦情", as_of=None, k=2)] == ["ja"]


def test_an_enormous_query_is_cut_not_refused(shared: dict[Mode, Retriever]) -> None:
    query = "transfer " + " ".join(f"w{n}" for n in range(200_000)) + " party"
    assert [e.id for e in shared["lexical"].search_incidents(query, as_of=None, k=9)] == ["i-1", "i-3"]
    assert len(shared["hybrid"].search_incidents(query, as_of=None, k=9)) == 3


def test_titles_and_labels_with_lone_surrogates_are_indexed(open_retriever: Open) -> None:
    row = Incident(id="i", title="a \udfff party", narrative="in the flat", label="p\ud800")
    for mode in MODES:
        (first,) = open_retriever(corpus(row), mode=mode).search_incidents("party", as_of=None, k=1)
        assert (first.title, first.label) == ("a \udfff party", "p\ud800")


def test_hybrid_finds_what_only_words_and_what_only_meaning_find(open_retriever: Open) -> None:
    of = corpus(*(incident(f"i-{n}", f"text {n} q{n}") for n in range(200)))
    by_words = open_retriever(of, mode="lexical", embedder=Scatter()).search_incidents("q7", as_of=None, k=5)
    by_meaning = open_retriever(of, mode="dense", embedder=Scatter()).search_incidents("q7", as_of=None, k=5)
    both = open_retriever(of, embedder=Scatter()).search_incidents("q7", as_of=None, k=60)
    assert [e.id for e in by_words] == ["i-7"]
    assert {e.id for e in by_words + by_meaning} <= {e.id for e in both}


def test_equal_passages_are_in_the_order_of_the_corpus(open_retriever: Open) -> None:
    of = corpus(*(incident(f"i-{n}", "the same text") for n in range(30)))
    for mode in MODES:
        answer = open_retriever(of, mode=mode).search_incidents("same text", as_of=None, k=30)
        assert [e.id for e in answer] == [f"i-{n}" for n in range(30)]


def test_the_index_of_another_corpus_is_refused(tmp_path: Path) -> None:
    index = open_index(small_corpus(), embedder=HashingEmbedder(), home=tmp_path)
    with pytest.raises(UsageError, match="this index is of another corpus; open the index of this corpus"):
        Retriever(index, Corpus())
