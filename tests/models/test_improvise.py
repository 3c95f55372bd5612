"""What a model that knows nothing answers: tool calls, JSON or text, of the form that is asked for."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.models.calls import Call, Reply
from harness.models.improvise import MAX_CALLS, MAX_QUOTED, improvise
from harness.models.material import json_objects

TEXT = {"type": "string"}


def tool(name: str, about: str, /, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": about, "parameters": schema}}


WEATHER = tool("get_weather", "The current weather of a city", city=TEXT)
TIME = tool("local_time", "What time it is somewhere", place=TEXT)
TOOLS = [WEATHER, TIME]


def asked(text: str, *more: dict[str, Any], system: str = "", **fields: Any) -> Reply:
    before = ({"role": "system", "content": system},) if system else ()
    call = Call(model="m", messages=(*before, {"role": "user", "content": text}, *more), **fields)
    reply = improvise(call, name="nobody")
    assert reply == improvise(call, name="nobody"), "equal calls get equal replies"
    return reply


def calls(reply: Reply) -> list[tuple[str, Any]]:
    assert (reply.finish == "tool_calls") == bool(reply.tool_calls)
    return [(one.name, json.loads(one.arguments)) for one in reply.tool_calls]


def structured(text: str, schema: Any, *more: dict[str, Any], system: str = "") -> Any:
    form = {"type": "json_schema", "json_schema": {"name": "form", "schema": schema}}
    value = json.loads(asked(text, *more, system=system, response_format=form).text)
    Draft202012Validator(schema).validate(value)
    return value


def properties(**of: Any) -> dict[str, Any]:
    return {"type": "object", "properties": of, "required": list(of), "additionalProperties": False}


def results(*texts: str, name: str = "get_weather") -> list[dict[str, Any]]:
    made = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": "{}"}} for n, _ in enumerate(texts)
    ]
    said = [{"role": "tool", "tool_call_id": f"c{n}", "content": text} for n, text in enumerate(texts)]
    return [{"role": "assistant", "content": None, "tool_calls": made}, *said]


class TestReply:
    def test_it_is_marked_as_simulated_and_its_tokens_as_estimated(self) -> None:
        reply = asked("How are you?", tools=())
        assert reply.simulated and reply.estimated and reply.model == "nobody" and reply.finish == "stop"
        assert reply.input_tokens == 3 and reply.output_tokens and reply.output_tokens > 3

    def test_tools_count_as_input(self) -> None:
        assert (asked("hi", tools=(WEATHER,)).input_tokens or 0) > (asked("hi").input_tokens or 0) + 20

    def test_a_long_message_is_not_echoed_whole(self) -> None:
        assert len(asked("word " * 1000).text) < MAX_QUOTED + 40

    def test_a_call_without_a_word_still_has_an_answer(self) -> None:
        assert improvise(Call(model="m", messages=()), name="nobody").text


class TestTools:
    def test_no_tool_is_called_that_the_message_is_not_about(self) -> None:
        reply = asked("Tell me a joke", tools=TOOLS)
        assert not calls(reply) and "joke" in reply.text

    def test_every_tool_that_the_message_is_about_is_called(self) -> None:
        made = calls(asked("What are the weather and the time in Paris?", tools=TOOLS))
        assert sorted(made) == [("get_weather", {"city": "Paris"}), ("local_time", {"place": "Paris"})]

    def test_a_tool_is_called_once_for_each_value_that_is_listed(self) -> None:
        made = calls(asked("Is the weather good in Paris, New York and London?", tools=TOOLS))
        assert made == [("get_weather", {"city": city}) for city in ("Paris", "New York", "London")]
        many = ", ".join(f"City{chr(65 + n)}" for n in range(20))
        assert len(calls(asked(f"The weather in {many}?", tools=TOOLS))) == MAX_CALLS

    def test_two_arguments_share_a_list_instead_of_repeating_the_call(self) -> None:
        compare = tool("compare", "Compare two cities", one=TEXT, other=TEXT)
        assert calls(asked("Compare Paris and London", tools=[compare])) == [
            ("compare", {"one": "Paris", "other": "London"})
        ]

    def test_parallel_calls_can_be_forbidden(self) -> None:
        forbidden = {"parallel_tool_calls": False}
        made = calls(asked("What are the weather and the time in Paris and Rome?", tools=TOOLS, parameters=forbidden))
        assert len(made) == 1

    def test_ids_differ_within_a_conversation(self) -> None:
        first = asked("The weather in Paris and Rome?", tools=TOOLS)
        again = {"role": "user", "content": "The weather in Paris and Rome?"}
        second = asked("The weather in Paris and Rome?", *results("a", "b"), again, tools=TOOLS)
        ids = [one.id for one in (*first.tool_calls, *second.tool_calls)]
        assert len(set(ids)) == 4 and all(one.startswith("call_") for one in ids)

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ("none", []),
            ("auto", ["get_weather"]),
            ("required", ["get_weather"]),
            ({"type": "function", "function": {"name": "local_time"}}, ["local_time"]),
            ({"type": "function", "function": {"name": "unheard_of"}}, []),
        ],
    )
    def test_the_tool_choice_is_obeyed(self, choice: Any, expected: list[str]) -> None:
        made = calls(asked("The weather in Paris?", tools=TOOLS, tool_choice=choice))
        assert [name for name, _ in made] == expected

    def test_a_required_call_is_made_even_where_nothing_matches(self) -> None:
        assert [name for name, _ in calls(asked("hi", tools=TOOLS, tool_choice="required"))] == ["get_weather"]

    def test_after_a_result_a_required_call_goes_to_another_tool(self) -> None:
        fields: dict[str, Any] = {"tools": TOOLS, "tool_choice": "required"}
        assert [name for name, _ in calls(asked("Weather?", *results("rain"), **fields))] == ["local_time"]
        both = (*results("rain"), *results("noon", name="local_time"))
        assert [name for name, _ in calls(asked("Weather?", *both, **fields))] == ["get_weather"]

    def test_after_results_the_answer_quotes_them(self) -> None:
        reply = asked("The weather in Paris and Rome?", *results("rain " * 100, "sun"), tools=TOOLS)
        assert not reply.tool_calls and "get_weather gave: rain" in reply.text and "get_weather gave: sun" in reply.text
        assert len(reply.text) < 2 * MAX_QUOTED + 100

    def test_a_result_without_its_call_is_quoted_too(self) -> None:
        assert "the tool gave: sun" in asked("Weather?", {"role": "tool", "content": "sun"}, tools=TOOLS).text

    def test_a_tool_whose_arguments_cannot_be_made_is_not_called(self) -> None:
        broken = tool("get_weather", "The weather", city={"type": "string", "minLength": 9, "maxLength": 1})
        assert not calls(asked("The weather in Paris?", tools=[broken]))


class TestArguments:
    def test_numbers_dates_enums_and_names_come_from_the_message(self) -> None:
        book = tool(
            "book_flight",
            "Book a flight",
            origin=TEXT,
            destination=TEXT,
            date={"type": "string", "format": "date"},
            passengers={"type": "integer", "minimum": 1},
            cabin={"enum": ["economy", "business"]},
        )
        text = "Book a flight from Paris to New York on 2026-03-04 for 3 people in business class"
        expected = {
            "origin": "Paris", "destination": "New York", "date": "2026-03-04", "passengers": 3, "cabin": "business",
        }  # fmt: skip
        assert calls(asked(text, tools=[book])) == [("book_flight", expected)]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('Search for "blue shoes" in the shop', "blue shoes"),
            ("Please search for cheap hotels near the beach.", "cheap hotels near the beach"),
            ("search", "search"),
            ("query: red hats, small", "red hats"),
        ],
    )
    def test_a_query_is_what_is_quoted_or_the_rest_of_the_message(self, text: str, expected: str) -> None:
        search = tool("search", "Search the shop by a query", query=TEXT)
        assert calls(asked(text, tools=[search])) == [("search", {"query": expected})]

    def test_an_optional_argument_is_given_where_the_message_names_it(self) -> None:
        weather = tool("get_weather", "The weather", city=TEXT)
        schema = weather["function"]["parameters"]
        schema["properties"] |= {"unit": {"enum": ["celsius", "kelvin"]}, "days": {"type": "integer"}, "note": TEXT}
        assert calls(asked("The weather in Paris", tools=[weather]))[0][1] == {"city": "Paris"}
        told = calls(asked("The weather in Paris in kelvin, days: 3", tools=[weather]))[0][1]
        assert told == {"city": "Paris", "unit": "kelvin", "days": 3}

    def test_a_list_takes_the_values_that_are_listed(self) -> None:
        trip = tool("plan_trip", "Plan a trip", stops={"type": "array", "items": TEXT}, nights={"type": "integer"})
        made = calls(asked("Plan a trip to Paris, Rome and Oslo, 4 nights", tools=[trip]))
        assert made == [("plan_trip", {"stops": ["Paris", "Rome", "Oslo"], "nights": 4})]

    def test_a_tool_without_parameters_gets_none(self) -> None:
        bare = {"type": "function", "function": {"name": "ping_server"}}
        assert calls(asked("ping the server", tools=[bare])) == [("ping_server", {})]

    def test_a_tools_one_list_is_given_though_it_is_optional(self) -> None:
        pairs = {"type": "array", "items": {"$ref": "#/$defs/Pair"}}
        pair = properties(name=TEXT, city=TEXT)
        for tasks in (pairs, {"$ref": "#/$defs/Pairs"}):
            schema = {"type": "object", "properties": {"tasks": tasks}, "required": []}
            schema["$defs"] = {"Pair": pair, "Pairs": pairs}
            listed = {"type": "function", "function": {"name": "pairs", "description": "Pairs", "parameters": schema}}
            [(_, value)] = calls(asked("Ann Lee in Paris", tools=[listed], tool_choice="required"))
            assert [list(one) for one in value["tasks"]] == [["name", "city"]]

    def test_a_tools_other_optional_arguments_are_left_out(self) -> None:
        for one in (TEXT, True, {"type": "integer"}, {"enum": ["x"]}):
            schema = {"type": "object", "properties": {"limit": one}}
            tool = {"type": "function", "function": {"name": "list_tickets", "parameters": schema}}
            assert calls(asked("List my tickets", tools=[tool])) == [("list_tickets", {})]


class TestJson:
    def test_values_come_from_the_prompt(self) -> None:
        schema = properties(
            name=TEXT, age={"type": "integer"}, email=TEXT, city=TEXT, mood={"enum": ["sad", "glad"]}, notes=TEXT
        )
        value = structured("Last week Ann Lee, 34, was glad in Paris. Her email is ann@x.org.", schema)
        notes = value.pop("notes")
        assert value == {"name": "Ann Lee", "age": 34, "email": "ann@x.org", "city": "Paris", "mood": "glad"}
        assert notes.startswith("Last week Ann Lee")

    def test_after_a_tools_result_values_come_from_it_too(self) -> None:
        schema = properties(city=TEXT, degrees={"type": "integer"})
        value = structured("The weather in Paris?", schema, *results("21 degrees"))
        assert value == {"city": "Paris", "degrees": 21}

    def test_a_schema_without_an_instance_is_declined(self) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "form", "schema": {"$ref": "#"}}}
        reply = asked("hi", response_format=form)
        assert reply.text == "" and reply.refusal and "no small instance" in reply.refusal

    def test_a_form_without_a_schema_gets_an_object(self) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "form"}}
        assert json.loads(asked("hi", response_format=form).text) == {}
        assert json.loads(asked("hi, in JSON", response_format={"type": "json_object"}).text) == {
            "answer": "hi, in JSON"
        }

    def test_json_mode_finds_the_schema_in_the_messages(self) -> None:
        wanted = properties(city=TEXT)
        other = properties(other=TEXT)
        example = {"city": "Oslo"}
        system = f"Give JSON of this schema: {json.dumps(wanted, indent=2)}. Example: {json.dumps(example)}"
        mode = {"type": "json_object"}
        assert json.loads(asked("I live in Paris", system=system, response_format=mode).text) == {"city": "Paris"}
        text = f"Schemas look like {json.dumps(other)}. Yours is {json.dumps(wanted)}. I live in Paris."
        assert json.loads(asked(text, response_format=mode).text) == {"city": "Paris"}
        assert json.loads(asked(text).text) == {"city": "Paris"}, "without JSON mode too"

    def test_an_example_in_a_system_message_shows_the_form(self) -> None:
        example = {"reason": "good", "pass": True, "score": 0.5, "tags": ["a"], "more": {"none": None}, "rest": []}
        system = f"Answer in JSON such as {json.dumps(example)}"
        value = json.loads(asked("<Output>A red hat.</Output><Rubric>Is a hat</Rubric>", system=system).text)
        assert value.keys() == example.keys()
        assert value["pass"] is True and value["score"] == 1 and value["more"] == {"none": None}
        assert isinstance(asked("hi", system=f"Not such as {json.dumps(example)}").text, str)
        assert asked("hi", system="Answer {nothing}").text.startswith("Simulated answer")

    def test_deep_examples_are_mirrored_as_far_as_is_sensible(self) -> None:
        deep = '{"a": ' * 100 + "1" + "}" * 100
        assert json.loads(asked("hi", system=f"Answer in JSON such as {deep}").text)["a"]["a"]


class TestJudging:
    ANSWER = {"question": "When was Turing born?", "answer": "He was born in 1912. He made a telephone."}
    INPUT = {"context": "Turing was born in 1912.", "statements": ["Turing was born in 1912.", "He likes tea."]}

    def test_a_list_of_texts_is_the_answers_sentences(self) -> None:
        schema = properties(statements={"type": "array", "items": TEXT})
        value = structured(f"Split this.\ninput: {json.dumps(self.ANSWER)}\nOutput: ", schema)
        assert value == {"statements": ["He was born in 1912.", "He made a telephone."]}

    def test_a_list_of_objects_mirrors_the_inputs_list_with_verdicts_by_overlap(self) -> None:
        item = properties(statement=TEXT, reason=TEXT, verdict={"type": "integer"})
        schema = {
            **properties(statements={"type": "array", "items": {"$ref": "#/$defs/Item"}}),
            "$defs": {"Item": item},
        }
        example = {"context": "Other.", "statements": ["Not this one."]}
        text = f"Judge.\nInput: {json.dumps(example)}\n----\ninput: {json.dumps(self.INPUT)}\nOutput: "
        items = structured(text, schema)["statements"]
        assert [one["statement"] for one in items] == self.INPUT["statements"]
        assert [one["verdict"] for one in items] == [1, 0]
        assert "100%" in items[0]["reason"] and "0%" in items[1]["reason"]

    def test_a_list_of_objects_gives_each_items_own_values(self) -> None:
        schema = properties(people={"type": "array", "items": properties(name=TEXT, old={"type": "boolean"})})
        value = structured(json.dumps({"people": [{"name": "Ann"}, {"name": "Bob"}]}), schema)
        assert [one["name"] for one in value["people"]] == ["Ann", "Bob"]

    @pytest.mark.parametrize(
        ("answer", "verdict", "rating", "score", "share", "label"),
        [("A red hat on a table", 1, 4, 5, 1.0, "yes"), ("Nine blue whales", 0, 0, 1, 0.0, "no")],
    )
    def test_a_verdict_lies_on_the_scale_that_the_schema_names(
        self, answer: str, verdict: int, rating: int, score: int, share: float, label: str
    ) -> None:
        schema = properties(
            verdict={"type": "integer", "description": "the verdict(0/1)"},
            rating={"type": "integer", "description": "Accuracy rating (0, 2, or 4)"},
            score={"type": "integer", "description": "Score from 1-5"},
            grade={"type": "number", "minimum": 0, "maximum": 1},
            passed={"type": "boolean"},
            relevant={"enum": ["yes", "no"]},
        )
        value = structured(json.dumps({"answer": answer, "context": "A red hat lies on a table."}), schema)
        assert value == {
            "verdict": verdict, "rating": rating, "score": score, "grade": share, "passed": verdict == 1, "relevant": label,
        }  # fmt: skip

    @pytest.mark.parametrize(("answer", "evasive"), [("I don't know that.", 1), ("In 1912.", 0)])
    def test_an_evasive_answer_is_noncommittal(self, answer: str, evasive: int) -> None:
        schema = properties(noncommittal={"type": "integer"}, evasive={"type": "boolean"})
        assert structured(json.dumps({"response": answer}), schema) == {
            "noncommittal": evasive,
            "evasive": bool(evasive),
        }


GRADED = """You judge an answer.

