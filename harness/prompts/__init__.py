"""Versioned prompt templates with strict variables."""

from harness.prompts.template import Prompt as Prompt
from harness.prompts.template import load_prompt as load_prompt
