"""Reading YAML and JSON Lines into strict models, with `file:line` in every error; writing whole files at once."""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.core.errors import OnError, UsageError, one_line, stop
from harness.core.secrets import scrub, without_secrets


class Strict(BaseModel):
    """Base of every model of a file of ours: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


M = TypeVar("M", bound=BaseModel)
_Path = tuple[int | str, ...]
MAX_BYTES = 32_000_000
"""Of a file that is read whole, and of a line of JSON Lines; a larger one is no file of ours."""
_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n(.*)\Z", re.DOTALL)


def read_text(path: Path, *, what: str) -> str:
    """The UTF-8 text of `path`; a UsageError that names `what` where it can't be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(error, path, what=what) from None
    if len(raw) > MAX_BYTES:
        raise _too_large(f"{path}:1", what=what)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise UsageError("not UTF-8", where=f"{path}:{line}", fix="save the file as UTF-8") from None


def _too_large(where: str, *, what: str) -> UsageError:
    limit = f"{MAX_BYTES // 1_000_000} MB"
    return UsageError(f"{what} larger than {limit}", where=where, fix="split it, or name another file")


def _unreadable(error: OSError, path: Path, *, what: str) -> UsageError:
    if isinstance(error, FileNotFoundError):
        return UsageError(f"no such {what}", where=path, fix="check the path")
    if isinstance(error, IsADirectoryError):
        return UsageError(f"a folder, not a {what}", where=path, fix="name a file in it")
    return UsageError(f"can't read this {what}: {error.strerror}", where=path, fix="check its permissions")


