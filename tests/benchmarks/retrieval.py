"""Embedding, indexing and searching at 1,000, 10,000 and 100,000 clauses, with the as-of filter.

Texts are sentences of the shipped policies, drawn anew; half of all clauses are in force on the day that is asked for.
At 1,000 and 10,000 vectors are MiniLM's own. At 100,000, where it would take ten minutes, they are drawn with the mean and
covariance of the 10,000: pure noise would be too hard for a graph, and few clusters too easy.
"""

import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.corpus import Clause, Corpus, Policy, load_corpus
from harness.corpus.policies import PolicyHead
from harness.embeddings import Embedder, MiniLM, load_embedder
from harness.retrieval import Index, Mode, Retriever, open_index
from tests.benchmarks.figures import Figure

T = TypeVar("T")
_ROOT = Path(__file__).resolve().parents[2]
_CLAUSES = 10
_MIDDLE, _LARGEST = 10_000, 100_000
_QUERIES = 100
_DAY = datetime(2026, 6, 1, 12, tzinfo=UTC)
_MODES: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
_LIMITS = {_MIDDLE: 15.0, _LARGEST: 60.0}


def measure() -> Iterator[Figure]:
    """Each size in a process of its own, so that memory can be told apart."""
    yield _embedding()
    with tempfile.TemporaryDirectory() as folder:
        for size in (1_000, _MIDDLE, _LARGEST):
            code = f"from tests.benchmarks.retrieval import main; main({size}, {folder!r})"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=_ROOT, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            yield from (Figure(**row) for row in json.loads(done.stdout))


def main(size: int, folder: str) -> None:
    """Print the figures of one size as JSON."""
    rows: list[dict[str, object]] = []
    home = Path(folder) / str(size)
    corpus = _corpus(size)
    embedder: Embedder = load_embedder("minilm", cache_dir=Path(folder) / "vectors")
    if size == _LARGEST:
        embedder = Cloud(np.load(Path(folder) / str(_MIDDLE) / "sample.npy"), corpus)
    elif size == _MIDDLE:
        embedder = load_embedder("minilm", cache_dir=None)
    index, taken = _timed(lambda: open_index(corpus, embedder=embedder, home=home))
    name = f"index {size:,} clauses"
    rows.append({"name": name, "value": taken, "unit": "s", "limit": 120 if size == _MIDDLE else None,
                 "note": "vectors drawn" if size == _LARGEST else "from nothing, embedding included"})  # fmt: skip
    if size == _MIDDLE:
        np.save(home / "sample.npy", np.load(index.folder / "policies.npy"))
        _, taken = _timed(lambda: open_index(corpus, embedder=embedder, home=home, rebuild=True))
        rows.append({"name": f"{name}, vectors cached", "value": taken, "unit": "s", "limit": 15})
    changed = _changed(corpus)
    if size == _LARGEST:
        embedder = Cloud(np.load(Path(folder) / str(_MIDDLE) / "sample.npy"), changed)
    index, taken = _timed(lambda: open_index(changed, embedder=embedder, home=home))
    rows.append({"name": f"  one policy of {size // _CLAUSES:,} changed", "value": taken, "unit": "s",
                 "limit": 1 if size == _MIDDLE else None, "note": f"{_CLAUSES} of {size:,} clauses"})  # fmt: skip
    rows += _searches(index, changed, size)
    rows.append({"name": "  on disk", "value": _bytes(index.folder) / 1e6, "unit": "MB"})
    rows.append({"name": "  memory after these searches", "value": _memory(), "unit": "MB", "note": "of the process"})
    index.tidy()
    print(json.dumps(rows))


def _embedding() -> Figure:
    texts = [" ".join(clause.text for clause in policy.clauses)[:2000] for policy in _corpus(240).policies]
    texts = [" ".join(text.split()[start : start + 80]) for text in texts for start in range(0, 160, 20)][:200]
    model = MiniLM()
    model.embed(texts[:4])
    taken = min(_timed(lambda: model.embed(texts))[1] for _ in range(3))
    words = sum(len(text.split()) for text in texts) / len(texts)
    return Figure(
        "MiniLM, texts embedded",
        len(texts) / taken,
        "/s",
        note=f"best of 3 x {len(texts)} of {words:.0f} words",
        at_least=120,
    )


