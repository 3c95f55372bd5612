"""Any server that speaks the OpenAI protocol, by its `base_url`, through the `openai` package."""

from collections.abc import Mapping
from typing import Any

from harness.core.types import Json
from harness.models.calls import Call, Reply, text_of
from harness.models.failures import not_the_api, translate
from harness.models.network import http_client, is_loopback, own_headers
from harness.models.wire import count_of, ending, object_of, sample_headers, tokens_of, tool_call, without_secret

_NO_KEY = "none"
"""What is sent where no key was given: servers of one's own ask for none, the client insists on one."""


class Compatible:
    """Chat completions, or responses, of one model of one server. One on this machine is told which sample a call is for."""

    in_process = False

    def __init__(
        self,
        *,
        id: str,
        name: str,
        base_url: str,
        secret: str,
        api: str,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        from openai import AsyncOpenAI

        self._id, self._name, self._secret, self._responses = id, name, secret, api == "responses"
        self._loopback = is_loopback(base_url)
        key = secret or _NO_KEY
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            http_client=http_client(loopback=self._loopback),
            default_headers={**own_headers(key), **(headers or {})},
            default_query=query,
        )

    async def complete(self, call: Call) -> Reply:
        """The reply to one call; everything the client raises is named."""
        headers = sample_headers(call) if self._loopback and call.sample else {}
        create: Any = self._client.responses if self._responses else self._client.chat.completions
        body = _responses_request(call) if self._responses else _chat_request(call)
        try:
            raw = await create.with_raw_response.create(model=self._name, extra_headers=headers, **body)
            answered = raw.parse()
            if isinstance(answered, str):
                raise not_the_api(self._id, answered)
            request_id = raw.headers.get("x-request-id")
            value = answered.model_dump(mode="python", warnings=False)
            reply = _from_response(value, request_id) if self._responses else _from_chat(value, request_id)
            return without_secret(reply, self._secret)
        except Exception as error:  # `from None`: what a client raises may hold the key, and a traceback shows it
            raise translate(error, model=self._id, secret=self._secret) from None

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _why(value: Mapping[str, Any]) -> str:
    """What a service says in an answer that is none."""
    said = object_of(value.get("error")).get("message")
    return f", but: {said}" if said else ""


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
        raise ValueError(f"no choice in it{_why(value)}")
    choice, usage = choices[0], object_of(value.get("usage"))
    message = choice["message"]
    made = [
        (c.get("id"), c["function"]["name"], c["function"].get("arguments")) for c in message.get("tool_calls") or ()
    ]
    finish, refusal = ending(choice.get("finish_reason"), refusal=message.get("refusal"), calls=bool(made))
    return Reply(
        text=text_of(message.get("content")),
        tool_calls=tuple(tool_call(*one, number=number) for number, one in enumerate(made)),
        finish=finish,
        refusal=refusal,
        input_tokens=count_of(usage.get("prompt_tokens")),
        output_tokens=count_of(usage.get("completion_tokens")),
        cached_tokens=count_of(object_of(usage.get("prompt_tokens_details")).get("cached_tokens")) or 0,
        estimated=bool(usage.get("estimated")),
        model=str(value.get("model") or ""),
        request_id=str(request_id or value.get("id") or "") or None,
        logprobs=tokens_of(object_of(choice.get("logprobs")).get("content")),
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
        raise ValueError(f"no output in it{_why(value)}")
    parts = [part for item in output if item["type"] == "message" for part in item.get("content") or ()]
    made = [(c.get("call_id"), c["name"], c.get("arguments")) for c in output if c["type"] == "function_call"]
    reason, usage = object_of(value.get("incomplete_details")).get("reason"), object_of(value.get("usage"))
    refusals = " ".join(str(part["refusal"]) for part in parts if part["type"] == "refusal")
    finish, refusal = ending(reason, refusal=refusals, calls=bool(made))
    logprobs = [token for part in parts for token in part.get("logprobs") or ()]
    return Reply(
        text=text_of([part for part in parts if part["type"] == "output_text"]),
        tool_calls=tuple(tool_call(*one, number=number) for number, one in enumerate(made)),
        finish=finish,
        refusal=refusal,
        input_tokens=count_of(usage.get("input_tokens")),
        output_tokens=count_of(usage.get("output_tokens")),
        cached_tokens=count_of(object_of(usage.get("input_tokens_details")).get("cached_tokens")) or 0,
        estimated=bool(usage.get("estimated")),
        model=str(value.get("model") or ""),
        request_id=str(request_id or value.get("id") or "") or None,
        logprobs=tokens_of(logprobs),
        simulated=str(object_of(value.get("metadata")).get("harness") or "").endswith(":simulated"),
    )
