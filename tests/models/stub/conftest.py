"""One server for all tests that only want to see an answer: starting and stopping one takes a quarter of a second."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.models.calls import Reply
from harness.models.stub import StubServer
from tests.models.stub.talk import Answered, Says, ask, hello, serving

AnsweredBy = Callable[..., Answered]


@pytest.fixture(scope="package")
def shared() -> Iterator[tuple[Says, StubServer]]:
    """A running server and its engine."""
    said = Says()
    with serving(said) as server:
        yield said, server


@pytest.fixture
def says(shared: tuple[Says, StubServer]) -> Says:
    """The shared server's engine, which has been asked nothing yet."""
    said, server = shared
    said.asked.clear()
    said.told = "hello yourself"
    server.clear()
    server.set_faults(None)
    return said


@pytest.fixture
def server(says: Says, shared: tuple[Says, StubServer]) -> StubServer:
    """The shared server, which knows of no calls and plants no faults."""
    return shared[1]


@pytest.fixture
def answered(says: Says, server: StubServer) -> AnsweredBy:
    """What a client gets where the engine gives this reply: `answered(reply, n=2)`."""

    def get(reply: Reply | str, **changes: Any) -> Answered:
        says.told = reply
        return ask(server, hello(**changes))

    return get