def _searches(index: Index, corpus: Corpus, size: int) -> Iterator[dict[str, object]]:
    """Median and 95th percentile of each mode as of a day, without embedding the query; and recall of the dense half."""
    queries = _sentences(seed=9)[:_QUERIES]
    index.embedder.embed(queries)
    for mode in _MODES:
        retriever = Retriever(index, corpus, mode=mode)
        retriever.search_policies(queries[0], as_of=_DAY, k=10)
        times = [_timed(partial(retriever.search_policies, query, as_of=_DAY, k=10))[1] * 1000 for query in queries]
        note = f"{len(queries)} queries, k 10, as of a day"
        yield {"name": f"  {mode}, p50", "value": float(np.median(times)), "unit": "ms", "note": note}
        yield {"name": f"  {mode}, p95", "value": float(np.quantile(times, 0.95)), "unit": "ms",
               "limit": _LIMITS.get(size) if mode == "hybrid" else None}  # fmt: skip
    yield from _recall(index, queries)


def _recall(index: Index, queries: Sequence[str]) -> Iterator[dict[str, object]]:
    """Of the 50 nearest in force, and of the 50 nearest of all, how many are found."""
    shelf, dense = index.shelves["policies"], index.dense["policies"]
    for what, admitted in (("as of a day", shelf.admitted(_DAY)), ("of all", np.ones(len(shelf), np.bool_))):
        rows = shelf.rows_with(admitted)
        shares = []
        for vector in index.embedder.embed(queries):
            best = {row for row, _ in dense.exhaustive(vector, admitted=rows, k=50)}
            shares.append(len(best & {row for row, _ in dense.search(vector, admitted=rows, k=50)}) / len(best))
        note = "against an exhaustive search"
        yield {
            "name": f"  dense, recall@50 {what}",
            "value": float(np.mean(shares)),
            "unit": "",
            "at_least": 0.99,
            "note": note,
        }


class Cloud:
    """Vectors with the mean and covariance of others, one for each clause of a corpus; a query is near some clause."""

    name, dim = "cloud-384", 384

    def __init__(self, like: NDArray[np.float32], corpus: Corpus) -> None:
        self._mean, centred = like.mean(axis=0), like - like.mean(axis=0)
        self._root = np.linalg.svd(centred / np.sqrt(len(like)), full_matrices=False)
        self._seed = len(corpus.policies)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows drawn in the order in which they are asked for."""
        _, sizes, axes = self._root
        seed = [self._seed, len(texts), zlib.crc32(texts[0].encode())]
        drawn = np.random.default_rng(seed).standard_normal((len(texts), len(sizes)), np.float32)
        rows = (self._mean + (drawn * sizes.astype(np.float32)) @ axes).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _sentences(*, seed: int) -> list[str]:
    corpus = load_corpus(policies=_ROOT / "corpora" / "policies", incidents=None)
    found = sorted({s for policy in corpus.policies for clause in policy.clauses for s in clause.text.split(". ")})
    np.random.default_rng(seed).shuffle(found)
    return found


def _corpus(size: int) -> Corpus:
    """Policies of ten clauses of three sentences; every other one ended before the day that is asked for."""
    sentences = _sentences(seed=1)
    rng = np.random.default_rng(size)
    policies = []
    for number in range(size // _CLAUSES):
        texts = [" ".join(sentences[pick] for pick in rng.integers(0, len(sentences), 3)) for _ in range(_CLAUSES)]
        policies.append(_policy(f"P{number}", texts, end=date(2026, 1, 1) if number % 2 else None))
    return Corpus(policies=tuple(policies))


def _policy(name: str, texts: Sequence[str], *, end: date | None) -> Policy:
    head = PolicyHead(id=name, title=f"Policy {name}", version=1, effective_from=date(2025, 1, 1), effective_to=end)
    clauses = (Clause(f"{name}@1#1.{n}", f"1.{n}", "Rules", text, "bench") for n, text in enumerate(texts, 1))
    return Policy(head=head, clauses=tuple(clauses), path=Path("bench.md"))


def _changed(corpus: Corpus) -> Corpus:
    """The corpus with other texts in its middle policy."""
    policies = list(corpus.policies)
    middle = len(policies) // 2
    policies[middle] = _policy(policies[middle].head.id, _sentences(seed=5)[:_CLAUSES], end=None)
    return Corpus(policies=tuple(policies))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    done = work()
    return done, time.perf_counter() - begun


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _memory() -> float:
    """Megabytes that the process holds, where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * 4096 / 1e6
