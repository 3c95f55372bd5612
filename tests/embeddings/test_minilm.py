"""MiniLM: what a vector is, and that it depends on nothing but its text."""

import hashlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import harness.embeddings
from harness.embeddings import MAX_CHARS, MiniLM

FILES = Path(harness.embeddings.__file__).parent / "minilm"
TEXTS = [
    "The host asks for a bank transfer after the booking.",
    "x",
    "The guest left a party's worth of broken glass " * 30,
    "Ein Gast beschwert sich über den Lärm. 騒音の苦情です。",
    "Refund?",
]


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


def test_rows_are_unit_length_float32_in_the_order_given(model: MiniLM) -> None:
    rows = model.embed(TEXTS)
    assert rows.shape == (5, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(model.embed(TEXTS[::-1]), rows[::-1])


def test_a_row_does_not_depend_on_the_other_texts_in_the_call(model: MiniLM) -> None:
    together = model.embed(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(model.embed([text])[0], row)


def test_threads_that_share_a_fresh_model_get_the_same_vectors(model: MiniLM) -> None:
    fresh = MiniLM()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: fresh.embed(TEXTS), range(4)))
    assert all(np.array_equal(answer, model.embed(TEXTS)) for answer in answers)


def test_a_paraphrase_is_nearer_than_a_text_that_shares_its_words(model: MiniLM) -> None:
    query, paraphrase, other = model.embed(
        [
            "The owner wants me to pay him by wire instead of on the site.",
            "A host requests a bank transfer outside the platform.",
            "The owner wants me to keep the site clean instead of the garden.",
        ]
    )
    assert query @ paraphrase > query @ other


@pytest.mark.parametrize("blank", ["", "  \n\t", "\u200b"])
def test_a_text_with_nothing_to_embed_gets_zeros(model: MiniLM, blank: str) -> None:
    rows = model.embed([blank, "refund"])
    assert not rows[0].any()
    assert np.isclose(np.linalg.norm(rows[1]), 1)


def test_no_text_gives_no_row(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, 384)


def test_lone_surrogates_are_read_as_question_marks(model: MiniLM) -> None:
    assert np.array_equal(model.embed(["stay \ud800 here"]), model.embed(["stay ? here"]))


def test_only_the_first_256_word_pieces_count(model: MiniLM) -> None:
    start = "money " * 254
    rows = model.embed([start, start + "murder", "money " * 253 + "murder"])
    assert np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


def test_what_stands_after_max_chars_is_not_read(model: MiniLM) -> None:
    start = " " * (MAX_CHARS - 6) + "refund"
    assert np.array_equal(model.embed([start + " murder"]), model.embed(["refund"]))


def test_the_shipped_files_are_those_that_the_readme_names() -> None:
    rows = re.findall(r"^\| `(\S+)` \| ([\d,]+) \| `([0-9a-f]{64})` \|$", (FILES / "README.md").read_text(), re.M)
    assert [name for name, _, _ in rows] == ["model.onnx", "tokenizer.json"]
    for name, size, digest in rows:
        data = (FILES / name).read_bytes()
        assert len(data) == int(size.replace(",", ""))
        assert hashlib.sha256(data).hexdigest() == digest


def test_nothing_heavy_is_imported_before_the_first_text() -> None:
    code = """
import sys, pathlib
from harness.embeddings import load_embedder
load_embedder("minilm", cache_dir=pathlib.Path("never-made"))
print(sorted({"onnxruntime", "tokenizers", "chromadb", "tantivy", "langchain"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
