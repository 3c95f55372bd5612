"""Ids of models, what goes with them, and what is told where one can't be loaded."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.embeddings import HashingEmbedder
from harness.models import Calls, Supplies, check_parameters, describe_model, load_model
from harness.models.gateway import Gateway
from harness.models.registry import is_loopback


def load(id: str, parameters: dict[str, Any] | None = None, **calls: Any) -> Gateway:
    spec = describe_model(id)
    check_parameters(parameters or {}, spec, where="suite.yaml")
    supplies = Supplies(embedder=HashingEmbedder, key=lambda _: None, folder=Path(), where="suite.yaml")
    made, _ = load_model(spec, calls=Calls(**calls), parameters=parameters or {}, supplies=supplies)
    return made


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_COMPATIBLE_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("id", "kind", "name", "in_process"),
    [
        ("reader", "reader", "reader", True),
        ("persona:noisy", "persona", "noisy", True),
        ("cassette:a/b.jsonl", "cassette", "a/b.jsonl", True),
        ("openai/gpt-x/mini", "provider", "gpt-x/mini", False),
        ("openai-compatible/llama", "compatible", "llama", False),
    ],
)
def test_an_id_says_what_a_model_is(id: str, kind: str, name: str, in_process: bool) -> None:
    spec = describe_model(id)
    assert (spec.kind, spec.name, spec.in_process) == (kind, name, in_process)


@pytest.mark.parametrize("wrong", ["raeder", "", "/x", "openai/", "gpt-4", "persona:", "cassette:"])
def test_an_id_that_is_none_of_the_forms_names_the_remedy(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"unknown model.*(provider/model|did you mean 'reader')"):
        describe_model(wrong)


@pytest.mark.parametrize("id", ["reader", "persona:perfect"])
def test_models_in_process_need_nothing(id: str) -> None:
    assert load(id).model == id


@pytest.mark.parametrize(
    ("id", "parameters", "says"),
    [
        ("nobody/x", {}, "nobody/x"),
        ("anthropic/x", {}, "pip install langchain-anthropic"),
        ("openai/x", {"temperature": "hot", "base_url": "http://127.0.0.1:9/v1"}, "temperature"),
        ("openai/x", {"model_provider": "openai"}, "model_provider"),
        ("openai/x", {"base_url": "http://[::1"}, "is no http(s) URL"),
        ("openai/x", {"base_url": "127.0.0.1:8000/v1"}, "is no http(s) URL; e.g. http://127.0.0.1:8000/v1"),
        ("openai/x", {"base_url": "ftp://host/v1"}, "is no http(s) URL"),
        ("openai/x", {"base_url": "http://me:pass" + "@api.example.com/v1"}, "holds a password"),
        ("openai/x", {"base_url": 8000}, "is no http(s) URL"),
        ("openai/x", {"base_url": "http://host/v1\n"}, "is no http(s) URL"),
        ("openai/x", {"base_url": "http://host:0/v1"}, "is no http(s) URL"),
        ("openai/x", {"base_url": "http://host/v1?key=abcdefgh"}, "holds a query or a fragment; take it out"),
        ("openai/x", {"openai_api_base": "http://host/v1"}, "another name of base_url; write base_url"),
        (
            "openai-compatible/x",
            {"base_url": "http://h/v1", "organization": "o"},
            "has no effect on openai-compatible/x",
        ),
        ("openai-compatible/x", {"base_url": "http://h/v1", "default_headers": "X: y"}, "no mapping of name: text"),
        ("openai/x", {}, "no API key; set OPENAI_API_KEY"),
        ("openai-compatible/x", {}, "needs a base_url; give --base-url"),
        ("openai/x", {"api_key": "k"}, "a key doesn't belong into a suite"),
        ("openai/x", {"max_retries": 3}, "use calls.max_retries"),
        ("openai/x", {"timeout": 3}, "use calls.timeout"),
        ("openai/x", {"default_headers": {"Authorization": "Bearer x"}}, "holds a secret"),
        ("persona:noisi", {}, "noisy"),
        ("cassette:none.jsonl", {}, "none.jsonl"),
    ],
)
def test_what_can_not_be_loaded_is_the_users_to_mend(id: str, parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(id, parameters)
    assert says in str(caught.value) and caught.value.fix and "\n" not in str(caught.value)


def test_a_key_comes_from_the_environment_or_a_file_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="MY_KEY is not set; export MY_KEY"):
        load("openai/x", api_key="env:MY_KEY")
    with pytest.raises(UsageError, match="can't be read"):
        load("openai/x", api_key=f"file:{tmp_path / 'none'}")
    with pytest.raises(ValueError, match="named, not written"):
        Calls(api_key="sk-123")
    monkeypatch.setenv("MY_KEY", "k")
    assert load("openai/x", api_key="env:MY_KEY").model == "openai/x"
    (tmp_path / "key").write_text("k\n")
    compatible = load("openai-compatible/x", {"base_url": "http://127.0.0.1:9/v1"}, api_key=f"file:{tmp_path / 'key'}")
    assert compatible.model == "openai-compatible/x"


def test_where_a_request_goes_is_no_part_of_it() -> None:
    parameters = {"base_url": "http://127.0.0.1:9/v1", "temperature": 0, "default_headers": {"X-Team": "t"}}
    assert load("openai-compatible/x", parameters).parameters == {"temperature": 0}
    asked = load("openai-compatible/x", parameters, probabilities="logprobs")
    assert asked.parameters == {"temperature": 0, "logprobs": True, "top_logprobs": 20}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:80/", True),
        ("https://api.openai.com/v1", False),
        ("http://localhost.example.com/", False),
        ("http://127.example.com/", False),
        (None, False),
    ],
)
def test_only_a_server_on_this_machine_is_told_of_samples(url: str | None, expected: bool) -> None:
    assert is_loopback(url) is expected
