"""Whom a suite's embeddings and vector store contact: told from the suite, before anybody is."""

from collections.abc import Mapping
from typing import Any

import pytest

from harness.build.contacts import contacts_of
from harness.evaluation import load_suite
from tests.world import World

NOBODY: Mapping[str, str] = {}


def told(world: World, environ: Mapping[str, str] = NOBODY, **retrieval: Any) -> dict[str, tuple[str, str | None, str]]:
    path = world.write_suite(retrieval=retrieval)
    found = contacts_of(load_suite(path), environ)
    return {one.part: (one.kind, one.host, one.why) for one in found if one.part.startswith(("embeddings", "vectors"))}


def test_embeddings_in_process_contact_nobody(world: World) -> None:
    assert told(world, embeddings="minilm") == {"embeddings minilm": ("nobody", None, "runs in this process")}
    assert told(world, embeddings="chroma")["embeddings chroma"] == (
        "nobody", None, "runs in this process; Chroma downloads its model once"
    )  # fmt: skip
    assert told(world, embeddings="chroma:model")["embeddings chroma:model"][0] == "nobody"


@pytest.mark.parametrize(
    ("name", "settings", "environ", "host"),
    [
        ("openai/text-embedding-3-small", {}, {}, "api.openai.com"),
        ("openai/text-embedding-3-small", {}, {"OPENAI_BASE_URL": "http://a.example/v1"}, "a.example"),
        ("openai-compatible/e5", {"base_url": "http://127.0.0.1:8000/v1"}, {}, "127.0.0.1"),
    ],
)
def test_embeddings_of_a_server_contact_its_host(
    world: World, name: str, settings: dict[str, Any], environ: dict[str, str], host: str
) -> None:
    kind, named, _ = told(world, environ, embeddings=name, **settings)[f"embeddings {name}"]
    assert kind == "host" and named is not None and named.startswith(host)


def test_embeddings_of_a_server_that_is_not_named_are_unknown(world: World) -> None:
    assert told(world, embeddings="openai-compatible/e5")["embeddings openai-compatible/e5"][0] == "unknown"


def test_a_function_of_the_users_own_is_unknown_and_a_chroma_server_a_host(world: World) -> None:
    found = told(world, {"HTTP_PROXY": "http://p.example"}, embeddings="mine:make", chroma="http://c.example:8000")
    assert found["embeddings mine:make"] == ("unknown", None, "a function of your own")
    assert found["vectors in Chroma"][:2] == ("host", "c.example:8000")
    assert "HTTP_PROXY names a proxy" in found["vectors in Chroma"][2]


def test_the_retriever_alone_says_so_too(world: World) -> None:
    path = world.write_suite(solver="search", prompt=None, input="any", scorers=["ranking"])
    assert "embeddings hashing" in {one.part for one in contacts_of(load_suite(path), NOBODY)}