[BEGIN DATA]
***
[Task]: Who wrote Faust?
***
[Submission]: {submission}
***
[Criterion]: Goethe wrote it
***
[END DATA]

"""
LETTERS = "Reply with 'GRADE: $LETTER' (without quotes) where LETTER is one of CPI. Please choose one."
YES_OR_NO = 'Then print only the single character "Y" or "N" (without quotes) on its own line.'


class TestVerdictsInProse:
    @pytest.mark.parametrize(
        ("submission", "form", "last"),
        [
            ("Faust was written by Goethe, who wrote it late.", LETTERS, "GRADE: C"),
            ("Schiller did.", LETTERS, "GRADE: I"),
            ("Goethe wrote Faust.", YES_OR_NO, "Y"),
            ("Schiller did.", YES_OR_NO, "N"),
        ],
    )
    def test_a_grade_has_the_form_that_is_asked_for(self, submission: str, form: str, last: str) -> None:
        text = GRADED.format(submission=submission) + form
        reason, line = asked(text).text.split("\n")
        assert reason.startswith("Simulated: ") and line == last

    @pytest.mark.parametrize(("output", "passed"), [("A table in Paris, by the river.", True), ("Rome", False)])
    def test_a_rubric_says_what_an_output_should_have(self, output: str, passed: bool) -> None:
        text = f"<Output>\n{output}\n</Output>\n<Rubric>\nNames Paris\n</Rubric>"
        value = json.loads(asked(text, system='You grade in JSON: {"reason": "…", "pass": true, "score": 1.0}').text)
        assert (value["pass"], value["score"]) == (passed, 0.5 if passed else 0)

    def test_without_a_text_to_judge_it_is_the_first_option(self) -> None:
        form = "The entire content of your response should be 'ANSWER: $LETTER' where LETTER is one of B,C,A."
        assert asked(f"{form}\n\nA) Rome\nB) Paris\nC) Oslo").text == "ANSWER: B"
        assert asked("You need to answer with either YES or NO.\nIs it late?").text == "YES"

    @pytest.mark.parametrize(
        "text", ["Send a $LETTER to Ann", "GRADE: $LETTER", "LETTER is one of A,B", "either way or no"]
    )
    def test_half_a_form_is_none(self, text: str) -> None:
        assert asked(text).text.startswith("Simulated answer to:")


class TestShownExamples:
    def test_a_user_who_shows_an_example_of_the_json_gets_json_like_it(self) -> None:
        text = 'Return JSON only.\n---\n**Example JSON:**\n{"reason": "why", "score": 0}\n\nJSON:'
        value = json.loads(asked(f"Ann likes Paris.\n{text}").text)
        assert list(value) == ["reason", "score"] and isinstance(value["score"], int)
        assert value["reason"] != "why", "the example is no data"
        steps = json.loads(asked('Minified JSON.\nFormat:\n```json\n{"steps": ["<a>", "<b>"]}\n```').text)["steps"]
        assert steps and "<a>" not in steps

    def test_what_is_called_no_example_or_has_no_word_of_json_is_data(self) -> None:
        assert asked('Is this JSON fine? {"a": 1}').text.startswith("Simulated answer")
        assert asked('For example: {"a": 1}').text.startswith("Simulated answer")

    def test_an_empty_object_is_no_example(self) -> None:
        system = 'Answer with a JSON object: {"thought": "…"}. The tool finish takes {}.'
        form = {"type": "json_object"}
        assert list(json.loads(asked("What now?", system=system, response_format=form).text)) == ["thought"]
        assert list(json.loads(asked("What?", system="JSON {}", response_format=form).text)) == ["answer"]


class TestHostileText:
    @given(st.text(max_size=300), st.text(max_size=100))
    def test_any_text_gets_an_answer(self, text: str, system: str) -> None:
        schema = properties(name=TEXT, count={"type": "integer"}, facts={"type": "array", "items": TEXT})
        value = structured(text, schema, system=system)
        json.dumps(value, ensure_ascii=False).encode()
        asked(text, system=system, tools=TOOLS, tool_choice="required")

    @pytest.mark.parametrize(
        "text",
        [
            '{"a":' * 100_000,
            '{"a" ' * 100_000,
            "{}" * 30_000,
            "{" * 300_000,
            '{"a": [' + "1," * 300_000,
            "[" * 100_000,
            "A, " * 100_000,
            "<a>" * 100_000,
            " " * 300_000,
            "a. " * 100_000,
            '"' * 100_000,
            "Aa " * 100_000,
            "1" * 300_000,
            '{"properties": {"a": ' * 2000,
            '{"n": ' + "9" * 5000 + "}",
            "verdict: " * 30_000,
            "***\n[a]: b\n" * 30_000,
            'Example JSON: {"a": 1} ' * 15_000,
            "GRADE: $LETTER LETTER is one of " + "A, " * 100_000,
        ],
        ids=lambda text: text[:8],
    )
    def test_a_long_message_costs_bounded_time(self, text: str) -> None:
        begun = time.process_time()
        asked(text, tools=TOOLS)
        schema = properties(verdict={"type": "integer"}, names={"type": "array", "items": TEXT}, mood={"enum": ["a"]})
        structured(text, schema)
        assert time.process_time() - begun < 5

    def test_json_objects_are_found_between_other_braces(self) -> None:
        text = 'Use {name}. {"a": {"b": 1}} and {broken: } and {"c": []}{'
        assert [one.value for one in json_objects(text)] == [{"a": {"b": 1}}, {"c": []}]
        first = json_objects(text)[0]
        assert text[first.start : first.end] == '{"a": {"b": 1}}'
