"""The legacy /v1/completions: a prompt for one user message, and text for an answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from harness.core.types import Json
from harness.models.calls import Call, Reply
from harness.models.stub.chat import MOST_CHOICES, check_sampling, includes_usage, model_name, stop_of
from harness.models.stub.checks import array_at, bool_at, integer_at
from harness.models.stub.completions import Head, usage_of
from harness.models.stub.errors import ApiError, wrong_type
from harness.models.stub.tokens import split, tokens_of

MOST_ALTERNATIVES = 5
MOST_TOKENS = 16
"""The service's own limit where a request sets none."""
_OWN = frozenset({"model", "prompt", "stream", "stream_options", "metadata", "n", "logprobs", "user"})


@dataclass(frozen=True, slots=True)
class LegacyRequest:
    """A checked request: one call for each of its prompts, and how many choices each of them gets."""

    calls: tuple[Call, ...]
    choices: int = 1
    stop: tuple[str, ...] = ()
    max_tokens: int = MOST_TOKENS
    top_logprobs: int | None = None
    stream: bool = False
    include_usage: bool = False


def parse_legacy(body: Mapping[str, Json]) -> LegacyRequest:
    """The request that a body holds; ApiError where the real service would refuse it, or where text can't answer it."""
    model = model_name(body)
    check_sampling(body)
    for key in ("echo", "suffix"):
        if body.get(key):
            raise ApiError(400, f"This model does not support '{key}'.", code="unsupported_value", param=key)
    parameters = {key: value for key, value in body.items() if key not in _OWN and value is not None}
    return LegacyRequest(
        calls=tuple(
            Call(model=model, messages=({"role": "user", "content": prompt},), parameters=parameters)
            for prompt in _prompts(body.get("prompt"))
        ),
        choices=integer_at(body, "n", low=1, high=MOST_CHOICES) or 1,
        stop=stop_of(body),
        max_tokens=integer_at(body, "max_tokens", low=1) or MOST_TOKENS,
        top_logprobs=integer_at(body, "logprobs", low=0, high=MOST_ALTERNATIVES),
        stream=bool_at(body, "stream"),
        include_usage=includes_usage(body),
    )


def legacy_body(
    replies: Sequence[Reply], head: Head, *, choices: int, top_logprobs: int | None, empty: bool
) -> dict[str, Json]:
    """The body of a completion with a choice for each reply, `choices` of them for one prompt; none where `empty`."""
    made = [
        _choice(index, reply.text, finish=reply.finish, logprobs=_logprobs(reply, top_logprobs))
        for index, reply in enumerate([] if empty else replies)
    ]
    return {**_head(head), "choices": made, "usage": _usage(replies, choices)}


def legacy_chunks(
    replies: Sequence[Reply], head: Head, *, choices: int, include_usage: bool, empty: bool
) -> Iterator[dict[str, Json]]:
    """The chunks of a streamed completion: a piece of text each, the end of each choice, the usage."""
    base = _head(head)
    if empty:
        yield {**base, "choices": []}
    for index, reply in enumerate([] if empty else replies):
        yield from ({**base, "choices": [_choice(index, piece)]} for piece in split(reply.text))
        yield {**base, "choices": [_choice(index, "", finish=reply.finish)]}
    if include_usage:
        yield {**base, "choices": [], "usage": _usage(replies, choices)}


def _prompts(value: Json) -> list[str]:
    """The prompts; an array of tokens is refused, since there is no tokenizer to tell them back into text."""
    if value is None or isinstance(value, str):
        return [value or ""]
    if not isinstance(value, list):
        raise wrong_type("prompt", expected="one of a string or array of strings", got=value)
    for index, one in enumerate(array_at(value, "prompt", of="strings", at_most=MOST_CHOICES)):
        if not isinstance(one, str):
            raise wrong_type(f"prompt[{index}]", expected="a string", got=one)
    return value


def _head(head: Head) -> dict[str, Json]:
    return {key: value for key, value in head.json("text_completion").items() if key != "service_tier"}


def _choice(index: int, text: str, *, finish: str | None = None, logprobs: Json = None) -> dict[str, Json]:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}


def _logprobs(reply: Reply, top: int | None) -> Json:
    """Four arrays of equal length; `text_offset` counts characters of the answer."""
    if top is None:
        return None
    tokens = tokens_of(reply)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [dict(token.top[:top]) for token in tokens],
        "text_offset": list(accumulate((len(token.text) for token in tokens[:-1]), initial=0))[: len(tokens)],
    }


def _usage(replies: Sequence[Reply], choices: int) -> dict[str, Json]:
    """The tokens of one request, each of its prompts counted once."""
    usage = usage_of(replies)
    prompts = sum(reply.input_tokens or 0 for reply in replies[::choices])
    return {**usage, "prompt_tokens": prompts, "total_tokens": prompts + usage["completion_tokens"]}
