"""Ids of models, and what is told where one can't be loaded."""

import pytest

from harness.core.errors import UsageError
from harness.embeddings import HashingEmbedder
from harness.models import describe_model, load_model
from harness.models.reader import Reader

EMBEDDER = HashingEmbedder()


def test_the_reader_stays_in_process_and_a_provider_does_not() -> None:
    assert describe_model("reader").in_process
    spec = describe_model("openai/gpt-x/mini")
    assert (spec.provider, spec.name, spec.in_process) == ("openai", "gpt-x/mini", False)


@pytest.mark.parametrize("wrong", ["raeder", "", "/x", "openai/", "gpt-4"])
def test_an_id_that_is_neither_names_the_remedy(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"unknown model.*provider/model"):
        describe_model(wrong)


def test_the_reader_is_loaded_with_its_embedder() -> None:
    model = load_model(describe_model("reader"), embedder=EMBEDDER, parameters={"temperature": 0})
    assert isinstance(model, Reader) and model.embedder is EMBEDDER


@pytest.mark.parametrize(
    ("id", "parameters", "says"),
    [
        ("nobody/x", {}, "nobody/x"),
        ("anthropic/x", {}, "install the provider's package"),
        ("openai/x", {"api_key": "k", "temperature": "hot"}, "temperature"),
        ("openai/x", {"api_key": "k", "model_provider": "openai"}, "model_provider"),
        ("openai/x", {"api_key": "k", "base_url": "http://[::1"}, "model_parameters"),
        ("openai/x", {}, "no API key"),
    ],
)
def test_what_can_not_be_loaded_is_the_users_to_mend(
    id: str, parameters: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError) as caught:
        load_model(describe_model(id), embedder=EMBEDDER, parameters=parameters)
    assert says in str(caught.value) and caught.value.fix and "\n" not in str(caught.value)


def test_a_provider_is_loaded_without_a_call() -> None:
    model = load_model(describe_model("openai/gpt-x"), embedder=EMBEDDER, parameters={"api_key": "k", "temperature": 0})
    assert model._llm_type == "openai-chat"
