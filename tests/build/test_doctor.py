"""What is there, what is missing, and whom a suite would contact: read from files and variables alone."""

import ast
import hashlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness.build.contacts import contacts_of, needs_of
from harness.build.doctor import _MINILM, Diagnosis, File, _file, _fits, _home, _own_needs, _package, examine
from harness.build.providers import ACCESS, Provider, _table, address_of, host_of, providers
from harness.evaluation import load_suite
from tests.build.installed import pretend_asking_for
from tests.commands import TRIAGE
from tests.places import ROOT
from tests.world import FUNCTION_SUITE, World

Check = Callable[..., Diagnosis]
KEYS = sorted({name for access in ACCESS.values() for name in (*access.keys, *access.addresses)})
PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell without a key, an address or a proxy."""
    for name in [*KEYS, *PROXIES]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def check(world: World, tmp_path: Path) -> Check:
    """Examine the world's suite with keys replaced."""

    def examined(**changed: Any) -> Diagnosis:
        world.write_suite(**changed)
        return examine(load_suite(world.suite), home=tmp_path / "home")

    return examined


def contacts(found: Diagnosis) -> dict[str, tuple[str, str | None]]:
    """Kind and host of each part."""
    return {contact.part: (contact.kind, contact.host) for contact in found.contacts}


def test_every_package_that_is_asked_for_is_held_against_what_is_installed(tmp_path: Path) -> None:
    found = {package.name: package for package in examine(None, home=tmp_path).packages}
    assert found["openai"].installed == version("openai") and found["openai"].fits is True
    assert {"chromadb", "langchain", "numpy", "ragas"} <= set(found) and "pytest" not in found
    assert found["chromadb"].used_for == "retrieval" and found["click"].used_for == "the harness itself"


@pytest.mark.parametrize(
    ("ranges", "installed", "fits"),
    [("<2,>=1.4", "1.4.7", True), ("<1.5,>=1.4", "1.5.0", False), ("==0.4.3", "0.4.2", False), ("", "1", True),
     (">=1", None, None), (">=1.0", "1.1rc1", True)],
)  # fmt: skip
def test_a_version_is_in_its_range_or_not(ranges: str, installed: str | None, fits: bool | None) -> None:
    assert _fits(ranges, installed) is fits


def test_a_package_that_is_missing_is_told_with_its_range() -> None:
    package = _package("no-such-package[extra]<2,>=1; python_version > '3'")
    assert (package.name, package.wanted, package.installed, package.fits) == ("no-such-package", "<2,>=1", None, None)


def test_a_checkout_that_is_not_installed_has_no_packages_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    assert examine(None, home=tmp_path).packages == ()


def test_the_providers_are_those_of_langchain() -> None:
    from langchain.chat_models.base import _BUILTIN_PROVIDERS

    found = {provider.name: provider for provider in providers()}
    assert {name: provider.package for name, provider in found.items()} == {
        name: module.partition(".")[0].replace("_", "-") for name, (module, _, _) in _BUILTIN_PROVIDERS.items()
    }
    assert found["openai"].installed and found["azure_openai"].package == "langchain-openai"
    assert found["google_anthropic_vertex"].package == "langchain-google-vertexai"


def test_what_is_known_of_providers_is_of_providers_there_are() -> None:
    assert set(ACCESS) <= {provider.name for provider in providers()} | {"openai-compatible"}


def test_a_table_that_is_elsewhere_or_in_another_form_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "base.py"
    assert _table(path) == {}
    for text in ("def (", "x = 1", "_BUILTIN_PROVIDERS: dict = load()", "_BUILTIN_PROVIDERS: dict = {f(): ('a', 'b')}"):
        path.write_text(text)
        assert _table(path) == {}
    path.write_text("_BUILTIN_PROVIDERS: dict = {'a': ('m.n', 'C', f), 'b': 3, **other}")
    assert _table(path) == {"a": "m.n"}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://api.example.com/v1", "api.example.com"),
        ("http:/" + "/me:opensesame@api.example.com:8443/v1?key=opensesame", "api.example.com:8443"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("127.0.0.1:11434", "127.0.0.1:11434"),
        ("localhost", "localhost"),
        ("http://", None),
        ("http://a:port/", None),
        ("http://[::1/", None),
    ],
)
def test_of_an_address_only_the_host_is_shown(address: str, host: str | None) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize(
    ("provider", "base_url", "environ", "host", "named_by"),
    [
        ("openai", None, {}, "api.openai.com", "the provider's default"),
        ("openai", "http://127.0.0.1:8000/v1", {"OPENAI_BASE_URL": "http://b"}, "127.0.0.1:8000", "base_url of the suite"),
        ("openai", None, {"OPENAI_BASE_URL": "http://b/v1"}, "b", "OPENAI_BASE_URL"),
        ("openai", None, {"OPENAI_BASE_URL": "http://b/v1", "OPENAI_API_BASE": "http://c"}, "c", "OPENAI_API_BASE"),
        ("openai", None, {"LANGSMITH_GATEWAY": "true"}, "gateway.smith.langchain.com", "LANGSMITH_GATEWAY"),
        ("openai", None, {"LANGSMITH_GATEWAY": "https://g.example/x"}, "g.example", "LANGSMITH_GATEWAY"),
        ("openai", None, {"LANGSMITH_GATEWAY": "False"}, "api.openai.com", "the provider's default"),
        ("ollama", None, {"OLLAMA_HOST": "box:11434"}, "box:11434", "OLLAMA_HOST"),
        ("azure_openai", None, {}, None, "its own settings"),
        ("someone", None, {}, None, "its own settings"),
    ],
)  # fmt: skip
def test_calls_go_where_the_suite_the_shell_or_the_provider_says(
    provider: str, base_url: str | None, environ: dict[str, str], host: str | None, named_by: str
) -> None:
    assert asdict(address_of(provider, base_url, environ)) == {"host": host, "named_by": named_by}


