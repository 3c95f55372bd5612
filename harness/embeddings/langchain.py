"""An object with LangChain's `Embeddings` interface as an embedder; LangChain itself isn't needed for it."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.core.errors import UsageError, one_line
from harness.embeddings.protocol import MAX_CHARS, Vectors, rows_of, well_formed

_BATCH = 64
_PROBE = "dimensions"
_NAMES = ("model", "model_name", "model_id", "deployment")
"""Where LangChain's classes keep which model they use."""


class LangChainEmbedder:
    """Calls `embed_documents` for passages and `embed_query` for queries; lengths are made 1.

    Its name, under which vectors are kept, is the suite's for it, the model that the object names, and the dimensions:
    a function that returns another model without saying so needs another name.
    """

    def __init__(self, made: Any, *, name: str) -> None:
        for method in ("embed_documents", "embed_query"):
            if not callable(getattr(made, method, None)):
                raise UsageError(
                    f"{name!r} gives a {type(made).__name__}, which has no {method}",
                    where="retrieval.embeddings",
                    fix="name a class, or a function without arguments, that gives a LangChain Embeddings",
                )
        self._made, self._shown = made, name
        self.dim = len(self._called(lambda: made.embed_query(_PROBE)))
        model = next((value for key in _NAMES if isinstance(value := getattr(made, key, None), str) and value), "")
        self.name = f"{name}[{model}]-{self.dim}" if model else f"{name}-{self.dim}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`."""
        cut = [well_formed(text[:MAX_CHARS]) for text in texts]
        return rows_of(cut, lambda some: self._called(lambda: self._made.embed_documents(some)), self.dim, step=_BATCH)

    def embed_query(self, text: str) -> Vectors:
        """The row of a query."""
        cut = [well_formed(text[:MAX_CHARS])]
        row: Vectors = rows_of(cut, lambda some: [self._called(lambda: self._made.embed_query(some[0]))], self.dim)[0]
        return row

    def _called(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            what = f"{self._shown!r} failed: {type(error).__name__}: {one_line(str(error))[:200]}"
            raise UsageError(what, where="retrieval.embeddings", fix="mend it; --debug shows where") from error


def made_by(factory: Callable[[], Any], *, name: str) -> LangChainEmbedder:
    """The embedder of what a class or a function without arguments gives."""
    try:
        made = factory()
    except Exception as error:
        what = f"{name!r} failed: {type(error).__name__}: {one_line(str(error))[:200]}"
        raise UsageError(what, where="retrieval.embeddings", fix="it is called without arguments; mend it") from error
    return LangChainEmbedder(made, name=name)
