"""Chat models of LangChain that can't do all that is asked of them."""

from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from harness.core.errors import InfrastructureError
from harness.models.calls import Call
from harness.models.failures import Unsupported
from harness.models.provider import Provider

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
ASKED = ({"role": "user", "content": "hello"},)


class Plain(BaseChatModel):
    """Knows neither tools nor formats: what it isn't made for, its client refuses as Python does."""

    @property
    def _llm_type(self) -> str:
        return "plain"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _create(**kwargs)


def _create(*, broken: bool = False) -> ChatResult:
    """A client's request."""
    if broken:
        raise TypeError("'NoneType' object is not subscriptable")
    return ChatResult(generations=[ChatGeneration(message=AIMessage(content="hi"))])


async def test_a_model_without_tools_or_formats_says_which_it_does_not_know() -> None:
    backend = Provider(Plain(), id="plain/x")
    assert (await backend.complete(Call(model="plain/x", messages=ASKED))).text == "hi"
    with pytest.raises(Unsupported) as caught:
        await backend.complete(Call(model="plain/x", messages=ASKED, tools=(TOOL,)))
    assert caught.value.form == "tool"
    with pytest.raises(Unsupported) as caught:
        await backend.complete(Call(model="plain/x", messages=ASKED, response_format={"type": "json_object"}))
    assert caught.value.form == "json_schema"
    await backend.aclose()


async def test_an_answer_that_its_client_trips_over_is_no_form_that_it_does_not_know() -> None:
    broken = Plain().bind(broken=True)
    with pytest.raises(InfrastructureError, match="server_error"):
        await Provider(broken, id="plain/x").complete(Call(model="plain/x", messages=ASKED))  # type: ignore[arg-type]
