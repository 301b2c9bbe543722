"""The options of an analysis that the commands `analyze` and `bulk` share."""

from typing import Annotated

import typer

Labels = Annotated[str | None, typer.Option(help="Only entities with these labels, with commas between.")]
OffsetUnit = Annotated[str, typer.Option(help="What start and end count: `codepoint`, `utf16` or `utf8`.")]
MinConfidence = Annotated[float | None, typer.Option(help="Leave out entities below it.")]
MinScore = Annotated[float | None, typer.Option(help="Leave out categories below it.")]
Top = Annotated[int | None, typer.Option(help="At most that many categories.")]
RawScores = Annotated[bool, typer.Option("--raw-scores", help="The model's own probability of each entity besides.")]


def parts(named: str | None) -> list[str] | None:
    """Return the names in an option that takes several, with commas between; None where it was not given."""
    return None if named is None else [part.strip() for part in named.split(",") if part.strip()]
