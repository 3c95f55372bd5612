"""Models and embedders in the place of those that ragas talks to: in process, without HTTP or instructor."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from harness.core.telemetry import switch_off
from harness.core.types import Json
from harness.embeddings import Embedder
from harness.models.calls import Call, Reply

if TYPE_CHECKING:
    from pydantic import BaseModel
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.llms.base import InstructorBaseRagasLLM

Complete = Callable[[Call], Awaitable[Reply]]
"""Answers a call: an engine's `answer` made async, or what a gateway's `complete` gives first."""

_Model = TypeVar("_Model", bound="BaseModel")


def ragas_model(complete: Complete, *, model: str = "reader") -> "InstructorBaseRagasLLM":
    """A ragas LLM that asks `complete`, with the schema of what ragas wants as the call's response format.

    Its methods raise pydantic's ValidationError for a reply that isn't of that schema, ValueError for one that is none:
    a refusal, or cut short.
    """
    switch_off(os.environ)  # ragas looks once, at its first event
    from ragas.llms.base import InstructorBaseRagasLLM

    class RagasModel(InstructorBaseRagasLLM):
        """What ragas's metrics take as `llm`."""

        async def agenerate(self, prompt: str, response_model: type[_Model]) -> _Model:
            """One structured answer."""
            return _validated(await complete(_call(prompt, response_model, model)), response_model)

        def generate(self, prompt: str, response_model: type[_Model]) -> _Model:
            """One structured answer, for callers that don't await; in a thread, since a loop may be running in theirs."""
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(asyncio.run, self.agenerate(prompt, response_model)).result()

    return RagasModel()


def ragas_embeddings(embedder: Embedder) -> "BaseRagasEmbedding":
    """A ragas embedding over one of this package's embedders."""
    switch_off(os.environ)  # ragas looks once, at its first event
    from ragas.embeddings.base import BaseRagasEmbedding

    class RagasEmbeddings(BaseRagasEmbedding):
        """What ragas's metrics take as `embeddings`."""

        def embed_text(self, text: str, **options: Any) -> list[float]:
            """One text's vector; ragas's options are for services and mean nothing here."""
            return [float(value) for value in embedder.embed([text])[0]]

        async def aembed_text(self, text: str, **options: Any) -> list[float]:
            """One text's vector."""
            return self.embed_text(text)

    return RagasEmbeddings()


def _call(prompt: str, response_model: type["BaseModel"], model: str) -> Call:
    form: dict[str, Json] = {"name": response_model.__name__, "schema": response_model.model_json_schema()}
    return Call(
        model=model,
        messages=({"role": "user", "content": prompt},),
        response_format={"type": "json_schema", "json_schema": form},
        parameters={"temperature": 0},
    )


def _validated(reply: Reply, response_model: type[_Model]) -> _Model:
    if reply.refusal is not None:
        raise ValueError(f"the model declined to give a {response_model.__name__}: {reply.refusal}")
    if reply.finish != "stop":
        raise ValueError(f"the model's {response_model.__name__} is no whole answer, but ended with {reply.finish!r}")
    return response_model.model_validate_json(reply.text)
