"""Chat models by id, all through one gateway: offline ones, recordings, and whatever LangChain or `openai` can reach."""

from harness.models.registry import COMPATIBLE as COMPATIBLE
from harness.models.registry import ModelSpec as ModelSpec
from harness.models.registry import Supplies as Supplies
from harness.models.registry import check_parameters as check_parameters
from harness.models.registry import describe_model as describe_model
from harness.models.registry import load_model as load_model
from harness.models.settings import Calls as Calls
