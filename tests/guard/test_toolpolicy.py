from hypothesis import given
from hypothesis import strategies as st

from harness.guard import ToolPolicy, decide_call

POLICY = ToolPolicy(limits={"search": 2, "read": 1, "never": 0}, total=3)


def reason(tool: str, *made: str) -> str:
    refusal = decide_call(POLICY, tool, made=made)
    assert refusal is not None
    assert refusal.tool == tool
    return refusal.reason


def test_a_tool_on_the_list_may_be_called_up_to_its_limit() -> None:
    assert decide_call(POLICY, "search", made=[]) is None
    assert decide_call(POLICY, "search", made=["search", "read"]) is None
    assert reason("search", "search", "search") == "its limit of 2 calls a ticket is used up"
    assert reason("never") == "its limit of 0 calls a ticket is used up"


def test_all_calls_together_are_limited_too() -> None:
    policy = ToolPolicy(limits={"search": 9, "read": 9}, total=2)
    refusal = decide_call(policy, "read", made=["search", "search"])
    assert refusal is not None
    assert refusal.reason == "the ticket's limit of 2 tool calls is used up"


def test_only_the_exact_name_is_on_the_list() -> None:
    for name in ("Search", " search", "search ", "sear", "search.read", ""):
        assert reason(name) == "not on the allow-list"


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 4)), st.integers(0, 6), st.lists(st.sampled_from("abcd")))
def test_no_order_of_wishes_gets_past_a_limit(limits: dict[str, int], total: int, wishes: list[str]) -> None:
    policy = ToolPolicy(limits=limits, total=total)
    made: list[str] = []
    for wish in wishes:
        if decide_call(policy, wish, made=made) is None:
            made.append(wish)
    assert len(made) <= total
    assert all(made.count(tool) <= limits[tool] for tool in made)
    for wish in wishes:
        spent = len(made) == total or made.count(wish) == limits.get(wish, 0)
        assert spent or wish in made