def test_the_addresses_of_openai_count_in_the_order_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_openai import ChatOpenAI

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    for name in ("OPENAI_BASE_URL", "LANGSMITH_GATEWAY", "OPENAI_API_BASE"):
        monkeypatch.setenv(name, f"http://{name.lower().replace('_', '-')}.example/v1")
        base = str(ChatOpenAI(model="m").root_client.base_url)
        assert host_of(base) == f"{name.lower().replace('_', '-')}.example"
        assert address_of("openai", None, os.environ).named_by == name


def test_the_embedding_model_is_here_and_unharmed_and_its_readme_says_the_same(tmp_path: Path) -> None:
    found = examine(None, home=tmp_path)
    assert [(file.present, file.sound) for file in found.embeddings] == [(True, True)] * 2
    readme = (ROOT / "harness" / "embeddings" / "minilm" / "README.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `([\w.]+)` \| [\d,]+ \| `(\w{64})`", readme, re.MULTILINE)) == dict(_MINILM)


def test_a_damaged_file_is_told_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert asdict(_file(tmp_path / "a", hashlib.sha256(b"x").hexdigest()))["sound"]
    assert not _file(tmp_path / "a", "0").sound and _file(tmp_path / "a", "0").present
    assert not _file(tmp_path / "b", "0").present


def test_the_home_is_measured_and_may_be_made_later(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"x" * 100)
    (tmp_path / "b").write_bytes(b"x" * 11)
    assert (_home(tmp_path).bytes, _home(tmp_path).present, _home(tmp_path).writable) == (111, True, True)
    later = _home(tmp_path / "not" / "yet")
    assert (later.bytes, later.present, later.writable) == (0, False, True)
    assert not _home(tmp_path / "b" / "home").writable


def test_keys_are_set_or_not_and_never_shown(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "opensesame")
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    found = check(model="openai/gpt-x")
    assert found.keys["ANTHROPIC_API_KEY"] and not found.keys["OPENAI_API_KEY"]
    assert "opensesame" not in repr(found)


@pytest.mark.parametrize("model", ["reader", "persona:sound", "cassette:tape.jsonl"])
def test_a_model_of_ours_contacts_nobody_and_needs_nothing(check: Check, model: str) -> None:
    found = check(model=model)
    assert set(contacts(found).values()) == {("nobody", None)} and found.needs == ()
    assert list(contacts(found)) == ["solver triage", f"model {model}", "embeddings hashing"]


def test_without_a_suite_nobody_is_contacted_and_nothing_needed(tmp_path: Path) -> None:
    found = examine(None, home=tmp_path)
    assert (found.suite, found.contacts, found.needs) == (None, (), ())


def test_the_shipped_suite_needs_nothing(tmp_path: Path) -> None:
    assert examine(load_suite(TRIAGE), home=tmp_path).needs == ()


