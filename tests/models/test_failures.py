"""Whose failure it is, by the class of an exception and by what a reply says of itself."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Failure
from harness.models.failures import refusal_of, translate


def an(name: str, base: type[Exception] = Exception) -> Exception:
    error: Exception = type(name, (base,), {})("the  provider\nsays so")
    return error


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("RateLimitError", "rate_limit"),
        ("APITimeoutError", "timeout"),
        ("APIConnectionError", "connection"),
        ("InternalServerError", "server_error"),
        ("APIStatusError", "server_error"),
    ],
)
def test_a_providers_failure_is_named_by_its_kind_on_one_line(name: str, kind: str) -> None:
    found = translate(an(name))
    assert isinstance(found, InfrastructureError) and (found.kind, found.message) == (kind, "the provider says so")


@pytest.mark.parametrize(("error", "kind"), [(TimeoutError(), "timeout"), (ConnectionResetError(), "connection")])
def test_the_languages_own_errors_are_known_by_their_bases(error: Exception, kind: str) -> None:
    found = translate(error)
    assert isinstance(found, InfrastructureError) and found.kind == kind


@pytest.mark.parametrize("name", ["AuthenticationError", "PermissionDeniedError", "NotFoundError"])
def test_a_key_or_a_name_is_the_users_mistake_even_as_a_kind_of_status_error(name: str) -> None:
    base = type("APIStatusError", (Exception,), {})
    found = translate(an(name, base))
    assert isinstance(found, UsageError) and found.where == "--model" and found.fix


def test_any_other_exception_is_itself() -> None:
    error = KeyError("x")
    assert translate(error) is error


def test_a_long_message_is_cut() -> None:
    found = translate(type("RateLimitError", (Exception,), {})("x" * 5000))
    assert isinstance(found, InfrastructureError) and len(found.message) == 300


def reply(text: str = "", **more: Any) -> AIMessage:
    return AIMessage(content=text, **more)


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        ([reply(additional_kwargs={"refusal": "No\nway."})], "refusal"),
        ([reply(response_metadata={"finish_reason": "length"})], "truncated"),
        ([reply(response_metadata={"finish_reason": "content_filter"})], "content_filter"),
        ([HumanMessage("hello")], "malformed"),
        ([reply(response_metadata={"finish_reason": "length"}), reply("fine")], None),
        ([reply("fine", response_metadata={"finish_reason": "stop"}), ToolMessage("x", tool_call_id="1")], None),
    ],
)
def test_the_last_reply_says_whether_it_failed(messages: list[AnyMessage], kind: str | None) -> None:
    found = refusal_of(messages)
    assert (found.kind if found else None) == kind


def test_a_refusals_words_are_kept_on_one_line() -> None:
    assert refusal_of([reply(additional_kwargs={"refusal": "No\nway."})]) == Failure("refusal", "No way.")
