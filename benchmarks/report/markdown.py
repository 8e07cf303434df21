"""What the tables of ``RESULTS.md`` are written with."""

from collections.abc import Iterable

from benchmarks.measure import Measurement


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table: its first column to the left, the others to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def gib(result: Measurement) -> str:
    """The most memory that a step held, in GiB."""
    return f"{result['peak'] / 2**30:.1f}"
