"""Nothing of this process's memory stands in an index but vectors."""

import struct
from pathlib import Path

import pytest

from harness.core.telemetry import OFF
from harness.corpus import Corpus
from harness.corpus.incidents import Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import Retriever, open_index
from harness.retrieval.slack import wipe_slack

WORDS = "oil cleat berth chain rope sheen invoice pontoon gale anchor".split()


def corpus(size: int) -> Corpus:
    """Incidents that differ by their words."""
    rows = [
        Incident(id=f"i-{n}", narrative=f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} {WORDS[n // 100 % 10]} {n}", label="x")
        for n in range(size)
    ]
    return Corpus(incidents=tuple((row, f"incidents.jsonl:{n}") for n, row in enumerate(rows, 1)))


def slack(folder: Path) -> tuple[int, int]:
    """(elements, bytes other than 0 where no element or link is) over the vector files of an index."""
    elements = dirty = 0
    for path in folder.rglob("data_level0.bin"):
        _, _, _, n, size, _, vector = struct.unpack_from("<iQQQQQQ", (path.parent / "header.bin").read_bytes())
        data = path.read_bytes()
        elements += n
        dirty += sum(map(bool, data[n * size :]))
        for start in range(0, n * size, size):
            (links,) = struct.unpack_from("<H", data, start)
            dirty += sum(map(bool, data[start + 4 * (1 + links) : start + vector]))
    return elements, dirty


@pytest.mark.parametrize("size", [30, 1300])
def test_what_is_no_vector_is_zero_and_searches_find_what_they_found(size: int, tmp_path: Path) -> None:
    made = corpus(size)
    first = open_index(made, embedder=HashingEmbedder(), home=tmp_path)
    found = [e.id for e in Retriever(first, made, mode="dense").search_incidents("sheen of oil 7", as_of=None, k=8)]
    first.tidy()
    elements, dirty = slack(first.folder)
    assert dirty == 0 and (elements > 0) == (size > 1000)  # Chroma keeps few vectors in its journal alone
    again = open_index(made, embedder=HashingEmbedder(), home=tmp_path)
    assert [
        e.id for e in Retriever(again, made, mode="dense").search_incidents("sheen of oil 7", as_of=None, k=8)
    ] == found


def test_an_index_opens_again_after_telemetry_was_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFF:
        monkeypatch.delenv(name, raising=False)
    made = corpus(30)
    assert Retriever(open_index(made, embedder=HashingEmbedder(), home=tmp_path), made).search_incidents(
        "oil", as_of=None, k=1
    )
    for name, value in OFF.items():
        monkeypatch.setenv(name, value)
    assert Retriever(open_index(made, embedder=HashingEmbedder(), home=tmp_path), made).search_incidents(
        "oil", as_of=None, k=1
    )


def test_a_file_of_another_form_is_left_alone(tmp_path: Path) -> None:
    for name, header in (("a", b"\x02" + bytes(99)), ("b", b"short")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "header.bin").write_bytes(header)
        (folder / "data_level0.bin").write_bytes(b"vectors")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "data_level0.bin").write_bytes(b"vectors")
    wipe_slack(tmp_path)
    assert {path.read_bytes() for path in tmp_path.rglob("data_level0.bin")} == {b"vectors"}
