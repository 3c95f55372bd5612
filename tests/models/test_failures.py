"""Whose failure it is, by what a client's exception carries and by what a reply says of itself."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from harness.core.errors import HarnessError, InfrastructureError, ProviderRefused, UsageError
from harness.models.calls import Reply
from harness.models.failures import ModelFailed, Unsupported, failure_of, translate


class Response:
    """As much of an HTTP response as an error carries."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers


class StatusError(Exception):
    """An error response as the clients of hosted models raise it."""

    def __init__(self, status: int, message: str = "", *, code: str | None = None, **headers: str) -> None:
        self.status_code, self.code = status, code
        self.body = {"message": message, "code": code} if message else None
        self.response = Response({name.replace("_", "-"): value for name, value in headers.items()})
        super().__init__(f"Error code: {status} - {message}")


def found(error: Exception) -> HarnessError:
    return translate(error, model="openai/x")


def kind(error: Exception) -> str:
    """The name that an exception comes to."""
    made = found(error)
    if isinstance(made, InfrastructureError):
        return made.kind
    if isinstance(made, ModelFailed):
        return made.failure.kind
    return made.form if isinstance(made, Unsupported) else type(made).__name__


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StatusError(429, "Rate limit reached"), "rate_limit"),
        (StatusError(429, "You exceeded your current quota", code="insufficient_quota"), "quota"),
        (StatusError(500, "Sorry about that"), "server_error"),
        (StatusError(502, "<html><body>Bad gateway</body></html>"), "server_error"),
        (StatusError(503), "server_error"),
        (StatusError(529, "Overloaded"), "server_error"),
        (StatusError(408, "Request timeout"), "timeout"),
        (StatusError(409, "Conflict"), "server_error"),
        (StatusError(402, "Payment required"), "bad_request"),
        (StatusError(400, "This model's maximum context length is 8192 tokens"), "context_too_long"),
        (StatusError(400, "too much", code="context_length_exceeded"), "context_too_long"),
        (StatusError(413, "Payload too large"), "context_too_long"),
        (StatusError(400, "filtered due to our content management policy"), "content_filter"),
        (
            StatusError(400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported"),
            "json_schema",
        ),
        (StatusError(400, "this model does not support tools"), "tool"),
        (StatusError(400, "You are not allowed to request logprobs from this model"), "logprobs"),
        (StatusError(422, "temperature must be below 2"), "bad_request"),
        (StatusError(401, "Incorrect API key provided"), "ProviderRefused"),
        (StatusError(403, "Country not supported"), "ProviderRefused"),
        (StatusError(404, "The model `x` does not exist", code="model_not_found"), "ProviderRefused"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError("reset"), "connection"),
        (KeyError("choices"), "server_error"),
        (ValueError("not JSON"), "server_error"),
        (RuntimeError("what now"), "provider_error"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{getattr(value, 'status_code', type(value).__name__)}",
)
def test_every_failure_has_its_name(error: Exception, expected: str) -> None:
    assert kind(error) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RateLimitError", "rate_limit"),
        ("ResourceExhausted", "rate_limit"),
        ("APITimeoutError", "timeout"),
        ("APIConnectionError", "connection"),
        ("InternalServerError", "server_error"),
        ("AuthenticationError", "ProviderRefused"),
        ("PermissionDeniedError", "ProviderRefused"),
        ("NotFoundError", "ProviderRefused"),
        ("LengthFinishReasonError", "truncated"),
        ("ContentFilterFinishReasonError", "content_filter"),
    ],
)
def test_an_exception_without_a_status_is_known_by_its_class(name: str, expected: str) -> None:
    assert kind(type(name, (Exception,), {})("the  provider\nsays so")) == expected


def test_what_is_named_already_stays_as_it_is() -> None:
    error = InfrastructureError("quota", "none left")
    assert found(error) is error


def test_the_providers_words_are_one_short_line_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "planted-in-the-environment")
    words = f"Incorrect key\nsk-abc123456789 planted-in-the-environment given-by-file {'x ' * 900}"
    error = translate(StatusError(429, words), model="openai/x", secret="given-by-file")
    assert isinstance(error, InfrastructureError) and "\n" not in error.message and len(error.message) <= 300
    assert error.message.startswith("Incorrect key (secret) (secret) (secret) x")


def test_a_page_of_html_is_told_as_one() -> None:
    error = found(StatusError(502, "<html><head><title>502</title></head><body>Bad gateway</body></html>"))
    assert isinstance(error, InfrastructureError) and error.message == "502: a page of HTML: 502 Bad gateway"


def test_a_refused_key_and_an_unknown_model_say_what_to_do() -> None:
    for status, remedy in ((401, "set a valid key"), (403, "permissions"), (404, "check base_url")):
        error = found(StatusError(status, "no"))
        assert isinstance(error, ProviderRefused) and isinstance(error, UsageError) and remedy in str(error)
    model = found(StatusError(404, "The model `x` does not exist"))
    assert "doesn't know this model" in str(model) and "check the model's name" in str(model)


@pytest.mark.parametrize("text", ["<html>Not Found</html>", "{'detail': 'Not Found'}"])
def test_a_404_that_names_no_model_may_be_the_address(text: str) -> None:
    assert "nothing there" in str(found(StatusError(404, text))) and "base_url" in str(found(StatusError(404, text)))


def test_an_address_that_sends_calls_elsewhere_is_the_users_to_mend() -> None:
    error = found(StatusError(307, "moved"))
    assert isinstance(error, ProviderRefused) and "(307)" in str(error) and "give the address" in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "2.5"}, 2.5),
        ({"retry_after_ms": "700", "retry_after": "9"}, 0.7),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after_ms": "soon"}, None),
    ],
)
def test_the_wait_that_a_service_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    error = found(StatusError(429, "slow down", **headers))
    assert isinstance(error, InfrastructureError) and error.retry_after == seconds


def test_the_wait_may_be_given_as_a_date() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    error = found(StatusError(503, "later", retry_after=moment))
    assert isinstance(error, InfrastructureError) and error.retry_after is not None and 25 < error.retry_after <= 30


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(refusal="No\nway."), "refusal"),
        (Reply(text="{", finish="length"), "truncated"),
        (Reply(finish="content_filter"), "content_filter"),
        (Reply(text="fine"), None),
        (Reply(finish="tool_calls"), None),
    ],
)
def test_a_reply_says_whether_it_failed(reply: Reply, expected: str | None) -> None:
    failure: Any = failure_of(reply)
    assert (failure.kind if failure else None) == expected
    assert failure is None or "\n" not in failure.message
