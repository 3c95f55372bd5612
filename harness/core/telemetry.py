"""Nothing phones home: what the dependencies would report of their use, or send away as traces, is switched off.

Where each name is read: LangSmith's client (TRACING, TRACING_V2, OTEL_ENABLED and OTEL_ONLY behind LANGSMITH_ and
LANGCHAIN_) and langchain-core's old tracer; Chroma's settings (usage, and spans to an OpenTelemetry collector); ragas; the
Hugging Face hub; Ray. OpenTelemetry's own variables are left alone: no dependency exports by them alone, and a user's
own agent may be traced on purpose.
"""

import sys
from collections.abc import Mapping, MutableMapping

ALLOW = "HARNESS_ALLOW_TELEMETRY"
"""Set to 1, it leaves all of this as the user has it."""

OFF: Mapping[str, str] = {
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "LANGCHAIN_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_OTEL_ENABLED": "false",
    "LANGCHAIN_OTEL_ENABLED": "false",
    "LANGSMITH_OTEL_ONLY": "false",
    "LANGCHAIN_OTEL_ONLY": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "CHROMA_OTEL_GRANULARITY": "none",
    "RAGAS_DO_NOT_TRACK": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Every variable, and the value that means off."""

_REMEMBERED = (("langsmith.utils", "get_env_var"), ("ragas._analytics", "do_not_track"))
"""Functions that keep what they once read of the environment."""


def allowed(environ: Mapping[str, str]) -> bool:
    """Whether the user asked for telemetry."""
    return environ.get(ALLOW, "").strip().lower() in {"1", "true", "yes"}


def switch_off(environ: MutableMapping[str, str]) -> None:
    """Set every variable of OFF, over what the user's shell says, unless ALLOW is set.

    Libraries that are loaded already are made to read them anew, where they would go on with what they read.
    """
    if allowed(environ):
        return
    environ.update(OFF)
    for module, name in _REMEMBERED:
        forget = getattr(getattr(sys.modules.get(module), name, None), "cache_clear", None)
        if forget is not None:
            forget()


def state(environ: Mapping[str, str]) -> dict[str, bool]:
    """Whether each variable of OFF has the value that means off."""
    return {name: environ.get(name, "").lower() == value.lower() for name, value in OFF.items()}
