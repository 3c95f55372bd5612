"""What can go wrong, told apart: the user's mistake, the infrastructure's failure, the model's failure."""

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit codes of every command; pytest's numbers, then two of our own."""

    OK = 0
    FINDINGS = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NO_SAMPLES = 5
    COVERAGE = 6
    INCONCLUSIVE = 7


_PRECEDENCE = (
    Exit.INTERNAL,
    Exit.USAGE,
    Exit.NO_SAMPLES,
    Exit.INTERRUPTED,
    Exit.COVERAGE,
    Exit.FINDINGS,
    Exit.INCONCLUSIVE,
    Exit.OK,
)


def worst_exit(codes: set[Exit]) -> Exit:
    """The exit code that is reported where several apply; OK for none."""
    return next((code for code in _PRECEDENCE if code in codes), Exit.OK)


class HarnessError(Exception):
    """Base of every error this package raises on purpose."""


class UsageError(HarnessError):
    """A mistake of the user's: what is wrong, where, and how to mend it, in one line."""

    def __init__(self, what: str, *, where: str | Path | None = None, fix: str | None = None) -> None:
        self.what, self.where, self.fix = what, where, fix
        text = f"{where}: {what}" if where else what
        super().__init__(one_line(f"{text}; {fix}" if fix else text))


class ProviderRefused(UsageError):
    """The provider refuses the key, or doesn't know the model: at the first call a mistake, later an end to resume from."""


OnError = Callable[[UsageError], None]
"""Told of each mistake in a file; the loader goes on after it returns."""


def stop(error: UsageError) -> None:
    """The OnError of those who can't go on: raises the first mistake."""
    raise error


class NoSamplesError(HarnessError):
    """Nothing to evaluate is left after split, limit and ids were applied."""


class InfrastructureError(HarnessError):
    """The provider failed, not the model: the trial is Errored under `kind` and says nothing about the answer.

    `retry_after` is the wait in seconds that the provider asks for, where it names one.
    """

    def __init__(self, kind: str, message: str, *, retry_after: float | None = None) -> None:
        self.kind, self.message, self.retry_after = kind, message, retry_after
        super().__init__(f"{kind}: {message}")


def one_line(text: str) -> str:
    """`text` with every run of whitespace made one space, so that an error stays one line."""
    return " ".join(text.split())
