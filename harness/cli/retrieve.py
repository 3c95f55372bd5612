"""`harness retrieve`: documents and queries from outside, ranked, as a TREC run."""

from pathlib import Path

import click


@click.command("retrieve")
@click.option(
    "--corpus", type=click.Path(path_type=Path), required=True, metavar="F.jsonl", help="{id, title?, text} rows."
)
@click.option("--queries", type=click.Path(path_type=Path), required=True, metavar="F.jsonl", help="{id, text} rows.")
@click.option("--k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Documents a query.")
@click.option("--mode", type=click.Choice(["hybrid", "dense", "lexical"]), default="hybrid", show_default=True)
@click.option(
    "--embeddings", metavar="NAME", default="minilm", show_default=True, help="As retrieval.embeddings of a suite."
)
@click.option("--base-url", metavar="URL", help="Server of openai-compatible embeddings.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The run; - is standard output."
)
def retrieve(
    *, corpus: Path, queries: Path, k: int, mode: str, embeddings: str, base_url: str | None, out: Path
) -> None:
    """Rank the documents of a corpus for each query, and write TREC run lines: query Q0 document rank score tag."""
    from harness.build.look import rank
    from harness.core.files import write_atomic
    from harness.evaluation.suite import Retrieval

    settings = Retrieval.model_validate({"mode": mode, "embeddings": embeddings, "base_url": base_url})
    lines = list(rank(corpus, queries, k=k, settings=settings))
    text = "".join(f"{line}\n" for line in lines)
    if str(out) == "-":
        click.echo(text, nl=False)
    else:
        write_atomic(out, text)
        click.echo(f"{out}: {len(lines):,} lines", err=True)
