"""all-MiniLM-L6-v2 as int8 ONNX, from the files beside this module (see minilm/README.md).

Each text is run by itself, two at a time. Dynamic quantisation scales activations over the whole batch, so in a batch
of 32 a vector depends on its neighbours (cosine with itself alone .993 on average, .977 at worst, over 651 rule texts),
which neither a cache nor a reproducible run can have. One by one on two threads is also faster on 2 cores: 277 texts/s
of 50 word pieces against 170-230 in batches of 8 to 64; nDCG@10 on orsharc dev .783 against .777.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from harness.embeddings.protocol import MAX_CHARS, Vectors, well_formed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

_FILES = Path(__file__).parent / "minilm"
_MAX_PIECES = 256
_THREADS = 2
_SPECIAL = 2
"""Word pieces that every text gets: one before, one after."""


@dataclass(frozen=True, slots=True)
class _Model:
    tokenizer: "Tokenizer"
    session: "InferenceSession"


class MiniLM:
    """384 dimensions, English, the first 256 word pieces of a text. Loads its model on the first text."""

    name = "minilm-l6-v2-int8"
    dim = 384

    def __init__(self) -> None:
        self._model: _Model | None = None
        self._loading = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        model = self._loaded()
        if len(texts) == 1:
            return np.stack([_embed(model, texts[0])])
        rows = np.empty((len(texts), self.dim), np.float32)
        longest_first = sorted(
            range(len(texts)), key=lambda index: -len(texts[index])
        )  # so that both threads end together
        with ThreadPoolExecutor(_THREADS) as pool:
            for index, row in zip(
                longest_first, pool.map(lambda i: _embed(model, texts[i]), longest_first), strict=True
            ):
                rows[index] = row
        return rows

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                self._model = _load()
            return self._model


def _load() -> _Model:
    import onnxruntime
    from tokenizers import Tokenizer

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    tokenizer = Tokenizer.from_file(str(_FILES / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_PIECES)
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(_FILES / "model.onnx", options, providers=["CPUExecutionProvider"])
    return _Model(tokenizer, session)


def _embed(model: _Model, text: str) -> Vectors:
    """Mean over the word pieces (all of them: nothing is padded), made length 1; shape (dim,)."""
    ids = np.array([model.tokenizer.encode(well_formed(text[:MAX_CHARS])).ids], np.int64)
    if ids.size <= _SPECIAL:
        return np.zeros(MiniLM.dim, np.float32)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    (hidden,) = model.session.run(["last_hidden_state"], inputs)
    mean: Vectors = np.asarray(hidden, np.float32)[0].mean(axis=0)
    return mean / np.linalg.norm(mean)
