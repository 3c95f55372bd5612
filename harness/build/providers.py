"""Model providers as LangChain knows them: the package each needs, its key's variable, and where its calls go."""

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_GATEWAY = "gateway.smith.langchain.com"


@dataclass(frozen=True, slots=True)
class Access:
    """How a provider is reached: its default host, and the variables for its key and its address.

    Any of `keys` will do; `addresses` are in the order in which they count.
    """

    keys: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    host: str | None = None


ACCESS: Mapping[str, Access] = {
    "anthropic": Access(("ANTHROPIC_API_KEY",), ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"), "api.anthropic.com"),
    "azure_openai": Access(("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"), ("AZURE_OPENAI_ENDPOINT",)),
    "baseten": Access(("BASETEN_API_KEY",), host="inference.baseten.co"),
    "cohere": Access(("COHERE_API_KEY", "CO_API_KEY"), ("CO_API_URL",), "api.cohere.com"),
    "deepseek": Access(("DEEPSEEK_API_KEY",), ("DEEPSEEK_API_BASE",), "api.deepseek.com"),
    "fireworks": Access(("FIREWORKS_API_KEY",), host="api.fireworks.ai"),
    "google_genai": Access(("GOOGLE_API_KEY", "GEMINI_API_KEY"), host="generativelanguage.googleapis.com"),
    "groq": Access(("GROQ_API_KEY",), ("GROQ_API_BASE",), "api.groq.com"),
    "langsmith": Access(("LANGSMITH_GATEWAY_API_KEY", "LANGSMITH_API_KEY"), ("LANGSMITH_GATEWAY",), _GATEWAY),
    "mistralai": Access(("MISTRAL_API_KEY",), ("MISTRAL_BASE_URL",), "api.mistral.ai"),
    "nvidia": Access(("NVIDIA_API_KEY",), ("NVIDIA_BASE_URL",), "integrate.api.nvidia.com"),
    "ollama": Access((), ("OLLAMA_HOST",), "127.0.0.1:11434"),
    "openai": Access(
        ("OPENAI_API_KEY",), ("OPENAI_API_BASE", "LANGSMITH_GATEWAY", "OPENAI_BASE_URL"), "api.openai.com"
    ),
    "openai-compatible": Access(("OPENAI_COMPATIBLE_API_KEY",)),
    "openrouter": Access(("OPENROUTER_API_KEY",), host="openrouter.ai"),
    "perplexity": Access(("PPLX_API_KEY", "PERPLEXITY_API_KEY"), host="api.perplexity.ai"),
    "together": Access(("TOGETHER_API_KEY",), host="api.together.xyz"),
    "upstage": Access(("UPSTAGE_API_KEY",), host="api.upstage.ai"),
    "xai": Access(("XAI_API_KEY",), host="api.x.ai"),
}
"""What is known of a provider; of others only LangChain's package knows."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's name in model ids, the package to install for it, and whether that is there."""

    name: str
    package: str
    installed: bool


def providers() -> tuple[Provider, ...]:
    """Every provider of `init_chat_model`, by name; none where LangChain isn't there or keeps its table elsewhere.

    The table is read from LangChain's source: importing it takes a second.
    """
    found = importlib.util.find_spec("langchain")
    places = list(found.submodule_search_locations or ()) if found else []
    modules = _table(Path(places[0], "chat_models", "base.py")) if places else {}
    return tuple(Provider(name, _package(module), _there(name, module)) for name, module in sorted(modules.items()))


def _table(path: Path) -> dict[str, str]:
    """Provider -> module, from the dictionary in LangChain's source."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return {}
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="_BUILTIN_PROVIDERS"), value=ast.Dict() as table):
                return dict(_entries(table))
    return {}


def _entries(table: ast.Dict) -> list[tuple[str, str]]:
    entries = []
    for key, value in zip(table.keys, table.values, strict=True):
        match key, value:
            case ast.Constant(value=str(name)), ast.Tuple(elts=[ast.Constant(value=str(module)), *_]):
                entries.append((name, module))
    return entries


def _package(module: str) -> str:
    return module.partition(".")[0].replace("_", "-")


def _there(name: str, module: str) -> bool:
    roots = [module.partition(".")[0]]
    if name == "ollama":
        roots.append("langchain_community")  # where LangChain looks for this one too
    return any(importlib.util.find_spec(root) is not None for root in roots)


@dataclass(frozen=True, slots=True)
class Address:
    """A host with its port where one is given, and what named it. `host` None: only the provider's package knows."""

    host: str | None
    named_by: str


def address_of(provider: str, base_url: object, environ: Mapping[str, str]) -> Address:
    """Where a provider's calls go: the suite's base_url, else the first variable that is set, else its default."""
    if base_url:
        return Address(host_of(str(base_url)), "base_url of the suite")
    access = ACCESS.get(provider, Access())
    for name in access.addresses:
        value = environ.get(name, "").strip()
        if name == "LANGSMITH_GATEWAY":
            value = "" if value.lower() in {"false", "0", "no"} else value
            value = _GATEWAY if value.lower() in {"true", "1", "yes"} else value
        if value:
            return Address(host_of(value), name)
    if access.host is None:
        return Address(None, "its own settings")
    return Address(access.host, "the provider's default")


def host_of(address: str) -> str | None:
    """Host and port of an address, without a login, path or query; None where it has none."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
