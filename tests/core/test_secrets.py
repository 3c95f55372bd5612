"""Secrets are named, found where they are named, and left out of every text."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.secrets import expand, is_secret_name, read_secret, scrub, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "OPENAI_API_KEY",
        "Authorization",
        "x-api-key",
        "access_token",
        "token",
        "password",
        "Cookie",
        "client_secret",
    ],
)
def test_what_is_named_like_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["max_tokens", "tokenizer", "temperature", "base_url", "keyword", "monkey", "stop"])
def test_what_is_not_is_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Incorrect API key provided: sk-proj-abc123XYZ.", "Incorrect API key provided: (secret)."),
        ("key sk-ab*****************yz is wrong", "key (secret) is wrong"),
        ("Authorization: Bearer abc.def-123456", "Authorization: (secret)"),
        ("https://" + "me:pw1234@example.com/v1", "https://" + "(secret)@example.com/v1"),
        ('{"api_key": "hunter2hunter2"}', '{"(secret)"}'),
        ("AIza" + "B" * 35, "(secret)"),
        ("nothing of the kind: a task-force of risk-takers", "nothing of the kind: a task-force of risk-takers"),
        ("set calls: {api_key: env:NAME}", "set calls: {api_key: env:NAME}"),
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_scrubbed_and_the_rest_is_left(text: str, left: str) -> None:
    assert scrub(text) == left


def test_known_secrets_and_those_of_the_environment_are_scrubbed_the_longest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "moonlight")
    monkeypatch.setenv("OTHER_KEY", "moonlight-sonata")
    monkeypatch.setenv("SHORT_KEY", "moon")
    assert scrub("moonlight-sonata, moonlight, moon, x9", "x9", "") == "(secret), (secret), moon, (secret)"


def test_strings_under_a_secrets_name_are_replaced_however_deep() -> None:
    value = {
        "headers": {"Authorization": "Bearer x", "n": [1, "a"]},
        "tokens": 5,
        "password": ["a", {"b": "c"}],
        "x": "y",
    }
    assert without_secrets(value) == {
        "headers": {"Authorization": "(secret)", "n": [1, "a"]},
        "tokens": 5,
        "password": ["(secret)", {"b": "(secret)"}],
        "x": "y",
    }


def test_a_secret_is_read_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MINE", " k1 \n")
    (tmp_path / "key").write_text("k2\n", encoding="utf-8")
    assert read_secret("env:MINE", where="x") == "k1"
    assert read_secret(f"file:{tmp_path / 'key'}", where="x") == "k2"
    assert expand("Bearer ${MINE}!", where="x") == "Bearer k1!"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("env:NOT_SET", "NOT_SET is not set"),
        ("file:none", "can't be read"),
        ("sk-written", "named, not written"),
        ("env:", "named, not written"),
    ],
)
def test_one_that_is_not_there_says_how_to_name_it(source: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_secret(source, where="suite.yaml")
    assert "suite.yaml" in str(caught.value) and "sk-written" not in str(caught.value)


def test_an_empty_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match="empty"):
        read_secret(f"file:{tmp_path / 'key'}", where="x")
