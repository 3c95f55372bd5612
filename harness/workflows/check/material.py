"""Everything that a suite names, read as far as it can be: what is wrong becomes a finding, and the rest goes on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from harness.core.errors import OnError, UsageError
from harness.core.files import parse_yaml, read_text
from harness.core.taxonomy import Taxonomy, load_taxonomy
from harness.core.ticket import Case
from harness.core.types import Sample
from harness.corpus import Corpus
from harness.corpus.incidents import Located, read_incidents
from harness.corpus.policies import Policy, read_policies
from harness.evalsets import parse_case
from harness.evalsets.load import read_samples
from harness.evaluation import Suite, load_suite
from harness.prompts import load_prompt
from harness.workflows.check.findings import Finding, of_error

T = TypeVar("T")
Lines = Mapping[tuple[int | str, ...], int]

_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True)
class Material:
    """What could be read of a suite. `taxonomy_at` is the file:line of each label's definition.

    `whole` is false where a part of the corpora couldn't be read: a citation to nowhere may then be one to that part.
    `all_samples` is false where a sample couldn't be read: what is too few may then not be.
    """

    suite: Suite
    suite_lines: Lines
    taxonomy: Taxonomy | None
    taxonomy_at: Mapping[str, str]
    corpus: Corpus
    samples: tuple[Sample, ...]
    whole: bool = True
    all_samples: bool = True

    @cached_property
    def cases(self) -> tuple[tuple[Sample, Case | None], ...]:
        """Each sample with its case; None where the suite's input is `any`."""
        kind = self.suite.input
        return tuple(
            (sample, parse_case(sample.input, sample_id=sample.id, kind=kind, where=sample.at))
            for sample in self.samples
        )

    def at(self, *key: str) -> str:
        """file:line of a key of the suite; its first line where it doesn't stand there."""
        return f"{self.suite.path}:{self.suite_lines.get(key, 1)}"

    def blame(self, error: UsageError, *, key: str) -> Finding:
        """What a suite names wrongly, at the first line with the name that the error quotes; at `key` if none has it."""
        quoted = _QUOTED.search(error.what)
        text = read_text(self.suite.path, what="suite").splitlines()
        line = next((n for n, held in enumerate(text, 1) if quoted and quoted[1] in held), None)
        otherwise = f"{self.suite.path}:{line}" if line else self.at(key)
        in_suite = str(error.where) in {str(self.suite.path), "--model"}
        where = otherwise if in_suite else error.where
        return of_error(UsageError(error.what, where=where, fix=error.fix), rule="suite", otherwise=otherwise)


def read_material(path: Path) -> tuple[Material | None, list[Finding]]:
    """Read a suite and its files. None where the suite itself is wrong; UsageError where it can't be read at all."""
    text = read_text(path, what="suite")
    try:
        suite = load_suite(path)
        _, lines = parse_yaml(text, where=path)
    except UsageError as error:
        return None, [of_error(error, rule="schema", otherwise=f"{path}:1")]
    reader = _Reader(suite, lines)
    taxonomy, taxonomy_at = reader.taxonomy()
    known = len(reader.found)
    corpus = Corpus(policies=reader.policies(), incidents=reader.incidents())
    whole = len(reader.found) == known
    known = len(reader.found)
    samples = reader.samples()
    all_samples = len(reader.found) == known
    reader.prompt()
    material = Material(
        suite=suite,
        suite_lines=lines,
        taxonomy=taxonomy,
        taxonomy_at=taxonomy_at,
        corpus=corpus,
        samples=samples,
        whole=whole,
        all_samples=all_samples,
    )
    return material, reader.found


def shown_path(suite: Suite, name: str | None) -> Path:
    """A file of the suite, spelled from the working folder where it lies below it."""
    path = suite.resolve(name or "").resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class _Reader:
    """Reads the files of one suite and keeps what is wrong with them."""

    def __init__(self, suite: Suite, lines: Lines) -> None:
        self._suite, self._lines = suite, lines
        self.found: list[Finding] = []

    def taxonomy(self) -> tuple[Taxonomy | None, dict[str, str]]:
        """The taxonomy, and where each label is defined."""
        name = self._suite.taxonomy
        path = shown_path(self._suite, name)
        taxonomy = self._part(lambda: load_taxonomy(path), None, "taxonomy") if name else None
        if taxonomy is None:
            return None, {}
        _, lines = parse_yaml(read_text(path, what="taxonomy"), where=path)
        return taxonomy, {label: f"{path}:{lines['labels', n]}" for n, label in enumerate(taxonomy.ids)}

    def policies(self) -> tuple[Policy, ...]:
        """The policies that are valid."""
        key = ("corpora", "policies")
        name = self._suite.corpora.policies
        path, on_error = shown_path(self._suite, name), self._on_error(*key)
        return self._part(lambda: read_policies(path, on_error=on_error), (), *key) if name else ()

    def incidents(self) -> tuple[Located, ...]:
        """The incidents that are valid."""
        key = ("corpora", "incidents")
        name = self._suite.corpora.incidents
        path, on_error = shown_path(self._suite, name), self._on_error(*key)
        if not name:
            return ()
        known = len(self.found)
        nothing: tuple[Located, ...] = ()
        found = self._part(lambda: tuple(read_incidents(path, on_error=on_error)), nothing, *key)
        read = {at.rpartition(":")[0] for _, at in found}
        files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if len(self.found) == known:
            for empty in [file for file in files if str(file) not in read] or ([] if files else [path]):
                on_error(UsageError("no incident in it", where=empty, fix="add some, or take it out"))
        return found

    def samples(self) -> tuple[Sample, ...]:
        """The samples that are valid."""
        path, on_error = shown_path(self._suite, self._suite.eval_set), self._on_error("eval_set")
        kind = self._suite.input
        return self._part(lambda: tuple(read_samples(path, kind=kind, on_error=on_error)), (), "eval_set")

    def prompt(self) -> None:
        """Read the prompt for its findings only."""
        name = self._suite.prompt
        if name:
            self._part(lambda: load_prompt(shown_path(self._suite, name)), None, "prompt")

    def _part(self, read: Callable[[], T], nothing: T, *key: str) -> T:
        """What `read` returns, or `nothing` and a finding."""
        try:
            return read()
        except UsageError as error:
            self._on_error(*key)(error)
            return nothing

    def _on_error(self, *key: str) -> OnError:
        """Keeps an error as a finding; at the suite's `key` where it is about no file."""
        otherwise = f"{self._suite.path}:{self._lines.get(key, 1)}"
        return lambda error: self.found.append(of_error(error, rule="schema", otherwise=otherwise))
