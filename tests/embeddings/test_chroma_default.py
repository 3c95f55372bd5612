"""Chroma's own default model: from a folder that holds it, and a clear line where it can't be had."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import UsageError
from harness.embeddings import MiniLM, load_embedder
from tests.commands import environment
from tests.places import ROOT

MINILM = ROOT / "harness" / "embeddings" / "minilm"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What Chroma's archive unpacks to, with the shipped 8-bit model of the same inputs and outputs in it."""
    files = tmp_path / "model" / "onnx"
    files.mkdir(parents=True)
    for name in ("model.onnx", "tokenizer.json"):
        (files / name).symlink_to(MINILM / name)
    for name in ("config.json", "special_tokens_map.json", "tokenizer_config.json", "vocab.txt"):
        (files / name).write_text("{}")
    return tmp_path / "model"


def test_a_folder_is_loaded_by_chromas_own_code(folder: Path, tmp_path: Path) -> None:
    embedder = load_embedder("chroma:model", cache_dir=tmp_path / "vectors", folder=tmp_path)
    rows = embedder.embed(["The guest asks for a refund.", ""])
    assert (embedder.dim, rows.shape) == (384, (2, 384))
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-5) and not rows[1].any()
    near, far = MiniLM().embed(["The guest asks for a refund.", "A party with eighty people"])
    assert rows[0] @ near > 0.9 > rows[0] @ far
    (kept,) = (tmp_path / "vectors").glob("chroma-*-384.v1.sqlite")
    assert kept.stat().st_size > 0


def test_a_folder_without_the_model_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"there is no onnx/model.onnx in it; name the folder that Chroma's onnx.tar.gz"
    ):
        load_embedder(f"chroma:{tmp_path}", cache_dir=None)


def test_a_folder_that_lacks_a_file_is_told_and_nothing_is_fetched(folder: Path) -> None:
    (folder / "onnx" / "vocab.txt").unlink()
    with pytest.raises(
        UsageError, match=r"Chroma's default model can't be loaded \(.*\); unpack Chroma's onnx.tar.gz there anew"
    ):
        load_embedder(f"chroma:{folder}", cache_dir=None).embed(["x"])


def test_offline_it_ends_in_one_line(tmp_path: Path) -> None:
    code = """
from harness.core.errors import UsageError
from harness.embeddings import load_embedder
embedder = load_embedder("chroma", cache_dir=None)
print(embedder.name)
try:
    embedder.embed(["x"])
except UsageError as error:
    print(error)
"""
    proxy = "http://127.0.0.1:9"  # nobody listens there, so no download leaves this machine
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(), "HOME": str(tmp_path), "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "ALL_PROXY": proxy,
             "NO_PROXY": "", "no_proxy": "", "https_proxy": proxy, "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    name, error = done.stdout.splitlines()
    assert name == "chroma-all-minilm-l6-v2-384"
    assert error.startswith(
        "retrieval.embeddings: Chroma's default model isn't on this machine and can't be downloaded ("
    )
    assert error.endswith("connect once, name its folder as chroma:FOLDER, or use minilm, the same model in 8 bits")
