"""Hybrid retrieval on public questions over public rules, where they are at hand."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.corpus import Corpus, Incident
from harness.embeddings import load_embedder
from harness.retrieval import Mode, Retriever, open_index

from .corpora import SHARED

FOLDER = SHARED / "orsharc"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/data/orsharc is not here")
def test_hybrid_ranks_the_rule_that_answers_better_than_either_half(tmp_path: Path) -> None:
    of = Corpus(
        incidents=tuple(
            (Incident(id=r["id"], narrative=r["text"], label="rule"), "corpus") for r in rows("corpus.jsonl")
        )
    )
    right = {row["query_id"]: row["doc_id"] for row in rows("qrels_dev.jsonl")}
    queries = rows("queries_dev.jsonl")[::4]
    embedder = load_embedder("minilm", cache_dir=None)
    embedder.embed([query["text"] for query in queries])
    index = open_index(of, embedder=embedder, home=tmp_path)
    scores: dict[Mode, float] = {}
    for mode in ("hybrid", "dense", "lexical"):
        retriever = Retriever(index, of, mode=mode)
        gains = []
        for query in queries:
            ids = [e.id for e in retriever.search_incidents(query["text"], as_of=None, k=10)]
            gains.append(1 / math.log2(ids.index(right[query["id"]]) + 2) if right[query["id"]] in ids else 0.0)
        scores[mode] = sum(gains) / len(gains)
    assert scores["dense"] > 0.74
    assert scores["lexical"] > 0.74
    assert scores["hybrid"] > max(scores["dense"], scores["lexical"]) + 0.02
