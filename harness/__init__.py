"""Tells whether an LLM or RAG agent is right, safe and worth its cost.

Names are imported when first used, so that `import harness` stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from harness.core.version import __version__ as __version__

if TYPE_CHECKING:
    from harness.build.api import evaluate as evaluate
    from harness.build.api import evaluate_async as evaluate_async
    from harness.core.errors import HarnessError as HarnessError
    from harness.core.errors import InfrastructureError as InfrastructureError
    from harness.core.types import Claim as Claim
    from harness.core.types import NotApplicable as NotApplicable
    from harness.core.types import Output as Output
    from harness.core.types import Sample as Sample
    from harness.core.types import Scored as Scored
    from harness.core.types import Unscored as Unscored
    from harness.evaluation.run import Run as Run
    from harness.evaluation.suite import Suite as Suite
    from harness.evaluation.suite import load_suite as load_suite

_HOME = {
    "Claim": "core.types",
    "HarnessError": "core.errors",
    "InfrastructureError": "core.errors",
    "NotApplicable": "core.types",
    "Output": "core.types",
    "Run": "evaluation.run",
    "Sample": "core.types",
    "Scored": "core.types",
    "Suite": "evaluation.suite",
    "Unscored": "core.types",
    "evaluate": "build.api",
    "evaluate_async": "build.api",
    "load_suite": "evaluation.suite",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Import `name` from the module that defines it, on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(f"harness.{_HOME[name]}"), name)
