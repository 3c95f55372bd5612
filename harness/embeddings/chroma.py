"""Chroma's own default: all-MiniLM-L6-v2 as it downloads it, or from a folder that holds it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import UsageError, one_line
from harness.embeddings.protocol import MAX_CHARS, Vectors, rows_of, well_formed

if TYPE_CHECKING:
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

_BATCH = 32


class ChromaDefault:
    """384 dimensions, English, the first 256 word pieces of a text. Loads its model on the first text.

    Chroma looks for it in its cache in the home folder and downloads it (80 MB) where it isn't there. With `folder` it
    looks in `folder/onnx` instead, for the files of Chroma's archive.
    """

    dim = 384

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not (folder / "onnx" / "model.onnx").is_file():
            fix = "name the folder that Chroma's onnx.tar.gz was unpacked in"
            raise UsageError("there is no onnx/model.onnx in it", where=folder, fix=fix)
        self._folder = folder
        self._function: ONNXMiniLM_L6_V2 | None = None
        self.name = "chroma-all-minilm-l6-v2-384" if folder is None else f"chroma-{_mark(folder)}-384"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; see `Embedder`."""
        return rows_of([well_formed(text[:MAX_CHARS]) for text in texts], self._called, self.dim, step=_BATCH)

    def _called(self, texts: list[str]) -> Any:
        try:
            if self._function is None:
                self._function = _load(self._folder)
            return self._function(texts)
        except Exception as error:
            if self._folder is not None:
                what, fix = "can't be loaded", "unpack Chroma's onnx.tar.gz there anew"
            else:
                what = "isn't on this machine and can't be downloaded"
                fix = "connect once, name its folder as chroma:FOLDER, or use minilm, the same model in 8 bits"
            said = one_line(f"{type(error).__name__}: {error}")[:200]
            raise UsageError(
                f"Chroma's default model {what} ({said})", where=self._folder or "retrieval.embeddings", fix=fix
            ) from error


def _load(folder: Path | None) -> "ONNXMiniLM_L6_V2":
    import onnxruntime
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    onnxruntime.disable_telemetry_events()
    function = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
    if folder is not None:
        function.DOWNLOAD_PATH = folder
        function.MODEL_DOWNLOAD_URL = "a file is missing in that folder"  # no address, so nothing is fetched
    return function


def _mark(folder: Path) -> str:
    """Which model a folder holds, by the content of its file."""
    import hashlib

    with (folder / "onnx" / "model.onnx").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
