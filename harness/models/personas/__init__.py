"""Personas: simulated models with flaws planted at stated rates, for testing an evaluator."""

from harness.models.personas.describe import Planted as Planted
from harness.models.personas.describe import planted_rates as planted_rates
from harness.models.personas.load import load_persona as load_persona
from harness.models.personas.load import persona_names as persona_names
from harness.models.personas.persona import Persona as Persona
from harness.models.personas.spec import PersonaSpec as PersonaSpec
