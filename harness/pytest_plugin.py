"""pytest's fixture `harness_stub`: OpenAI-compatible servers that end with the test."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from harness.models.stub import FaultPlan, StubServer


class StubFactory(Protocol):
    """Makes a running server: `harness_stub("persona:perfect", answers="suite.yaml", faults={"rates": {…}})`."""

    def __call__(
        self,
        model: str = "reader",
        answers: Path | str | None = None,
        faults: "FaultPlan | Path | str | Mapping[str, Any] | None" = None,
    ) -> "StubServer":
        """A server on a free port; `url` is what a client's base URL has to be."""
        ...


@pytest.fixture
def harness_stub() -> Iterator[StubFactory]:
    """A factory of stub servers; all of them are stopped after the test."""
    from harness.build.stub import stub_server

    with ExitStack() as running:

        def start(
            model: str = "reader",
            answers: Path | str | None = None,
            faults: "FaultPlan | Path | str | Mapping[str, Any] | None" = None,
        ) -> "StubServer":
            return running.enter_context(stub_server(model, answers=answers, faults=faults))

        yield start
