"""Rules of the house that no linter knows."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from tests.commands import environment
from tests.places import ROOT

MODULES = sorted((ROOT / "harness").rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]
HEAVY = {"langchain", "langchain_core", "langgraph", "chromadb", "pandas", "ragas", "openai", "onnxruntime", "tantivy"}
GENERATED = {"__pycache__", "dist", "reports"}


def text_files() -> Iterator[tuple[str, str]]:
    """Name and text of every text file of the repository; what tools and runs leave behind is left out."""
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") and top.name not in {".ci", ".gitignore", ".pre-commit-config.yaml"}:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not GENERATED & set(parts) and not any(part.endswith(".egg-info") for part in parts):
                try:
                    yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('LOADED', *sys.modules)"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {module.partition(".")[0] for module in done.stdout.rpartition("LOADED ")[2].split()}


def test_modules_are_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert statistics.median(lengths.values()) <= 200


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 60
    }
    assert long == set()


def only_exports(node: ast.stmt, *, root: bool) -> bool:
    """Whether a statement of an `__init__` is a docstring, an import or, in the root, what makes imports lazy."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Assign(targets=[ast.Name(id="_HOME")], value=ast.Dict()) | ast.FunctionDef(name="__getattr__"):
            return root
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return all(only_exports(inner, root=root) for inner in node.body)
    return False


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_a_package_only_exports(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    wrong = [node.lineno for node in tree.body if not only_exports(node, root=path.parent == ROOT / "harness")]
    assert wrong == []


def test_the_public_names_are_few_and_each_resolves() -> None:
    assert len(harness.__all__) == len(set(harness.__all__)) <= 15
    for name in harness.__all__:
        assert getattr(harness, name) is not None
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'nothing'"):
        harness.nothing  # noqa: B018


def test_what_type_checkers_see_of_the_root_is_what_it_exports() -> None:
    tree = ast.parse((ROOT / "harness" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    shown = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {"__version__", *shown} == set(harness.__all__)
    for name, module in shown.items():
        assert getattr(sys.modules[str(module)], name) is getattr(harness, name)


@pytest.mark.parametrize(
    "code",
    [
        "import harness",
        "from harness.cli.main import run; run(['--help'])",
        "from harness.cli.main import run; run([])",
    ],
    ids=["import", "help", "nothing"],
)
def test_no_heavy_library_is_loaded_before_it_is_needed(code: str) -> None:
    loaded = loaded_by(code)
    assert "harness" in loaded
    assert loaded & HEAVY == set()


def test_importing_the_root_loads_nothing_but_its_version() -> None:
    assert not loaded_by("import harness") & {"numpy", "pydantic", "yaml", "click", "rich", "scipy", "jinja2"}


FORBIDDEN = {
    "unfinished work": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b"),
    "a path of some machine": re.compile(r"(?<![\w.:/<])/(?:work|root|tmp|home|Users|opt|mnt)/\w"),
    "a package index": re.compile(r"--(?:extra-)?index[-]url|--find[-]links|\btrusted[-]host\b|pypi[.]org|/simple[/]"),
    "an address with a login": re.compile(r"https?://[^\s/\"'@]+@\w"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_file_holds(what: str) -> None:
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1} {match[0]}"
        for name, text in text_files()
        for match in FORBIDDEN[what].finditer(text)
    ]
    assert found == []


def test_the_rules_look_at_the_whole_repository() -> None:
    names = {name for name, _ in text_files()}
    assert {"README.md", "pyproject.toml", "harness/core/files.py", "corpora/taxonomy.yaml", "tests/places.py"} <= names
    assert not any(name.startswith((".venv", ".git/")) for name in names)
    samples = {
        "unfinished work": "# TO" + "DO: later",
        "a path of some machine": 'open("/' + 'home/me/x")',
        "a package index": "pip install --index" + "-url x",
        "an address with a login": "https://" + "me:pw@host",
    }
    assert all(FORBIDDEN[what].search(text) for what, text in samples.items())
