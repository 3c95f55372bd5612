"""Searching by hand, and ranking documents from outside: `harness search` and `harness retrieve`."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field

from harness.build.embedders import embedder_of
from harness.build.plan import planned
from harness.build.solver import build_index, build_retriever, default_home
from harness.core.errors import UsageError
from harness.core.files import Strict, read_jsonl, validate
from harness.core.moments import moment_of
from harness.core.telemetry import switch_off
from harness.corpus import Corpus, Incident, load_corpus
from harness.evaluation.suite import Retrieval

if TYPE_CHECKING:
    from harness.retrieval import Index, Match, Retriever

Kind = Literal["policy", "incident"]


@dataclass(frozen=True, slots=True)
class Found:
    """A passage for people: what it says, how it was found, and which version of how many it is."""

    id: str
    kind: Kind
    title: str
    text: str
    label: str | None
    score: float
    cosine: float | None
    bm25: float | None
    votes: float | None
    words: tuple[str, ...]
    visible_from: str | None
    visible_to: str | None
    version: int | None
    versions: tuple[int, ...]
    region: str


@dataclass(frozen=True)
class Searched:
    """What a search found, of each kind that was asked for, and how it was done."""

    found: Mapping[Kind, tuple[Found, ...]]
    mode: str
    embeddings: str
    region: str | None
    as_of: datetime | None


def parse_moment(text: str) -> datetime:
    """A day (its midnight, UTC) or a time with its zone; UsageError for anything else."""
    try:
        return moment_of(text)
    except ValueError:
        fix = "give a day (2026-05-17) or a time with its zone (2026-05-17T21:04:00Z)"
        raise UsageError(f"{text!r} is no date", where="--as-of", fix=fix) from None


def search(
    query: str, *, suite: Path, overrides: tuple[str, ...], kinds: tuple[Kind, ...], as_of: datetime | None, k: int
) -> Searched:
    """Search a suite's corpora."""
    switch_off(os.environ)
    plan = planned(suite, overrides=overrides)
    settings = plan.suite.retrieval
    index = build_index(plan, home=default_home())
    return _search(query, build_retriever(plan, index), index, plan.corpus, settings, kinds=kinds, as_of=as_of, k=k)


def search_corpora(
    query: str,
    *,
    policies: Path | None,
    incidents: Path | None,
    settings: Retrieval,
    kinds: tuple[Kind, ...],
    as_of: datetime | None,
    k: int,
) -> Searched:
    """Search corpora that are no suite's."""
    from harness.retrieval import Retriever

    switch_off(os.environ)
    corpus = load_corpus(policies=policies, incidents=incidents)
    index = _index(corpus, settings)
    retriever = Retriever(index, corpus, mode=settings.mode, region=settings.region, precedents=settings.precedents)
    return _search(query, retriever, index, corpus, settings, kinds=kinds, as_of=as_of, k=k)


def _index(corpus: Corpus, settings: Retrieval) -> "Index":
    from harness.retrieval import open_index

    home, here = default_home(), Path()
    embedder = embedder_of(settings, folder=here, where="--embeddings", cache_dir=home / "vectors")
    return open_index(corpus, embedder=embedder, home=home, chroma_url=settings.chroma)


def _search(
    query: str,
    retriever: "Retriever",
    index: "Index",
    corpus: Corpus,
    settings: Retrieval,
    *,
    kinds: tuple[Kind, ...],
    as_of: datetime | None,
    k: int,
) -> Searched:
    found: dict[Kind, tuple[Found, ...]] = {}
    for kind in kinds:
        matches = retriever.matches("policies" if kind == "policy" else "incidents", query, as_of=as_of, k=k)
        found[kind] = tuple(_found(match, query, corpus) for match in matches)
    index.tidy()
    name = index.embedder.name if index.embedder is not None else ""
    return Searched(found, settings.mode, name, settings.region, as_of)


def _found(match: "Match", query: str, corpus: Corpus) -> Found:
    passage = match.passage
    clause, incident = corpus.clause(passage.id), corpus.incident(passage.id)
    region = clause[0].head.region if clause else incident.region if incident else "all"
    return Found(
        id=passage.id,
        kind=passage.kind,
        title=passage.title,
        text=passage.text,
        label=passage.label,
        score=match.score,
        cosine=match.cosine,
        bm25=match.bm25,
        votes=match.votes,
        words=tuple(match.words(query)),
        visible_from=None if passage.visible_from is None else passage.visible_from.isoformat(),
        visible_to=None if passage.visible_to is None else passage.visible_to.isoformat(),
        version=clause[0].head.version if clause else None,
        versions=tuple(one.head.version for one in corpus.versions(clause[0].head.id)) if clause else (),
        region=region,
    )


class _Row(Strict):
    """A document or a query from outside; what else it holds is ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = Field(pattern=r"^\S+$")
    title: str = ""
    text: str


def _rows(path: Path, file: str, what: str) -> Iterator[_Row]:
    seen: dict[str, int] = {}
    for line, value in read_jsonl(path, what=file):
        value = {key: kept for key, kept in value.items() if key != "title" or kept is not None}
        row = validate(_Row, value, where=Path(f"{path}:{line}"))
        if row.id in seen:
            raise UsageError(
                f"{what} {row.id!r} is also on line {seen[row.id]}", where=f"{path}:{line}", fix="rename one"
            )
        seen[row.id] = line
        yield row


def read_documents(path: Path) -> Corpus:
    """{id, title?, text} rows as a corpus of undated cases; those without any text can't be found and are left out."""
    kept: list[tuple[Incident, str]] = []
    for row in _rows(path, "document file", "document"):
        title, text = row.title.strip(), row.text.strip()
        if title or text:
            kept.append(
                (Incident(id=row.id, title=title if text else "", narrative=text or title, label=""), str(path))
            )
    if not kept:
        raise UsageError("no document in it", where=path, fix='one {"id", "text"} a line')
    return Corpus(incidents=tuple(kept))


def rank(corpus: Path, queries: Path, *, k: int, settings: Retrieval) -> Iterator[str]:
    """Lines of a TREC run: `query Q0 document rank score tag`, of the `k` best documents of each query."""
    from harness.retrieval import Retriever

    switch_off(os.environ)
    asked = list(_rows(queries, "query file", "query"))
    if not asked:
        raise UsageError("no query in it", where=queries, fix='one {"id", "text"} a line')
    documents = read_documents(corpus)
    index = _index(documents, settings)
    retriever = Retriever(index, documents, mode=settings.mode)
    if index.embedder is not None:
        index.embedder.embed([row.text for row in asked])  # all at once; a cache keeps them
    for row in asked:
        for place, found in enumerate(retriever.search_incidents(row.text, as_of=None, k=k), 1):
            yield f"{row.id} Q0 {found.id} {place} {found.score:.6f} harness-{settings.mode}"
    index.tidy()


def to_json(searched: Searched) -> dict[str, Any]:
    """For machines."""
    from dataclasses import asdict

    return {
        "mode": searched.mode,
        "embeddings": searched.embeddings,
        "region": searched.region,
        "as_of": None if searched.as_of is None else searched.as_of.isoformat(),
        **{kind: [asdict(one) for one in found] for kind, found in searched.found.items()},
    }