def test_a_providers_model_needs_its_package_and_its_key(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(model="anthropic/claude-x")
    assert contacts(found)["model anthropic/claude-x"] == ("host", "api.anthropic.com")
    assert [(need.what, need.fix) for need in found.needs] == [
        (
            "the package langchain-anthropic is not installed, which anthropic/… needs",
            "pip install langchain-anthropic",
        ),
        ("ANTHROPIC_API_KEY is not set, which anthropic/claude-x needs", "export ANTHROPIC_API_KEY=…"),
    ]
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert check(model="openai/gpt-x").needs == ()
    monkeypatch.delenv("OPENAI_API_KEY")
    assert [need.fix for need in check(model="openai/gpt-x").needs] == ["export OPENAI_API_KEY=…"]


def test_a_key_may_be_named_elsewhere_and_must_be_there(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(model="openai/gpt-x", calls={"api_key": "env:MINE"})
    assert [need.what for need in found.needs] == ["calls.api_key: the variable MINE is not set"]
    monkeypatch.setenv("MINE", "x")
    assert check(model="openai/gpt-x", calls={"api_key": "env:MINE"}).needs == ()


def test_a_server_of_ones_own_needs_an_address_and_no_key(check: Check) -> None:
    parameters = {"base_url": "http://127.0.0.1:8000/v1"}
    for model in ("openai-compatible/any", "openai/any"):
        found = check(model=model, model_parameters=parameters)
        assert contacts(found)[f"model {model}"] == ("host", "127.0.0.1:8000") and found.needs == ()
    found = check(model="openai-compatible/any")
    assert contacts(found)["model openai-compatible/any"] == ("unknown", None)
    assert [need.what for need in found.needs] == ["openai-compatible/any needs a base_url"]


def test_an_unknown_provider_is_told_where_the_known_are_known(check: Check, world: World) -> None:
    found = check(model="opnai/gpt-x")
    assert [need.what for need in found.needs] == ["LangChain knows no provider 'opnai'"]
    assert needs_of(load_suite(world.suite), (), {}) == []
    assert needs_of(load_suite(world.suite), [Provider("opnai", "langchain-opnai", True)], {}) == []


def test_a_proxy_is_mentioned_where_it_stands_between(world: World) -> None:
    world.write_suite(model="openai/gpt-x")
    suite = load_suite(world.suite)
    assert (
        contacts_of(suite, {"https_proxy": "http:/" + "/me:pw@p:1"})[1].why
        == "the provider's default; https_proxy names a proxy"
    )
    local = load_suite(world.suite, overrides=["model_parameters.base_url=http://127.0.0.1:1/v1"])
    assert "proxy" not in contacts_of(local, {"https_proxy": "http://p:1"})[1].why


@pytest.mark.parametrize(
    ("solver", "part", "kind", "host"),
    [
        ("baseline:keyword", "solver baseline:keyword", "nobody", None),
        ("my_agent:solve", "solver my_agent:solve", "unknown", None),
        ({"http": "https://a.example/x?k=1"}, "solver https://a.example/x", "host", "a.example"),
        ({"command": ["python", "a.py"]}, "solver python a.py", "unknown", None),
        ("samples.jsonl", "solver samples.jsonl", "nobody", None),
    ],
)
def test_a_solver_contacts_whom_it_says_or_nobody_can_know(
    check: Check, solver: Any, part: str, kind: str, host: str | None
) -> None:
    found = check(**{**FUNCTION_SUITE, "solver": solver})
    assert contacts(found) == {part: (kind, host)}


def test_a_scorer_of_the_users_own_may_contact_anybody(check: Check) -> None:
    found = check(scorers=["routing", "mine:judge", {"mine:other": {"x": 1}}])
    assert [c.part for c in found.contacts if c.kind == "unknown"] == ["scorer mine:judge", "scorer mine:other"]


@pytest.mark.parametrize(
    ("solver", "said"),
    [
        (
            {"http": "http://a.example/", "headers": {"Authorization": "Bearer ${ABSENT_X}"}},
            "the variable ABSENT_X is not",
        ),
        ({"command": ["no-such-agent"]}, "command not found: 'no-such-agent'"),
        ({"command": ["python", "a.py"], "cwd": "nowhere"}, "no such folder"),
        ("absent.jsonl", "no such file of predictions"),
    ],
)
def test_what_a_solver_lacks_is_told_without_asking_it(check: Check, solver: Any, said: str) -> None:
    (need,) = check(**{**FUNCTION_SUITE, "solver": solver}).needs
    assert said in need.what and need.fix


def test_what_any_suite_needs_of_the_installation(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_asking_for(["no-such-package<2,>=1", "numpy<1", "pytest; extra == 'dev'"], tmp_path / "site", monkeypatch)
    (tmp_path / "home").write_text("a file")
    found = check()
    assert [(package.name, package.fits) for package in found.packages] == [("no-such-package", None), ("numpy", False)]
    files = (File("a.onnx", True, False), File("b.onnx", False, False), File("c.onnx", True, True))
    assert [need.what.replace(str(tmp_path), "") for need in _own_needs(found.packages, files, found.home)] == [
        "the package no-such-package is not installed",
        "the embedding model's a.onnx is damaged",
        "the embedding model's b.onnx is missing",
        "/home can't be written to",
    ]
    assert len(found.needs) == 2


def test_the_modules_import_nothing_heavy() -> None:
    for name in ("doctor", "contacts", "providers"):
        tree = ast.parse((ROOT / "harness" / "build" / f"{name}.py").read_text(encoding="utf-8"))
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any(module.startswith(("langchain", "chromadb", "openai", "onnxruntime")) for module in imported)
