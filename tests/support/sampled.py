"""What tests of the simulated company share: its true rows, whoever has been merged."""

from pathlib import Path

import polars as pl

from perdura.sources.simulator.mapping_file import TABLES


def true_events(out: Path) -> dict[str, pl.DataFrame]:
    """The rows of each table without the dirt; ``person`` is the account each ends up in."""
    raw = {t.name: pl.read_parquet(out / t.name / "*.parquet").unique() for t in TABLES}
    true = {n: rows.filter(pl.col("known_at") >= pl.col("happened_at")) for n, rows in raw.items()}
    return {name: with_person(rows, true["merges"]) for name, rows in true.items()}


def true_risks(out: Path, merges: pl.DataFrame) -> pl.DataFrame:
    """The truth, with ``person`` too."""
    return with_person(pl.read_parquet(out / "truth" / "truth.parquet"), merges)


def with_person(rows: pl.DataFrame, merges: pl.DataFrame) -> pl.DataFrame:
    """The rows with the account that each subscriber ends up in, their own for most."""
    into = merges.select("subscriber_id", person="merged_into").unique()
    named = rows.join(into, on="subscriber_id", how="left")
    return named.with_columns(person=pl.coalesce("person", "subscriber_id"))
