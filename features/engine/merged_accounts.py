"""Merged accounts: the subscribers that the rows of each belong to, by dates."""

from datetime import datetime

import numpy as np
import polars as pl

from perdura.features.engine.assignment import Runs, redirect_merged
from perdura.features.engine.register import Hashed, Register
from perdura.sources.events import MERGES
from perdura.sources.merges import Events, owners


def owner_links(events: Events, dates: list[datetime]) -> pl.DataFrame:
    """Who each merged account lived on as: one row per account and date of a link."""
    merges = events[MERGES.name].collect().lazy()
    linked = [
        owners(merges, as_of).with_columns(date=pl.lit(number, pl.UInt8))
        for number, as_of in enumerate(dates)
    ]
    empty = pl.DataFrame(schema={"subscriber_id": pl.String, "owner": pl.String, "date": pl.UInt8})
    return pl.concat([empty, *linked])


def owner_runs(links: pl.DataFrame, register: Register, dates: int) -> tuple[Runs, np.ndarray]:
    """The runs of all merged accounts (the register then leads to them), and their owners."""
    accounts = links.select(pl.col("subscriber_id").unique().sort()).with_row_index("account")
    by_date = accounts.join(
        pl.DataFrame({"date": pl.int_range(dates, dtype=pl.UInt8, eager=True)}), how="cross"
    )
    runs = (
        by_date.join(links, on=["subscriber_id", "date"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("owner", "subscriber_id").alias("owner"))
        .with_columns(run=pl.struct("account", "owner").rle_id())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("account", "owner").first(),
            since=pl.col("date").first().cast(pl.Int64),
            until=pl.col("date").last().cast(pl.Int64) + 1,
        )
    )
    owner = register.numbers(Hashed.from_ids(runs["owner"]))
    runs = runs.with_columns(number=pl.Series(owner, dtype=pl.Int64)).filter(pl.col("number") >= 0)
    ids, leads = Hashed.from_ids(accounts["subscriber_id"]), -2 - accounts["account"].cast(pl.Int32)
    redirect_merged(ids.first, ids.second, register.slots, leads.to_numpy())
    return Runs(
        np.searchsorted(runs["account"].to_numpy(), np.arange(accounts.height + 1)),
        runs["number"].to_numpy(),
        runs["since"].to_numpy(),
        runs["until"].to_numpy(),
    ), runs["number"].unique().sort().to_numpy()
