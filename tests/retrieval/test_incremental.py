"""An index over an older one: only what is new is embedded, what is gone is gone, and answers are those of a fresh one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.corpus import Corpus
from harness.embeddings import HashingEmbedder
from harness.retrieval import Index, Mode, Retriever, check_index, open_index
from tests.commands import environment

from .corpora import corpus, incident, policy
from .test_slack import corpus as many
from .test_slack import slack

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
WORDS = "oil cleat berth chain rope sheen invoice pontoon gale anchor".split()


class Counting(HashingEmbedder):
    """Hashing that keeps the texts it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


def rules(*texts: str, version: int = 1, start: date = date(2025, 1, 1), end: date | None = None) -> object:
    return policy("PAY", version, texts, start=start, end=end)


def opened(of: Corpus, home: Path, embedder: HashingEmbedder | None = None) -> Index:
    return open_index(of, embedder=embedder or HashingEmbedder(), home=home)


def answers(index: Index, of: Corpus, query: str = "oil chain invoice gale") -> list[list[tuple[str, float]]]:
    found = (Retriever(index, of, mode=mode).retrieve(query, as_of=None, policies=9, incidents=9) for mode in MODES)
    return [[(one.id, one.score) for one in answer] for answer in found]


def test_changing_one_clause_embeds_that_clause_alone(tmp_path: Path) -> None:
    others = [policy(f"P{n}", 1, [f"rule {n} on {word}" for word in WORDS]) for n in range(3)]
    opened(corpus(policy("PAY", 1, ["a boom", "a rope"]), *others), tmp_path).tidy()
    embedder = Counting()
    changed = corpus(policy("PAY", 1, ["a boom", "two ropes"]), *others)
    index = opened(changed, tmp_path, embedder)
    assert embedder.asked == ["Policy PAY: Rule\ntwo ropes"]
    assert index.manifest.churn == 1
    assert check_index(changed, embedder=HashingEmbedder(), home=tmp_path) == []


def test_a_policy_that_was_deleted_is_found_no_more(tmp_path: Path) -> None:
    kept = [policy(f"P{n}", 1, [f"rule {n} on {word}" for word in WORDS]) for n in range(3)]
    opened(corpus(policy("GONE", 1, ["the boom of oil"]), *kept), tmp_path).tidy()
    of = corpus(*kept)
    embedder = Counting()
    index = opened(of, tmp_path, embedder)
    assert embedder.asked == []
    assert index.dense["policies"].search(HashingEmbedder().embed(["boom"])[0], admitted=np.ones(30, np.bool_), k=30)
    assert "GONE@1#1.1" not in {id for answer in answers(index, of, "the boom of oil") for id, _ in answer}
    assert index.collections["policies"].count() == 30


def test_a_version_that_only_ends_the_one_before_it_needs_no_new_index(tmp_path: Path) -> None:
    before = corpus(policy("PAY", 1, ["a boom", "a rope"]))
    after = corpus(
        policy("PAY", 1, ["a boom", "a rope"], end=date(2026, 1, 1)),
        policy("PAY", 2, ["a boom", "a rope"], start=date(2026, 1, 1)),
    )
    embedder = Counting()
    first, second = opened(before, tmp_path), opened(after, tmp_path, embedder)
    assert (second.folder, embedder.asked) == (first.folder, [])
    found = Retriever(second, after).search_policies("boom", as_of=None, k=9)
    assert [one.id for one in found] == ["PAY@2#1.1", "PAY@2#1.2"]


TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
STATES = st.lists(st.lists(TEXTS, min_size=1, max_size=12), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(STATES, st.lists(TEXTS, min_size=0, max_size=6))
def test_whatever_was_edited_before_an_index_answers_as_a_fresh_one(
    tmp_path_factory: pytest.TempPathFactory, states: list[list[str]], cases: list[str]
) -> None:
    home = tmp_path_factory.mktemp("edits")
    for number, texts in enumerate(states):
        of = corpus(
            policy("P", 1, texts), *(incident(f"i-{n}", text) for n, text in enumerate(cases[: len(cases) - number]))
        )
        grown = opened(of, home)
        got = answers(grown, of)
        assert check_index(of, embedder=HashingEmbedder(), home=home) == []
        grown.tidy()
    fresh = opened(of, tmp_path_factory.mktemp("fresh"))
    assert got == answers(fresh, of)
    fresh.tidy()


def test_vectors_are_filled_anew_where_much_was_taken_out(tmp_path: Path) -> None:
    texts = [f"rule {n}" for n in range(20)]
    opened(corpus(policy("P", 1, texts)), tmp_path).tidy()
    few = opened(corpus(policy("P", 1, [*texts[4:], *"abcd"])), tmp_path)
    assert few.manifest.churn == 4
    few.tidy()
    assert opened(corpus(policy("P", 1, [*texts[6:], *"abcdef"])), tmp_path).manifest.churn == 0


@pytest.mark.parametrize("lost", ["policies.npy", "rows.json", "vectors"])
def test_an_older_index_that_is_damaged_is_not_begun_from(tmp_path: Path, lost: str) -> None:
    import shutil

    first = opened(corpus(policy("P", 1, ["a boom", "a rope", "a chain", "a gale", "a berth"])), tmp_path)
    first.tidy()
    if lost == "vectors":
        shutil.rmtree(first.folder / first.manifest.vectors)
    else:
        (first.folder / lost).write_text("{")
    of = corpus(policy("P", 1, ["a boom", "a rope", "a chain", "a gale", "a berth", "an anchor"]))
    index = opened(of, tmp_path)
    assert check_index(of, embedder=HashingEmbedder(), home=tmp_path) == []
    assert len(answers(index, of)[1]) == 6


def test_what_is_no_vector_is_zero_after_a_change_too(tmp_path: Path) -> None:
    whole = many(1300)
    opened(whole, tmp_path).tidy()
    changed = Corpus(incidents=whole.incidents[5:])
    index = opened(changed, tmp_path)
    assert index.manifest.churn == 5
    index.tidy()
    elements, dirty = slack(index.folder)
    assert elements > 1000 and dirty == 0


def test_only_the_indexes_that_were_opened_last_are_kept(tmp_path: Path) -> None:
    for number in range(7):
        opened(corpus(incident("i", f"text {number}")), tmp_path).tidy()
        time.sleep(0.01)
    assert len(list((tmp_path / "index").iterdir())) == 4
    embedder = Counting()
    opened(corpus(incident("i", "text 6")), tmp_path, embedder)
    assert embedder.asked == []


def test_an_index_that_is_in_use_is_not_removed(tmp_path: Path) -> None:
    of = corpus(incident("i", "oil"))
    used = opened(of, tmp_path)
    for number in range(6):
        opened(corpus(incident("i", f"text {number}")), tmp_path).tidy()
    assert used.folder.is_dir()
    assert len(answers(used, of)[0]) == 1
    used.tidy()
    opened(corpus(incident("i", "one more")), tmp_path).tidy()
    assert not used.folder.exists()


SLOW = """
import pathlib, sys, time
from harness.corpus import Corpus, Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import open_index
class Slow(HashingEmbedder):
    def embed(self, texts):
        print("embedding", len(texts), flush=True)
        time.sleep(60)
rows = [Incident(id=f"i-{n}", narrative=f"oil {n}", label="x") for n in range(6)]
open_index(Corpus(incidents=tuple((row, "f:1") for row in rows)), embedder=Slow(), home=pathlib.Path(sys.argv[1]))
"""


def test_a_build_in_another_process_that_is_killed_leaves_the_old_index_serving(tmp_path: Path) -> None:
    old = corpus(*(incident(f"i-{n}", f"oil {n}") for n in range(5)))
    new = corpus(*(incident(f"i-{n}", f"oil {n}") for n in range(6)))
    opened(old, tmp_path).tidy()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "embedding 1\n"
    serving = opened(old, tmp_path)
    assert len(answers(serving, old)[0]) == 5
    drafts = list((tmp_path / "index").glob(".*.new"))
    opened(corpus(incident("i", "another")), tmp_path).tidy()
    assert drafts and all(draft.is_dir() for draft in drafts)  # its builder lives, so nobody cleans it away
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(answers(serving, old)[0]) == 5
    serving.tidy()
    after = opened(new, tmp_path)
    assert len(answers(after, new)[0]) == 6
    assert not list((tmp_path / "index").glob(".*"))


def test_where_a_shelf_is_new_vectors_are_filled_anew(tmp_path: Path) -> None:
    opened(corpus(incident("i", "oil")), tmp_path).tidy()
    of = corpus(incident("i", "oil"), policy("P", 1, ["a boom"]))
    embedder = Counting()
    index = opened(of, tmp_path, embedder)
    assert embedder.asked == ["Policy P: Rule\na boom"] and index.manifest.churn == 0
    assert check_index(of, embedder=HashingEmbedder(), home=tmp_path) == []


def test_of_several_older_indexes_the_nearest_is_begun_from(tmp_path: Path) -> None:
    texts = [f"rule {n}" for n in range(12)]
    opened(corpus(policy("P", 1, texts[:4])), tmp_path).tidy()
    opened(corpus(policy("P", 1, texts[:11])), tmp_path).tidy()
    opened(corpus(policy("P", 1, texts[8:10])), tmp_path).tidy()
    embedder = Counting()
    opened(corpus(policy("P", 1, texts)), tmp_path, embedder).tidy()
    assert embedder.asked == ["Policy P: Rule\nrule 11"]
