"""Ids of models -> chat models. Nothing here opens a socket unless a provider is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.core.errors import UsageError
from harness.core.files import suggest

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from harness.embeddings import Embedder

OFFLINE = ("reader",)
"""Models that need no key and no network."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A parsed model id. `provider` is None for offline models."""

    id: str
    provider: str | None
    name: str

    @property
    def in_process(self) -> bool:
        """Whether calls stay in this process."""
        return self.provider is None


def describe_model(model_id: str) -> ModelSpec:
    """Parse an id (`reader` or `provider/model`) without loading anything; UsageError where it is neither."""
    if model_id in OFFLINE:
        return ModelSpec(model_id, None, model_id)
    provider, slash, name = model_id.partition("/")
    if slash and provider and name:
        return ModelSpec(model_id, provider, name)
    raise UsageError(
        f"unknown model {model_id!r}", where="--model", fix=f"{suggest(model_id, list(OFFLINE))} or provider/model"
    )


def load_model(
    spec: ModelSpec, *, embedder: "Embedder", parameters: Mapping[str, Any] | None = None
) -> "BaseChatModel":
    """The chat model of `spec`; UsageError where its provider can't be set up."""
    if spec.provider is None:
        from harness.models.reader import Reader

        return Reader(embedder=embedder)
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(spec.name, model_provider=spec.provider, **(parameters or {}))
        return model
    except ImportError as error:
        raise UsageError(f"{spec.id}: {error}", where="--model", fix="install the provider's package") from None
    except Exception as error:  # providers' clients raise whatever they like at settings they can't use
        if "api_key" in str(error).lower():
            raise UsageError(f"{spec.id}: no API key", where="--model", fix="set the provider's key variable") from None
        fix = "check the name and `model_parameters`; LangChain lists its providers"
        raise UsageError(f"{spec.id}: {error}", where="--model", fix=fix) from None
