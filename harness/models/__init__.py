"""Chat models by id: the offline reader, and whatever LangChain can reach."""

from harness.models.registry import ModelSpec as ModelSpec
from harness.models.registry import describe_model as describe_model
from harness.models.registry import load_model as load_model
