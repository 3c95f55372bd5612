"""`harness schema`: JSON Schemas of the files that people write, for editors and other tools."""

import json

import click

_NAMES = ("suite", "taxonomy", "sample", "ticket", "incident", "policy", "prompt", "persona", "faults", "prices")


@click.command("schema")
@click.argument("kind", type=click.Choice(_NAMES))
def schema(*, kind: str) -> None:
    """Print the JSON Schema of a KIND of file (policy and prompt: of its front matter)."""
    from pydantic import BaseModel

    from harness.core.taxonomy import Taxonomy
    from harness.core.ticket import Ticket
    from harness.corpus.incidents import Incident
    from harness.corpus.policies import PolicyHead
    from harness.evalsets.load import SampleRow
    from harness.evaluation.suite import Suite
    from harness.models.personas import PersonaSpec
    from harness.models.prices import PriceFile
    from harness.models.stub.script import FaultPlan
    from harness.prompts.template import PromptHead

    models: dict[str, type[BaseModel]] = {
        "suite": Suite,
        "taxonomy": Taxonomy,
        "sample": SampleRow,
        "ticket": Ticket,
        "incident": Incident,
        "policy": PolicyHead,
        "prompt": PromptHead,
        "persona": PersonaSpec,
        "faults": FaultPlan,
        "prices": PriceFile,
    }
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **models[kind].model_json_schema()}
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
