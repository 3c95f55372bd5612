"""Rows that share words with a query, by BM25, in a tantivy index a shelf.

Words are lower-cased, English function words dropped, the rest stemmed. nDCG@10 on orsharc dev: .800; with tantivy's
own 33 stop words .795, without any .787, without stemming .750. A word of the query counts once, however often it
stands there (.796 where each counts): a ticket repeats itself.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.embeddings import MAX_CHARS, well_formed
from harness.retrieval.shelf import Hit, Shelf, ShelfName

if TYPE_CHECKING:
    import tantivy

_OVER_FETCH = 4
_ANALYZER = "english"
_LONGEST_WORD = 80
_WORD = re.compile(r"\w+")
_HEAP_BYTES = 64_000_000
_STOP_WORDS = """
a about after again all also am an and any are as at be because been before being between both but by can could d did do
does doing during each for from had has have having he her here hers him his how i if in into is it its just ll m me my
no not of off on once only or other our out over own re s same she should so some such t than that the their them then
there these they this those through to too until up us ve very was we were what when where which while who whom why will
with would you your
""".split()


class LexicalIndex:
    """One index, opened."""

    def __init__(self, index: "tantivy.Index") -> None:
        self._schema, self._searcher = index.schema, index.searcher()
        self._analyzer = _analyzer()

    def search(self, query: str, *, admitted: NDArray[np.bool_], k: int) -> list[Hit]:
        """The `k` best admitted rows with at least one word of `query`, with their BM25 scores, best first.

        The query is a bag of words, never a syntax; the first 20,000 characters of it count.
        """
        count = int(admitted.sum())
        k = min(k, count)
        terms = dict.fromkeys(self._analyzer.analyze(well_formed(query[:MAX_CHARS])))
        if k == 0 or not terms:
            return []
        wanted = self._any_of(list(terms))
        limit = max(k * _OVER_FETCH, math.ceil(1.5 * k * len(admitted) / count))
        while True:
            found = self._query(wanted, limit=limit)
            hits = [hit for hit in found if admitted[hit[0]]]
            if len(hits) >= k or len(found) < limit:
                return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
            limit *= _OVER_FETCH

    def _any_of(self, terms: list[str]) -> "tantivy.Query":
        import tantivy

        should = tantivy.Occur.Should
        queries = [(should, tantivy.Query.term_query(self._schema, "body", term, "freq")) for term in terms]
        return tantivy.Query.boolean_query(queries)

    def _query(self, query: "tantivy.Query", *, limit: int) -> list[Hit]:
        hits = self._searcher.search(query, limit=limit, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]


def build_lexical(folder: Path, shelves: Mapping[ShelfName, Shelf]) -> None:
    """Write an index for each shelf that isn't empty below the new folder `folder`."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("body", tokenizer_name=_ANALYZER, index_option="freq")
        .add_integer_field("number", fast=True)
        .build()
    )
    for shelf in shelves.values():
        if not shelf.rows:
            continue
        (folder / shelf.name).mkdir(parents=True)
        index = tantivy.Index(schema, str(folder / shelf.name))
        index.register_tokenizer(_ANALYZER, _analyzer())
        with index.writer(_HEAP_BYTES, num_threads=1) as writer:
            for number, text in enumerate(shelf.rows.values()):
                entry = tantivy.Document()
                entry.add_text("body", well_formed(text))
                entry.add_integer("number", number)
                writer.add_document(entry)
            writer.commit()
            writer.wait_merging_threads()


def open_lexical(folder: Path, sizes: Mapping[ShelfName, int]) -> dict[ShelfName, LexicalIndex]:
    """The indexes that are there: of each shelf with a size above 0. ValueError where one is damaged."""
    import tantivy

    indexes: dict[ShelfName, LexicalIndex] = {}
    for name, size in sizes.items():
        if size:
            index = tantivy.Index.open(str(folder / name))
            # An index never changes once it is built: no thread need watch its files.
            index.config_reader(reload_policy="manual")
            if index.searcher().num_docs != size:
                raise ValueError(f"{name} has {index.searcher().num_docs} documents, expected {size}")
            indexes[name] = LexicalIndex(index)
    return indexes


def shared_words(query: str, text: str) -> list[str]:
    """The words of `query`, as they stand there, whose stems also stand in `text`."""
    analyzer = _analyzer()
    there = set(analyzer.analyze(well_formed(text[:MAX_CHARS])))
    words = dict.fromkeys(word.lower() for word in _WORD.findall(well_formed(query[:MAX_CHARS])))
    return [word for word in words if there.intersection(analyzer.analyze(word))]


def _analyzer() -> "tantivy.TextAnalyzer":
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST_WORD))
    builder = builder.filter(Filter.lowercase()).filter(Filter.custom_stopword(_STOP_WORDS))
    return builder.filter(Filter.stemmer("english")).build()
