"""Instances of schemas: whatever the schema and the text, the value satisfies it, or it's said that none does."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.models.instances import MAX_VALUES, instance
from harness.models.material import Material
from harness.models.patterns import matching
from harness.models.schemas import NoInstanceError

FORMATS = ["date", "date-time", "time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "duration", "unheard-of"]
PATTERNS = [
    r"^\d{4}-\d{2}$", r"^[A-Z]{2,4}$", r"^(cat|dog)s?$", r"^[^\s@]+@[^\s@]+\.com$", r"\bab+c\b", r"^#[0-9a-f]{6}$",
    r"^(?:[a-z]+_)*[a-z]+$", r"^.{3,}$", r"^\w+\.\w+$", "^[-+]?[0-9]+$", r"a|b", r"^\$\{x\}$", r"^[\]a]\\$",
]  # fmt: skip
NAMES = st.sampled_from(["name", "age", "verdict", "reason", "city", "createdAt", "a", "b_c", "email", "items", "ünd"])
WORDS = st.sampled_from(["Ann", "in", "Paris", "and", "London", "12", "-3.5", "2026-02-03", "high", "a@b.org", '"x y"'])
TEXTS = st.one_of(st.lists(WORDS, max_size=12).map(" ".join), st.text(max_size=60))
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.sampled_from(["low", "high", ""]))


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    low, more = draw(st.integers(0, 30)), draw(st.integers(0, 30))
    bounds = draw(
        st.sampled_from([{}, {"minLength": low}, {"maxLength": more}, {"minLength": low, "maxLength": low + more}])
    )
    kind = draw(st.sampled_from(["plain", "format", "pattern"]))
    if kind == "plain":
        return {"type": "string", **bounds}
    return {"type": "string", kind: draw(st.sampled_from(FORMATS if kind == "format" else PATTERNS))}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    whole = draw(st.booleans())
    low = draw(st.integers(-50, 50))
    step = draw(st.integers(1, 7))
    high = low + 3 * step + draw(st.integers(0, 20))
    shape = draw(
        st.sampled_from(
            [
                {},
                {"minimum": low},
                {"maximum": high},
                {"minimum": low, "maximum": high, "multipleOf": step},
                {"exclusiveMinimum": low, "exclusiveMaximum": high},
                {"exclusiveMinimum": low, "minimum": low, "maximum": high},
                {"multipleOf": step},
                {"minimum": low, "maximum": low},
            ]
        )
    )
    return {"type": "integer" if whole else "number", **shape}


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    @st.composite
    def arrays(draw: st.DrawFn) -> dict[str, Any]:
        low, more = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        bounds = draw(
            st.sampled_from([{}, {"minItems": low}, {"minItems": low, "maxItems": low + more}, {"maxItems": more}])
        )
        return {"type": "array", "items": draw(inner), **bounds}

    @st.composite
    def objects(draw: st.DrawFn) -> dict[str, Any]:
        properties = draw(st.dictionaries(NAMES, inner, max_size=4))
        required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
        extra = draw(st.sampled_from([{}, {"additionalProperties": False}, {"maxProperties": len(required)}]))
        least = {"minProperties": 5, "additionalProperties": {"type": "integer"}} if draw(st.booleans()) else extra
        return {"type": "object", "properties": properties, "required": required, **least}

    pairs = st.lists(inner, min_size=2, max_size=2)
    return st.one_of(
        arrays(),
        objects(),
        inner.map(lambda one: {"anyOf": [one, {"type": "null"}]}),
        pairs.map(lambda two: {"anyOf": [*two, False]}),
        inner.map(lambda one: {"allOf": [one]}),
        pairs.map(lambda two: {"type": "array", "prefixItems": two, "items": False, "minItems": 2}),
        st.tuples(strings(), numbers()).map(lambda two: {"oneOf": list(two)}),
        st.tuples(objects(), objects()).map(
            lambda two: {"allOf": [{k: v for k, v in one.items() if k in ("type", "properties")} for one in two[:1]]}
        ),
    )


LEAVES = st.one_of(
    strings(),
    numbers(),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {}, True, {"type": ["string", "null"]}, {"$ref": "#/$defs/Leaf"}]
    ),
    VALUES.map(lambda value: {"const": value}),
    st.lists(VALUES, min_size=1, max_size=4).map(lambda values: {"enum": values}),
    st.builds(
        lambda low: {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": low},
        st.integers(0, 5),
    ),
    st.just({"type": "array", "items": {"enum": ["low", "mid", "high"]}, "uniqueItems": True, "minItems": 3}),
)
DEFS = {"Leaf": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
SCHEMAS = st.recursive(LEAVES, containers, max_leaves=8).map(
    lambda schema: {**schema, "$defs": DEFS} if isinstance(schema, dict) else schema
)


def check(schema: Any, value: Any) -> None:
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS, TEXTS, st.booleans())
def test_an_instance_satisfies_its_schema(schema: Any, text: str, arguments: bool) -> None:
    value = instance(schema, Material(prose=text), arguments=arguments)
    check(schema, value)
    assert value == instance(schema, Material(prose=text), arguments=arguments)


NODE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
    "required": ["value", "next"],
}
TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    "required": ["name", "children"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}},
        {"$ref": "#/$defs/Tree", "$defs": {"Tree": TREE}},
        {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], "$defs": {"a": {"minimum": 3, "type": "number"}, "b": {"type": "integer", "maximum": 9}}},
        {"allOf": [{"type": ["string", "integer"]}, {"enum": ["x", 7]}, {"enum": [7, 8]}]},
        {"allOf": [{"anyOf": [{"minLength": 3}, {"minLength": 9}]}, {"type": "string", "maxLength": 5}]},
        {"type": "object", "properties": {"a": {"maximum": 5}}, "allOf": [{"properties": {"a": {"type": "integer", "minimum": 4}}, "required": ["a"]}]},
        {"type": "object", "properties": {"a": True}, "allOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}]},
        {"type": "object", "required": ["x~y"], "properties": {"x~y": {"$ref": "#/$defs/p~1q/anyOf/0"}}, "$defs": {"p/q": {"anyOf": [{"type": "null"}]}}},
        {"type": "object", "properties": {"never": False, "ever": True}},
        {"type": "object", "minProperties": 2, "additionalProperties": {"enum": [1]}},
        {"type": "object", "required": ["a", "b"], "additionalProperties": {"type": "boolean"}},
        {"type": "array", "uniqueItems": True, "minItems": 4, "items": {"type": "number", "minimum": 0, "maximum": 1}},
        {"type": "array", "uniqueItems": True, "minItems": 4, "items": {"type": "number", "maximum": 1, "multipleOf": 0.5}},
        {"type": "array", "uniqueItems": True, "minItems": 4, "items": {"type": "integer", "minimum": 3, "maximum": 6}},
        {"type": "array", "uniqueItems": True, "minItems": 2, "items": {"type": "boolean"}},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "string", "format": "uuid"}},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "string"}},
        {"type": "array", "uniqueItems": True, "minItems": 2, "items": {"type": "object", "properties": {"relevant": {"type": "boolean"}}, "required": ["relevant"]}},
        {"type": "array", "items": False},
        {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]}]},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"minimum": -5, "maximum": -3},
        {"items": {"type": "null"}},
        {"properties": {"a": {"type": "null"}}},
        {"type": "string", "pattern": "^[a-z]{3,}$", "minLength": 8},
        {"type": "string", "pattern": "ab", "minLength": 8},
        {"const": None},
        {"allOf": [{"type": "object", "required": ["a"]}, {"required": ["a", "b"], "properties": {"b": {"const": 1}}}]},
        {"type": "array", "minItems": 1, "items": {"minimum": 3}, "allOf": [{"items": {"type": "integer"}}, {"items": True}]},
        {"type": "integer", "minimum": 1, "maximum": 9, "allOf": [{"minimum": 4, "maximum": 6}, {"minimum": 2, "maximum": 7}]},
        {"allOf": [{"allOf": [{"$ref": "#/$defs/a"}]}, {"type": "integer"}], "$defs": {"a": {"allOf": [{"minimum": 5}]}}},
        {"type": "null", "enum": ["null", None]},
        {"type": "boolean", "enum": [1, True]},
        {"type": "integer", "enum": ["1", 1.5, 2.0]},
        {"type": "number", "enum": [True, 1.5]},
        {"type": "array", "enum": [{}, [1]]},
        {"type": "object", "enum": [[1], {}]},
    ],
    ids=str,
)  # fmt: skip
def test_awkward_schemas_have_instances(schema: Any) -> None:
    check(schema, instance(schema, Material(prose="")))
    check(schema, instance(schema, Material(prose="Ann is 4 and Bob is 5."), arguments=True))


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (False, "nothing satisfies"),
        (7, "nothing satisfies"),
        ({"$ref": "#"}, "no small instance"),
        ({"$ref": "#/$defs/none"}, "points at nothing"),
        ({"$ref": "https://example.com/schema"}, "not local"),
        ({"type": "string", "minLength": 10**9}, "no string"),
        ({"type": "string", "pattern": "(?=a)b"}, "too hard"),
        ({"type": "string", "pattern": r"(a)\1"}, "too hard"),
        ({"type": "string", "pattern": "["}, "no regular"),
        ({"type": "string", "pattern": "a" * 1000}, "more than 300"),
        ({"type": "string", "pattern": "^a$", "minLength": 3}, "too hard"),
        ({"type": "string", "pattern": "^a+$", "minLength": 3, "maxLength": 2}, "no string"),
        ({"type": "string", "pattern": "[^\\s\\S]"}, "no character"),
        ({"type": "array", "minItems": 10**9}, "no small instance|no list"),
        ({"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "boolean"}}, "no list"),
        ({"type": "object", "minProperties": 10**9}, "no small instance"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "nothing satisfies"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "no number"),
        ({"type": "integer", "minimum": 5, "maximum": 6, "multipleOf": 4}, "no multiple"),
        ({"enum": []}, "an enum"),
        ({"type": "string", "enum": [1]}, "an enum"),
        ({"type": "thing"}, "no type"),
        ({"anyOf": [False, False]}, "no option"),
        ({"anyOf": []}, "no option"),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "exclude each other"),
        ({"properties": {"a": False}, "allOf": [{"properties": {"a": True}}], "required": ["a"]}, "nothing satisfies"),
        ({"properties": {"a": 1}, "allOf": [{"properties": {"a": {}}}], "required": ["a"]}, "a schema is"),
        ({"type": "object", "properties": {f"p{n}": {} for n in range(MAX_VALUES)}}, "no small instance"),
    ],
    ids=str,
)
def test_a_schema_without_a_small_instance_says_why(schema: Any, why: str) -> None:
    with pytest.raises(NoInstanceError, match=why):
        instance(schema, Material(prose="a"))


@given(
    st.recursive(
        st.one_of(VALUES, st.integers(), st.floats()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    "type properties items required enum const anyOf allOf $ref pattern minimum maximum minItems format "
                    "minLength maxLength multipleOf prefixItems minProperties maxProperties additionalProperties".split()
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=8,
    )
)
def test_what_is_no_schema_at_all_gets_a_value_or_a_reason(schema: Any) -> None:
    try:
        instance(schema, Material(prose="a"))
    except NoInstanceError as error:
        assert str(error)


def test_a_schema_too_deep_to_merge_says_so() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(400):
        deep = {"properties": {"a": deep}}
    with pytest.raises(NoInstanceError, match="too deep"):
        instance({"allOf": [deep, deep]}, Material())


@pytest.mark.parametrize(
    ("form", "shown"),
    [("uri", "https://example.org/a?b=1"), ("date-time", "2026-03-04T00:00:00Z"), ("email", "ann@x.org")],
)
def test_a_format_takes_what_the_text_shows(form: str, shown: str) -> None:
    text = Material(prose="On 2026-03-04 ann@x.org looked at https://example.org/a?b=1 again.")
    assert instance({"type": "string", "format": form}, text) == shown


def test_a_schema_that_doubles_at_each_level_costs_bounded_time() -> None:
    levels = {f"l{n}": {"anyOf": [{"allOf": [{"$ref": f"#/$defs/l{n + 1}"}, False]}] * 4} for n in range(30)}
    with pytest.raises(NoInstanceError):
        instance({"$ref": "#/$defs/l0", "$defs": {**levels, "l30": {}}}, Material())


@pytest.mark.parametrize(
    ("pattern", "shown", "expected"),
    [
        (r"^[A-Z]{3}\d$", ["nothing", "ABC1"], "ABC1"),
        (r"^[A-Z]{3}\d$", [], "AAA0"),
        (r"^(?P<year>\d{4})(-\d\d)?$", ["2026"], "0000"),
        (r"^x{2,}y*?z+$", [], "xxz"),
        (r"^x{0,2}\x41$", [], "A"),
    ],
)
def test_a_pattern_is_matched_by_what_the_text_shows_or_by_a_shortest_string(
    pattern: str, shown: list[str], expected: str
) -> None:
    assert matching(pattern, shown, low=0, high=100) == expected


def test_a_pattern_of_exponential_cost_is_never_tried_on_long_text() -> None:
    assert 40 <= len(matching(r"^(a+)+$", ["a" * 60 + "b"], low=40, high=80)) <= 80
    with pytest.raises(NoInstanceError, match="more than"):
        matching(r"^(((a{999}){999}){999})$", [], low=0, high=80)