class _Loader(yaml.SafeLoader):
    """YAML with duplicate keys refused, and dates and times left as the strings that stand in the file."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _lines(node: yaml.Node, path: _Path = ()) -> Iterator[tuple[_Path, int]]:
    """Yield (key path, line from 1) of every node below `node`; refuse a key that stands twice."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} stands twice", key.start_mark)
            seen.add(name)
            yield (*path, name), key.start_mark.line + 1
            yield from ((inner, line) for inner, line in _lines(value, (*path, name)) if inner != (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def parse_yaml(text: str, *, where: Path, first_line: int = 1) -> tuple[Any, dict[_Path, int]]:
    """The value of a YAML text and the line of each key path in the file; the text begins at `first_line`."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        lines = {} if node is None else {path: line + first_line - 1 for path, line in _lines(node)}
        return yaml.load(text, Loader=_Loader), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + first_line}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise UsageError(f"not valid YAML: {problem}", where=f"{where}{line}", fix="mend the syntax there") from None
    except RecursionError:
        raise UsageError("YAML nested too deeply", where=where, fix="flatten it; no alias may contain itself") from None
    except (ValueError, KeyError, AttributeError) as error:
        # PyYAML lets these out for scalars that aren't what they look like or are tagged as: `0x_`, `!!int x`
        raise UsageError(f"not valid YAML: {error}", where=where, fix="put quotes around that value") from None


def parse_value(text: str) -> Any:
    """One YAML value, as `--set key=value` gives it; UsageError where it isn't one."""
    value, _ = parse_yaml(text, where=Path("--set"))
    return value


def validate(model: type[M], value: Any, *, where: Path, lines: Mapping[_Path, int | str] | None = None) -> M:
    """`value` as `model`, or a UsageError at the place of the first offending key: its line in `where`, or a flag."""
    if not isinstance(value, dict):
        raise UsageError(f"expected a mapping, found {type(value).__name__}", where=where, fix="see `harness schema`")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        what, loc = explain(error)
        found = lines or {}
        place = next((found[loc[:n]] for n in range(len(loc), -1, -1) if loc[:n] in found), None)
        at = f"{where}:{place}" if isinstance(place, int) else place or where
        raise UsageError(what, where=at, fix=_remedy(error, model)) from None


def explain(error: ValidationError) -> tuple[str, _Path]:
    """The first problem of a pydantic error in words, and its key path."""
    first = error.errors(include_url=False)[0]
    loc = tuple(part for part in first["loc"] if part != "[key]" and not str(part).startswith("function-"))
    name = ".".join(str(part) for part in loc) or "value"
    if first["type"] == "extra_forbidden":
        return f"unknown key {name!r}", loc
    if first["type"] == "missing":
        return f"missing key {name!r}", loc
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = scrub(repr(without_secrets(first["input"], name=name.rpartition(".")[2])))
    return f"{name}: {message} (given {given if len(given) <= 60 else given[:57] + '...'})", loc


def _remedy(error: ValidationError, model: type[BaseModel]) -> str:
    """Advice for the first problem: the key that was meant, or the keys there are."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        return suggest(str(first["loc"][0]), list(model.model_fields))
    if first["type"] == "missing":
        return "add it there"
    return "correct it there"


def load_yaml(path: Path, model: type[M], *, what: str) -> M:
    """A YAML file as `model`; every error is a UsageError with file and line."""
    value, lines = parse_yaml(read_text(path, what=what), where=path)
    return validate(model, value, where=path, lines=lines)


class FrontMatter(NamedTuple):
    """A Markdown file in two: what stands between its `---` lines with the line of each key, and the text below."""

    value: Any
    lines: dict[_Path, int]
    body: str
    first_line: int
    """Line of the file on which `body` begins."""


def read_front_matter(path: Path, *, what: str, keys: str) -> FrontMatter:
    """Read a Markdown file with YAML front matter; `keys` is what the remedy names where there is none."""
    text = read_text(path, what=what)
    match = _FRONT.match(text)
    if not match:
        raise UsageError("no front matter", where=f"{path}:1", fix=f"begin with --- {keys} ---")
    value, lines = parse_yaml(match[1], where=path, first_line=2)
    return FrontMatter(value, lines, match[2], text[: match.start(2)].count("\n") + 1)


def read_jsonl(path: Path, *, what: str, on_error: OnError = stop) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line from 1, object) of a JSON Lines file; blank lines are skipped, anything else goes to `on_error`."""
    try:
        with path.open("rb") as rows:
            for number, raw in enumerate(_raw_lines(rows), 1):
                if not raw.strip():
                    continue
                try:
                    if len(raw) > MAX_BYTES:
                        raise _too_large(f"{path}:{number}", what="line")
                    row = _parse_row(raw, where=f"{path}:{number}")
                except UsageError as error:
                    on_error(error)
                else:
                    yield number, row
    except OSError as error:
        raise _unreadable(error, path, what=what) from None


def _raw_lines(rows: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too large, enough to see that it is."""
    while raw := rows.readline(MAX_BYTES + 1):
        yield raw
        while len(raw) > MAX_BYTES and not raw.endswith(b"\n"):
            raw = rows.readline(MAX_BYTES + 1)


def _parse_row(raw: bytes, *, where: str) -> dict[str, Any]:
    try:
        row = parse_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError("not UTF-8", where=where, fix="save the file as UTF-8") from None
    except ValueError as error:
        raise UsageError(f"not valid JSON: {error}", where=where, fix="one JSON object a line") from None
    except RecursionError:
        raise UsageError("JSON nested too deeply", where=where, fix="one flat object a line") from None
    if not isinstance(row, dict):
        raise UsageError(f"expected an object, found {type(row).__name__}", where=where, fix="one JSON object a line")
    return row


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large a number")
    return number


_JSON = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def parse_json(text: str) -> Any:
    """The value of a JSON text. ValueError where it is none, or holds NaN or what floats can't; RecursionError if deep."""
    return _JSON.decode(text)


def write_atomic(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # where the folder is no folder, there is nothing to remove either
            temporary.unlink()
        raise UsageError(
            f"can't write: {error.strerror}", where=path, fix="choose another folder with --out"
        ) from error


def suggest(name: str, known: list[str]) -> str:
    """A remedy that names the nearest of `known`, or all of them where there are few."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return one_line(f"known are {', '.join(sorted(known)[:20])}") if known else "none is known"
