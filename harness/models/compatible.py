"""Any server that speaks the OpenAI protocol, by its `base_url`, through the `openai` package."""

from collections.abc import Mapping
from typing import Any

from harness.core.errors import InfrastructureError, ProviderRefused
from harness.core.types import Json
from harness.models.calls import Call, Reply, ToolCall
from harness.models.failures import translate
from harness.models.provider import sample_headers, tokens_of

_NO_KEY = "none"
"""What is sent where no key was given: servers of one's own ask for none, the client insists on one."""


class Compatible:
    """Chat completions, or responses, of one model of one server."""

    in_process = False

    def __init__(
        self, *, id: str, name: str, base_url: str, secret: str, api: str, timeout: float, tell_sample: bool
    ) -> None:
        from openai import AsyncOpenAI

        self._id, self._name, self._secret, self._responses = id, name, secret, api == "responses"
        self._tell_sample = tell_sample
        self._client = AsyncOpenAI(base_url=base_url, api_key=secret or _NO_KEY, max_retries=0, timeout=timeout)

    async def complete(self, call: Call) -> Reply:
        """The reply to one call; everything the client raises is named."""
        headers = sample_headers(call) if self._tell_sample and call.sample else {}
        create: Any = self._client.responses if self._responses else self._client.chat.completions
        body = _responses_request(call) if self._responses else _chat_request(call)
        try:
            raw = await create.with_raw_response.create(model=self._name, extra_headers=headers, **body)
            answered = raw.parse()
            if isinstance(answered, str):
                raise _not_the_api(self._id, answered)
            request_id = raw.headers.get("x-request-id")
            value = answered.model_dump(mode="python", warnings=False)
            return _from_response(value, request_id) if self._responses else _from_chat(value, request_id)
        except Exception as error:
            raise translate(error, model=self._id, secret=self._secret) from error

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _not_the_api(model: str, text: str) -> ProviderRefused:
    begin = " ".join(text.split())[:60]
    return ProviderRefused(
        f"{model}: the server doesn't answer with the OpenAI protocol but {begin!r}",
        where="base_url",
        fix="check base_url: it usually ends in /v1",
    )


def _chat_request(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [dict(message) for message in call.messages], **call.parameters}
    if call.tools:
        body["tools"] = [dict(tool) for tool in call.tools]
    for name, value in (("tool_choice", call.tool_choice), ("response_format", call.response_format)):
        if value is not None:
            body[name] = value
    return body


def _from_chat(value: Mapping[str, Any], request_id: str | None) -> Reply:
    choices = value.get("choices")
    if not choices:
        raise InfrastructureError("server_error", "the server's answer has no choice in it")
    choice, usage = choices[0], value.get("usage") or {}
    message = choice["message"]
    calls = message.get("tool_calls") or []
    return Reply(
        text=message.get("content") or "",
        tool_calls=tuple(ToolCall(c["id"], c["function"]["name"], c["function"]["arguments"] or "") for c in calls),
        finish=str(choice.get("finish_reason") or "stop"),
        refusal=message.get("refusal"),
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
        estimated=bool(usage.get("estimated")),
        model=str(value.get("model") or ""),
        request_id=request_id or value.get("id"),
        logprobs=tokens_of((choice.get("logprobs") or {}).get("content")),
        simulated=str(value.get("system_fingerprint") or "").endswith(":simulated"),
    )


def _responses_request(call: Call) -> dict[str, Any]:
    """The call in the form of the responses API."""
    body: dict[str, Any] = {key: value for key, value in call.parameters.items() if key not in {"logprobs"}}
    if call.parameters.get("logprobs"):
        body["include"] = ["message.output_text.logprobs"]
    body["input"] = [item for message in call.messages for item in _items(message)]
    if call.tools:
        body["tools"] = [{"type": "function", "strict": False, **tool["function"]} for tool in call.tools]
    if call.tool_choice is not None:
        choice = call.tool_choice
        body["tool_choice"] = {"type": "function", **choice["function"]} if isinstance(choice, dict) else choice
    if isinstance(call.response_format, dict):
        asked = call.response_format
        body["text"] = {"format": {"type": asked["type"], **asked.get("json_schema", {})}}
    return body


def _items(message: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The input items of one chat message."""
    if message["role"] == "tool":
        return [{"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}]
    items: list[dict[str, Json]] = []
    if message.get("content"):
        items.append({"role": message["role"], "content": message["content"]})
    for made in message.get("tool_calls") or ():
        items.append({"type": "function_call", "call_id": made["id"], **made["function"]})
    return items


def _from_response(value: Mapping[str, Any], request_id: str | None) -> Reply:
    output = value.get("output")
    if not output:
        raise InfrastructureError("server_error", "the server's answer has no output in it")
    parts = [part for item in output if item["type"] == "message" for part in item.get("content") or ()]
    calls = [item for item in output if item["type"] == "function_call"]
    reason = (value.get("incomplete_details") or {}).get("reason")
    finish = {"max_output_tokens": "length", "content_filter": "content_filter"}.get(
        str(reason), "tool_calls" if calls else "stop"
    )
    usage = value.get("usage") or {}
    refusals = [str(part["refusal"]) for part in parts if part["type"] == "refusal"]
    logprobs = [token for part in parts for token in part.get("logprobs") or ()]
    return Reply(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        tool_calls=tuple(ToolCall(c["call_id"], c["name"], c["arguments"] or "") for c in calls),
        finish=finish,
        refusal=" ".join(refusals) or None,
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        cached_tokens=int((usage.get("input_tokens_details") or {}).get("cached_tokens") or 0),
        estimated=bool(usage.get("estimated")),
        model=str(value.get("model") or ""),
        request_id=request_id or value.get("id"),
        logprobs=tokens_of(logprobs),
        simulated=str((value.get("metadata") or {}).get("harness") or "").endswith(":simulated"),
    )
