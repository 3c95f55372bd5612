"""ragas's own metrics, put to use over this package's models."""

import math

import pytest
from pydantic import BaseModel, ValidationError

from harness.embeddings import HashingEmbedder
from harness.models.bridges import ragas_embeddings, ragas_model
from harness.models.calls import Call, Reply
from harness.models.reader import Reader

SAMPLE = {
    "user_input": "When was Alan Turing born?",
    "response": "Alan Turing was born on 23 June 1912. He invented the telephone.",
    "reference": "Alan Turing was born on 23 June 1912.",
    "retrieved_contexts": ["Alan Turing was born on 23 June 1912 in London.", "Paris is the capital of France."],
}
READER = Reader(embedder=HashingEmbedder())


async def ask_reader(call: Call) -> Reply:
    return READER.answer(call)


class Person(BaseModel):
    name: str
    age: int


def replying(reply: Reply):
    async def complete(call: Call) -> Reply:
        return reply

    return ragas_model(complete)


async def test_faithfulness_counts_the_supported_statements() -> None:
    from ragas.metrics.collections import Faithfulness

    result = await Faithfulness(llm=ragas_model(ask_reader)).ascore(
        user_input=SAMPLE["user_input"],
        response=SAMPLE["response"],
        retrieved_contexts=SAMPLE["retrieved_contexts"],
    )
    assert result.value == 0.5


async def test_context_precision_and_recall_tell_the_useful_context_from_the_other() -> None:
    from ragas.metrics.collections import ContextPrecision, ContextRecall

    llm = ragas_model(ask_reader)
    asked = {"user_input": SAMPLE["user_input"], "reference": SAMPLE["reference"]}
    first = await ContextPrecision(llm=llm).ascore(retrieved_contexts=SAMPLE["retrieved_contexts"], **asked)
    last = await ContextPrecision(llm=llm).ascore(retrieved_contexts=SAMPLE["retrieved_contexts"][::-1], **asked)
    assert 0.99 < first.value <= 1
    assert 0.49 < last.value < 0.51
    recall = await ContextRecall(llm=llm).ascore(retrieved_contexts=SAMPLE["retrieved_contexts"], **asked)
    assert recall.value == 1


async def test_other_metrics_get_numbers_in_their_range() -> None:
    from ragas.metrics.collections import AnswerAccuracy, AnswerRelevancy, ContextRelevance, FactualCorrectness

    llm = ragas_model(ask_reader)
    asked, answered = {"user_input": SAMPLE["user_input"]}, {"response": SAMPLE["response"]}
    reference, contexts = {"reference": SAMPLE["reference"]}, {"retrieved_contexts": SAMPLE["retrieved_contexts"]}
    embeddings = ragas_embeddings(HashingEmbedder())
    values = [
        (await AnswerRelevancy(llm=llm, embeddings=embeddings).ascore(**asked, **answered)).value,
        (await AnswerAccuracy(llm=llm).ascore(**asked, **answered, **reference)).value,
        (await ContextRelevance(llm=llm).ascore(**asked, **contexts)).value,
        (await FactualCorrectness(llm=llm).ascore(**answered, **reference)).value,
    ]
    assert all(0 <= value <= 1.000001 for value in values), values


async def test_the_schema_of_what_is_wanted_is_the_calls_response_format() -> None:
    seen: list[Call] = []

    async def complete(call: Call) -> Reply:
        seen.append(call)
        return Reply(text='{"name": "Ann", "age": 3}')

    person = await ragas_model(complete, model="some/judge").agenerate("Who?", Person)
    assert person == Person(name="Ann", age=3)
    assert seen[0].model == "some/judge" and seen[0].messages[0]["content"] == "Who?"
    assert seen[0].response_format["json_schema"] == {"name": "Person", "schema": Person.model_json_schema()}


async def test_generate_works_within_a_running_loop() -> None:
    assert replying(Reply(text='{"name": "Ann", "age": 3}')).generate("Who?", Person).age == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(text='{"name": "Ann"}'), ValidationError),
        (Reply(text="Ann"), ValidationError),
        (Reply(refusal="no"), ValueError),
        (Reply(text='{"name": "Ann", "age": 3}', finish="length"), ValueError),
    ],
)
def test_a_reply_that_is_none_raises(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error, match="Person"):
        replying(reply).generate("Who?", Person)


async def test_embeddings_are_the_embedders_vectors() -> None:
    embedder = HashingEmbedder()
    embeddings = ragas_embeddings(embedder)
    vector = await embeddings.aembed_text("a leak in the roof")
    assert vector == embeddings.embed_text("a leak in the roof") == embedder.embed(["a leak in the roof"])[0].tolist()
    assert math.isclose(sum(one * one for one in vector), 1, rel_tol=1e-5)
