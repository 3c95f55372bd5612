"""Ids of models -> gateways. Nothing here opens a socket, and only a provider's model ever will."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.secrets import is_secret_name, read_secret, scrub
from harness.core.types import Json, Target
from harness.models.entries import TRANSPORT
from harness.models.network import check_url, http_client, idle_client, is_loopback
from harness.models.settings import Calls, Way

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from harness.embeddings import Embedder
    from harness.models.gateway import Backend, Gateway, Memory

Kind = Literal["reader", "persona", "cassette", "compatible", "provider"]
COMPATIBLE = "openai-compatible"
_KEY_VARIABLE = "OPENAI_COMPATIBLE_API_KEY"
_FORMS = "reader, persona:NAME, cassette:FILE, provider/model or openai-compatible/model"
_ADDRESSES = frozenset({"api_base", "openai_api_base"})
_TAKEN = frozenset({"base_url", "default_headers", "default_query"})
"""Of the parameters that say how a call is sent, those of openai-compatible models."""
_OURS = frozenset({"max_retries", "timeout", "request_timeout"})
_ONE_ATTEMPT = {"google_genai": 1, "google_vertexai": 1}
"""What `max_retries` has to be for one attempt and no more; 0 elsewhere."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A parsed model id. `provider` is None for models that contact nobody."""

    id: str
    kind: Kind
    name: str
    provider: str | None = None

    @property
    def in_process(self) -> bool:
        """Whether calls stay in this process."""
        return self.provider is None


def describe_model(model_id: str) -> ModelSpec:
    """Parse an id without loading anything; UsageError where it is none of the forms."""
    if model_id == "reader":
        return ModelSpec(model_id, "reader", model_id)
    prefix, colon, rest = model_id.partition(":")
    if colon and rest and prefix == "persona":
        return ModelSpec(model_id, "persona", rest)
    if colon and rest and prefix == "cassette":
        return ModelSpec(model_id, "cassette", rest)
    provider, slash, name = model_id.partition("/")
    if slash and provider and name:
        return ModelSpec(model_id, "compatible" if provider == COMPATIBLE else "provider", name, provider)
    fix = suggest(model_id, ["reader"]) if model_id and model_id[0] == "r" else f"give {_FORMS}"
    raise UsageError(f"unknown model {model_id!r}", where="--model", fix=fix)


def check_parameters(parameters: Mapping[str, Any], spec: ModelSpec, *, where: str | Path) -> None:
    """Refuse keys that are written out, settings that have a place of their own, and a base_url that is no URL."""
    for name, value in parameters.items():
        _check_parameter(name, value, spec, where=where)
    base_url = parameters.get("base_url")
    if base_url is not None:
        check_url(base_url, where=where)
    elif spec.kind == "compatible":
        raise UsageError(f"{spec.id} needs a base_url", where=where, fix="give --base-url http://HOST:PORT/v1")


def _check_parameter(name: str, value: Any, spec: ModelSpec, *, where: str | Path) -> None:
    shown = f"model_parameters.{name}"
    if is_secret_name(name) and value is not None:
        fix = "name it: `calls: {api_key: env:NAME}`"
        raise UsageError(f"{shown}: a key doesn't belong into a suite", where=where, fix=fix)
    if name in _OURS:
        fix = f"use calls.{'max_retries' if name == 'max_retries' else 'timeout'}"
        raise UsageError(f"{shown} is the gateway's", where=where, fix=fix)
    if name in _ADDRESSES:
        raise UsageError(f"{shown} is another name of base_url", where=where, fix="write base_url")
    if spec.kind == "compatible" and name in TRANSPORT - _TAKEN:
        fix = f"take it out; known are {', '.join(sorted(_TAKEN))}"
        raise UsageError(f"{shown} has no effect on {spec.id}", where=where, fix=fix)
    inner = value if isinstance(value, Mapping) else {}
    secret = next((key for key in inner if is_secret_name(str(key))), None)
    if secret is not None:
        fix = "give the key by `calls: {api_key: env:NAME}`"
        raise UsageError(f"{shown}.{secret} holds a secret", where=where, fix=fix)
    if name in {"default_headers", "default_query"} and not (inner and all(isinstance(v, str) for v in inner.values())):
        raise UsageError(f"{shown} is no mapping of name: text", where=where, fix="e.g. {X-Team: trust}")


@dataclass(frozen=True)
class Supplies:
    """What a model may need to be made: `key` is the answer key, for personas alone."""

    embedder: Callable[[], "Embedder"]
    key: Callable[[str], Target | None]
    folder: Path
    where: str


def load_model(
    spec: ModelSpec,
    *,
    calls: Calls,
    parameters: Mapping[str, Any],
    supplies: Supplies,
    memories: "tuple[Memory, ...]" = (),
) -> "tuple[Gateway, Way | None]":
    """The gateway to the model of `spec`, and the way in which a replayed cassette was asked for its answers.

    UsageError where the model can't be set up.
    """
    from harness.models.gateway import Gateway, Limits
    from harness.models.prices import load_prices

    name, recorded = spec.id, None
    if spec.kind == "cassette":
        from harness.models.replay import Replay, open_replay

        cassette, name = open_replay(spec.name)
        memories, recorded = (Replay(cassette), *memories), cassette.way
    gateway = Gateway(
        _backend(spec, calls=calls, parameters=parameters, supplies=supplies),
        model=name,
        prices=load_prices(supplies.folder / calls.prices if calls.prices else None),
        limits=Limits(timeout=calls.timeout, deadline=calls.deadline, max_retries=calls.max_retries),
        memories=memories,
        parameters=sent_parameters(parameters, calls),
    )
    return gateway, recorded


