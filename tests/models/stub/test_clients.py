"""Real clients, over HTTP, against the stub server: openai, LangChain, ragas, and a plain request."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import openai
import pytest
from pydantic import BaseModel

from harness.embeddings import HashingEmbedder
from harness.models.reader import Reader
from harness.models.stub.server import StubServer

ASK = [{"role": "user", "content": "Book Ann Lee a table in Paris for 4 people."}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city"],
        },
    },
}
FLAT = {"type": "function", **WEATHER["function"]}


class Guest(BaseModel):
    name: str
    city: str


class Booking(BaseModel):
    guest: Guest
    people: int
    mood: Literal["calm", "angry"]
    notes: list[str]
    deposit: float | None


def check_booking(booking: Booking | None) -> None:
    assert booking is not None
    assert (booking.guest.name, booking.guest.city, booking.people) == ("Ann Lee", "Paris", 4)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    reader = Reader(embedder=HashingEmbedder())
    with StubServer(engine_of=lambda name: reader) as server:
        yield server.url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=20) as client:
        yield client


class TestChat:
    def test_a_completion_has_text_usage_and_a_request_id(self, client: openai.OpenAI) -> None:
        done = client.chat.completions.create(model="gpt-any", messages=ASK)
        assert "Ann Lee" in (done.choices[0].message.content or "")
        assert done.model == "gpt-any" and done.usage is not None and done.usage.total_tokens > 5
        assert done._request_id

    def test_a_stream_spells_the_same_text(self, client: openai.OpenAI) -> None:
        whole = client.chat.completions.create(model="reader", messages=ASK).choices[0].message.content
        with client.chat.completions.create(model="reader", messages=ASK, stream=True) as stream:
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
        assert len(pieces) > 5 and "".join(pieces) == whole
        with client.chat.completions.stream(model="reader", messages=ASK) as events:
            assert events.get_final_completion().choices[0].message.content == whole

    def test_parse_gives_the_class(self, client: openai.OpenAI) -> None:
        message = (
            client.chat.completions.parse(model="reader", messages=ASK, response_format=Booking).choices[0].message
        )
        check_booking(message.parsed)

    def test_tools_are_called_and_their_results_quoted(self, client: openai.OpenAI) -> None:
        messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris and London, in celsius?"}]
        first = client.chat.completions.create(model="reader", messages=messages, tools=[WEATHER]).choices[0]
        calls = first.message.tool_calls or []
        assert first.finish_reason == "tool_calls"
        assert [json.loads(call.function.arguments) for call in calls] == [
            {"city": "Paris", "unit": "celsius"},
            {"city": "London", "unit": "celsius"},
        ]
        messages += [
            first.message,
            *({"role": "tool", "tool_call_id": one.id, "content": f"rain {n}"} for n, one in enumerate(calls)),
        ]
        last = client.chat.completions.create(model="reader", messages=messages, tools=[WEATHER]).choices[0]
        assert "rain 0" in (last.message.content or "") and "rain 1" in (last.message.content or "")

    def test_the_async_client_gets_the_same(self, url: str, client: openai.OpenAI) -> None:
        async def ask() -> list[str | None]:
            async with openai.AsyncOpenAI(base_url=url, api_key="none") as other:
                create = other.chat.completions.create
                done = await asyncio.gather(*(create(model="reader", messages=ASK) for _ in range(5)))
                stream = await create(model="reader", messages=ASK, stream=True)
                spelt = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
                return [*(one.choices[0].message.content for one in done), spelt]

        whole = client.chat.completions.create(model="reader", messages=ASK).choices[0].message.content
        assert asyncio.run(ask()) == [whole] * 6


class TestResponses:
    def test_a_response_has_text_and_usage(self, client: openai.OpenAI) -> None:
        done = client.responses.create(model="gpt-any", input="Hello, Ann Lee", instructions="Be short.")
        assert "Ann Lee" in done.output_text and done.status == "completed" and done.model == "gpt-any"
        assert done.usage is not None and done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens

    def test_parse_gives_the_class(self, client: openai.OpenAI) -> None:
        check_booking(client.responses.parse(model="reader", input=ASK, text_format=Booking).output_parsed)

    def test_a_stream_spells_the_same_text(self, client: openai.OpenAI) -> None:
        whole = client.responses.create(model="reader", input=ASK)
        with client.responses.stream(model="reader", input=ASK) as stream:
            events = list(stream)
            final = stream.get_final_response()
        spelt = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert spelt == whole.output_text == final.output_text
        assert [event.sequence_number for event in events] == list(range(len(events)))

    def test_a_streamed_class_is_parsed(self, client: openai.OpenAI) -> None:
        with client.responses.stream(model="reader", input=ASK, text_format=Booking) as stream:
            check_booking(stream.get_final_response().output_parsed)

    def test_tools_are_called_and_their_results_quoted(self, client: openai.OpenAI) -> None:
        asked: list[Any] = [{"role": "user", "content": "What is the weather in Paris and London?"}]
        first = client.responses.create(model="reader", input=asked, tools=[FLAT])
        calls = [item for item in first.output if item.type == "function_call"]
        assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "London"}]
        asked += first.output
        asked += [{"type": "function_call_output", "call_id": one.call_id, "output": "rain"} for one in calls]
        assert "rain" in client.responses.create(model="reader", input=asked, tools=[FLAT]).output_text

    def test_a_streamed_tool_call_spells_its_arguments(self, client: openai.OpenAI) -> None:
        asked = "What is the weather in Paris?"
        with client.responses.stream(model="reader", input=asked, tools=[FLAT], tool_choice="required") as stream:
            events = list(stream)
        spelt = [event.snapshot for event in events if event.type == "response.function_call_arguments.delta"]
        assert json.loads(spelt[-1]) == {"city": "Paris"}

    def test_the_async_client_gets_the_same(self, url: str, client: openai.OpenAI) -> None:
        async def ask() -> tuple[str, Booking | None]:
            async with openai.AsyncOpenAI(base_url=url, api_key="none") as other:
                async with other.responses.stream(model="reader", input=ASK) as stream:
                    text = (await stream.get_final_response()).output_text
                return text, (await other.responses.parse(model="reader", input=ASK, text_format=Booking)).output_parsed

        text, booking = asyncio.run(ask())
        assert text == client.responses.create(model="reader", input=ASK).output_text
        check_booking(booking)

    def test_an_earlier_response_is_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="Previous response with id 'resp_1' not found") as caught:
            client.responses.create(model="reader", input="more", previous_response_id="resp_1")
        assert caught.value.code == "previous_response_not_found"


class TestEmbeddings:
    def test_vectors_are_the_embedders_own_however_they_are_encoded(self, client: openai.OpenAI) -> None:
        texts = ["a leak in the roof", "the roof leaks"]
        expected = HashingEmbedder().embed(texts)
        plain = client.embeddings.create(model="any", input=texts, encoding_format="float")
        coded = client.embeddings.create(model="any", input=texts)
        for given in (plain, coded):
            np.testing.assert_allclose([one.embedding for one in given.data], expected, rtol=1e-6)

    def test_langchain_embeds(self, url: str) -> None:
        from langchain_openai import OpenAIEmbeddings

        embeddings = OpenAIEmbeddings(base_url=url, api_key="none", model="any", check_embedding_ctx_length=False)
        vectors = embeddings.embed_documents(["a leak", "a roof"])
        np.testing.assert_allclose(vectors, HashingEmbedder().embed(["a leak", "a roof"]), rtol=1e-6)


def test_a_plain_request_needs_no_client(url: str) -> None:
    body = json.dumps({"model": "reader", "messages": ASK}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        answer = json.load(response)
    assert answer["object"] == "chat.completion" and answer["usage"]["estimated"] is True
    assert "Ann Lee" in answer["choices"][0]["message"]["content"]


class TestLangChain:
    @pytest.fixture
    def chat(self, url: str) -> Any:
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(base_url=url, api_key="none", model="reader", max_retries=0, timeout=20)

    def test_invoke_and_stream(self, chat: Any) -> None:
        whole = chat.invoke("Hello, Ann Lee")
        assert "Ann Lee" in whole.content and whole.usage_metadata["total_tokens"] > 0
        assert "".join(chunk.content for chunk in chat.stream("Hello, Ann Lee")) == whole.content

    @pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
    def test_structured_output(self, chat: Any, method: str) -> None:
        asked = ASK[0]["content"]
        if method == "json_mode":
            asked = f"{asked}\nAnswer in JSON of this schema: {json.dumps(Booking.model_json_schema())}"
        check_booking(chat.with_structured_output(Booking, method=method).invoke(asked))

    def test_the_responses_api(self, url: str) -> None:
        from langchain_openai import ChatOpenAI

        chat = ChatOpenAI(base_url=url, api_key="none", model="reader", use_responses_api=True)
        assert "Ann Lee" in chat.invoke("Hello, Ann Lee").text
        assert "".join(chunk.text for chunk in chat.stream("Hello, Ann Lee")) == chat.invoke("Hello, Ann Lee").text
        check_booking(chat.with_structured_output(Booking).invoke(ASK[0]["content"]))
        called = chat.bind_tools([WEATHER]).invoke("What is the weather in Paris?").tool_calls
        assert [call["args"] for call in called] == [{"city": "Paris"}]

    @pytest.mark.parametrize("responses_api", [False, True])
    def test_an_agent_calls_its_tool_and_gives_its_answer_the_form(self, url: str, responses_api: bool) -> None:
        from langchain.agents import create_agent
        from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
        from langchain_core.tools import tool
        from langchain_openai import ChatOpenAI

        asked: list[str] = []

        @tool
        def get_weather(city: str) -> str:
            """The current weather of a city."""
            asked.append(city)
            return f"21 degrees in {city}"

        class Weather(BaseModel):
            """What the weather is."""

            city: str
            degrees: int

        chat = ChatOpenAI(base_url=url, api_key="none", model="reader", use_responses_api=responses_api)
        for strategy in (ToolStrategy, ProviderStrategy):
            asked.clear()
            agent = create_agent(chat, [get_weather], response_format=strategy(Weather))
            state = agent.invoke({"messages": [("user", "How is the weather in Paris?")]})
            assert asked == ["Paris"]
            assert state["structured_response"] == Weather(city="Paris", degrees=21)
        agent = create_agent(chat, [get_weather])
        last = agent.invoke({"messages": [("user", "How is the weather in Paris and London?")]})["messages"][-1]
        assert sorted(asked[1:]) == ["London", "Paris"]  # tools of one reply run side by side
        assert "21 degrees in London" in last.text


class TestRagas:
    def test_its_own_openai_path_judges(self, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        monkeypatch.setenv("RAGAS_DO_NOT_TRACK", "true")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        from ragas.llms import llm_factory
        from ragas.metrics.collections import ContextPrecision, Faithfulness

        contexts = ["Alan Turing was born on 23 June 1912 in London.", "Paris is the capital of France."]

        async def judge() -> tuple[float, float]:
            async with openai.AsyncOpenAI(base_url=url, api_key="none") as other:
                llm = llm_factory("reader", client=other)
                faithful = await Faithfulness(llm=llm).ascore(
                    user_input="When was Alan Turing born?",
                    response="Alan Turing was born on 23 June 1912. He invented the telephone.",
                    retrieved_contexts=contexts,
                )
                precise = await ContextPrecision(llm=llm).ascore(
                    user_input="When was Alan Turing born?",
                    reference="Alan Turing was born on 23 June 1912.",
                    retrieved_contexts=contexts,
                )
                return faithful.value, precise.value

        faithful, precise = asyncio.run(judge())
        assert faithful == 0.5 and 0.99 < precise <= 1
