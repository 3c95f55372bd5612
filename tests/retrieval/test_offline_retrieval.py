"""Building and querying open no socket, whatever the environment says, and importing is cheap."""

import os
import subprocess
import sys
from pathlib import Path

WATCHED = """
import socket, sys
from pathlib import Path
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event in {"socket.connect", "socket.getaddrinfo"} else None)
"""
CONTROL = """
probe = socket.socket()
probe.settimeout(0.01)
probe.connect_ex(("127.0.0.1", 9))
probe.close()
print(seen)
"""
WORK = """
from harness.corpus import Corpus, Incident
from harness.embeddings import load_embedder
from harness.retrieval import Retriever, open_index
rows = [Incident(id=f"i-{n}", narrative=f"text {n}", label="fraud") for n in range(20)]
of = Corpus(incidents=tuple((row, "f:1") for row in rows))
index = open_index(of, embedder=load_embedder("minilm", cache_dir=Path("cache")), home=Path("home"))
for mode in ("hybrid", "dense", "lexical"):
    assert len(Retriever(index, of, mode=mode).search_incidents("text 7", as_of=None, k=3)) == 3
print(seen)
"""


def run(code: str, folder: Path, **environment: str) -> str:
    (folder / ".env").write_text("CHROMA_SERVER_HOST=127.0.0.1\nANONYMIZED_TELEMETRY=true\n")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_watch_sees_a_connection(tmp_path: Path) -> None:
    assert run(WATCHED + CONTROL, tmp_path) == "['socket.connect']"


def test_no_socket_is_opened_while_building_and_querying(tmp_path: Path) -> None:
    hostile = {
        "CHROMA_API_IMPL": "chromadb.api.fastapi.FastAPI",
        "CHROMA_SERVER_HOST": "127.0.0.1",
        "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://127.0.0.1:9",
        "ANONYMIZED_TELEMETRY": "true",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    assert run(WATCHED + WORK, tmp_path, **hostile) == "[]"


def test_importing_retrieval_and_searching_by_words_load_no_vector_store(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from harness.corpus import Corpus, Incident
from harness.embeddings import HashingEmbedder
from harness.retrieval import Retriever, open_index
heavy = {"chromadb", "langchain", "onnxruntime", "tantivy", "tokenizers", "pandas"}
print(sorted(heavy & set(sys.modules)))
of = Corpus(incidents=((Incident(id="i", narrative="text", label="fraud"), "f:1"),))
index = open_index(of, embedder=HashingEmbedder(), home=Path("home"))
Retriever(index, of, mode="lexical").search_incidents("text", as_of=None, k=1)
print("chromadb" in sys.modules)
"""
    path = str(Path(__file__).parents[2])
    assert run(code, tmp_path, PYTHONPATH=path) == "[]\nTrue"
    assert run(code, tmp_path, PYTHONPATH=path) == "[]\nFalse"
