"""A finding: what is wrong with the data, and on which line of which file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import UsageError

_LOCATION = re.compile(r"\A(.*):(\d+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One defect; they sort by file and line. `rule` names the check that found it."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def finding(at: str, *, rule: str, message: str) -> Finding:
    """A finding at a `file:line`; at line 1 where only a file is given."""
    match = _LOCATION.match(at)
    file, line = (match[1], int(match[2])) if match else (at, 1)
    return Finding(file=file, line=line, rule=rule, message=message)


def of_error(error: UsageError, *, rule: str, otherwise: str) -> Finding:
    """A loader's error as a finding; at `otherwise` (file:line) where the error is about no file that is there."""
    where = str(error.where or "")
    message = f"{error.what}; {error.fix}" if error.fix else error.what
    if _LOCATION.match(where) or Path(where).is_file():
        return finding(where, rule=rule, message=message)
    return finding(otherwise, rule=rule, message=f"{where}: {message}" if where else message)


def of_errors(errors: Iterable[UsageError], *, rule: str, otherwise: str) -> Iterator[Finding]:
    """Each of many errors as a finding of one rule."""
    return (of_error(error, rule=rule, otherwise=otherwise) for error in errors)