def sent_parameters(parameters: Mapping[str, Any], calls: Calls) -> dict[str, Json]:
    """What stands in each request: the suite's parameters but where to send it, and log-probabilities if asked for."""
    sent = {key: value for key, value in parameters.items() if key not in TRANSPORT}
    return {**sent, "logprobs": True, "top_logprobs": 20} if calls.probabilities == "logprobs" else sent


def _backend(spec: ModelSpec, *, calls: Calls, parameters: Mapping[str, Any], supplies: Supplies) -> "Backend":
    if spec.kind == "compatible":
        return _compatible(spec, calls, parameters, supplies)
    if spec.kind == "provider":
        return _provider(spec, calls, parameters, supplies)
    from harness.models.offline import Offline

    if spec.kind == "persona":
        from harness.models.personas import Persona, load_persona

        return Offline(Persona(load_persona(spec.name, folder=supplies.folder), key=supplies.key))
    if spec.kind == "cassette":
        from harness.models.replay import Silent

        return Silent()
    from harness.models.reader import Reader

    return Offline(Reader(embedder=supplies.embedder()))


def _compatible(spec: ModelSpec, calls: Calls, parameters: Mapping[str, Any], supplies: Supplies) -> "Backend":
    from harness.models.compatible import Compatible

    base_url = str(parameters["base_url"])
    return Compatible(
        id=spec.id,
        name=spec.name,
        base_url=base_url,
        secret=read_secret(calls.api_key, where=supplies.where) if calls.api_key else os.environ.get(_KEY_VARIABLE, ""),
        api=calls.api,
        timeout=calls.timeout,
        headers=parameters.get("default_headers"),
        query=parameters.get("default_query"),
    )


def _provider(spec: ModelSpec, calls: Calls, parameters: Mapping[str, Any], supplies: Supplies) -> "Backend":
    from harness.models.provider import Provider

    assert spec.provider is not None
    secret = read_secret(calls.api_key, where=supplies.where) if calls.api_key else ""
    given = {key: value for key, value in parameters.items() if key not in {"logprobs", "top_logprobs"}}
    given |= {"max_retries": _ONE_ATTEMPT.get(spec.provider, 0), "timeout": calls.timeout}
    if secret:
        given["api_key"] = secret
    base_url = parameters.get("base_url") or (os.environ.get("OPENAI_BASE_URL") if spec.provider == "openai" else None)
    close, loopback = None, is_loopback(base_url)
    if spec.provider == "openai":
        client = http_client(loopback=loopback)  # LangChain's own would outlive the loop that it was used in
        given["http_async_client"], close = client, client.aclose
        given["http_client"] = idle_client(loopback=loopback)
        given["include_response_headers"] = True
        given |= {"use_responses_api": True} if calls.api == "responses" else {}
        if "base_url" in given and not secret and not os.environ.get("OPENAI_API_KEY"):
            given["api_key"] = "none"  # a server of one's own may ask for none; the client insists on one
    model = _init(spec, given, secret)
    known = secret or os.environ.get(f"{spec.provider.upper()}_API_KEY", "")
    tell = spec.provider == "openai" and loopback
    return Provider(model, id=spec.id, secret=known, tell_sample=tell, close=close)


def _init(spec: ModelSpec, given: Mapping[str, Any], secret: str) -> "BaseChatModel":
    """LangChain's model, or one line on what is missing."""
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(spec.name, model_provider=spec.provider, **given)
        return model
    except ImportError as error:
        package = _package(str(error), str(spec.provider))
        raise UsageError(
            f"{spec.id}: its package is not installed", where="--model", fix=f"pip install {package}"
        ) from None
    except Exception as error:  # providers' clients raise whatever they like at settings they can't use
        text = scrub(str(error), secret)
        if "api_key" in text.lower() or "api key" in text.lower():
            fix = f"set {_variable(text)}, or `calls: {{api_key: env:NAME}}`"
            raise UsageError(f"{spec.id}: no API key", where="--model", fix=fix) from None
        fix = "check the name and `model_parameters`; `harness doctor` lists providers"
        raise UsageError(f"{spec.id}: {text[:300]}", where="--model", fix=fix) from None


def _package(text: str, provider: str) -> str:
    """The package that LangChain says is missing."""
    import re

    match = re.search(r"pip install (?:-U )?[`'\"]?([\w-]+)", text)
    return match[1] if match else f"langchain-{provider.replace('_', '-')}"


def _variable(text: str) -> str:
    import re

    match = re.search(r"\b[A-Z]+(?:_[A-Z]+)*_API_KEY\b", text)
    return match[0] if match else "the provider's key variable"
