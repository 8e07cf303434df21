"""Rows of one person, also under several merged accounts: the unit of splits and resamples."""

from hashlib import blake2b

import numpy as np
import polars as pl

#: The labels that only one account of a person keeps at a date.
_LABELS = ("churned", "cause", "expanded", "months_known", "left_month")


def person_column(rows: pl.DataFrame) -> str:
    """The column that identifies the person: ``owner`` where present, else ``subscriber_id``."""
    return "owner" if "owner" in rows.columns else "subscriber_id"


def person_numbers(people: pl.Series) -> np.ndarray:
    """A number for each id (uint64), the same on every machine and in every year."""
    unique = people.unique()
    digests = (blake2b(person.encode(), digest_size=8).digest() for person in unique)
    numbers = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
    table = pl.DataFrame([unique.alias("person"), pl.Series("number", numbers)])
    rows = people.alias("person").to_frame()
    return rows.join(table, on="person", how="left", maintain_order="left")["number"].to_numpy()


def some_people(rows: pl.DataFrame, most_rows: int, among: pl.Expr) -> pl.DataFrame:
    """About ``most_rows`` of the rows where ``among`` holds: all of them of some people."""
    indices = rows.select(pl.arg_where(among)).to_series()
    thousandths = min(1000, 1000 * most_rows // max(1, len(indices)))
    if thousandths == 1000:
        return rows.filter(among)
    numbers = person_numbers(rows[person_column(rows)][indices]) >> np.uint64(32)
    return rows[indices.filter(numbers % np.uint64(1000) < np.uint64(thousandths))]


def with_owners(rows: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The rows with one column more: ``owner``, the account that each was merged into, or itself.

    Args:
        rows: ``subscriber_id``.
        links: From ``sources.merges.owners``.
    """
    owner = pl.coalesce("owner", "subscriber_id")
    return rows.join(links, on="subscriber_id", how="left", maintain_order="left").with_columns(
        owner=owner
    )


def labelled_once(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with labels in one row per person and date, so that each person counts once.

    The label stays in the row of the owner or, where that is absent, of the account with the
    lowest id. The other rows stay, unlabelled: their texts may occur.

    Args:
        rows: ``subscriber_id``, ``owner``, ``as_of``, and any of ``_LABELS``.
    """
    account, owner = pl.col("subscriber_id"), pl.col("owner")
    shared = owner.is_in(rows.filter(account != owner)["owner"].unique().implode())
    # Few accounts are merged: only their rows are compared.
    indices = rows.select(pl.arg_where(shared)).to_series()
    group = ["owner", "as_of"]
    has_owner = (account == owner).any().over(group)
    labelled = pl.when(has_owner).then("owner").otherwise(account.min().over(group))
    unlabelled = indices.filter(rows[indices].select(account != labelled).to_series())
    kept = ~pl.int_range(pl.len()).is_in(unlabelled.implode())
    return rows.with_columns(
        pl.when(kept).then(name).alias(name) for name in _LABELS if name in rows.columns
    )
