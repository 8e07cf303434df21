"""Which rows are about the same person, whichever of their accounts each is about."""

from hashlib import blake2b

import numpy as np
import polars as pl

#: What is told of a row once, by one account of its person.
_SAID = ("churned", "cause", "expanded", "months_known", "left_month")


def person_column(rows: pl.DataFrame) -> str:
    """The column that says whom a row is about: ``owner`` where it is there."""
    return "owner" if "owner" in rows.columns else "subscriber_id"


def person_numbers(people: pl.Series) -> np.ndarray:
    """A number for each id (uint64), the same on every machine and in every year."""
    once = people.unique()
    digests = (blake2b(person.encode(), digest_size=8).digest() for person in once)
    numbers = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
    told = pl.DataFrame([once.alias("person"), pl.Series("number", numbers)])
    asked = people.alias("person").to_frame()
    return asked.join(told, on="person", how="left", maintain_order="left")["number"].to_numpy()


def some_people(rows: pl.DataFrame, most_rows: int, among: pl.Expr) -> pl.DataFrame:
    """All rows ``among`` which so many people are that there are about so many rows at most."""
    places = rows.select(pl.arg_where(among)).to_series()
    thousandths = min(1000, 1000 * most_rows // max(1, len(places)))
    if thousandths == 1000:
        return rows.filter(among)
    numbers = person_numbers(rows[person_column(rows)][places]) >> np.uint64(32)
    return rows[places.filter(numbers % np.uint64(1000) < np.uint64(thousandths))]


def with_owners(rows: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The rows with one column more: ``owner``, the account that each lives on as.

    Args:
        rows: ``subscriber_id``.
        links: As ``sources.merges.owners`` gives them.
    """
    owner = pl.coalesce("owner", "subscriber_id")
    return rows.join(links, on="subscriber_id", how="left", maintain_order="left").with_columns(
        owner=owner
    )


def labelled_once(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, of which one of each person and date keeps its label: nobody counts twice.

    It is the row of the account that they live on as or, where that is not there, of their
    account with the least id. The others stay, unlabelled: the texts in them can be met.

    Args:
        rows: ``subscriber_id``, ``owner``, ``as_of``, and of ``_SAID`` what there is.
    """
    account, moved = pl.col("subscriber_id"), pl.col("subscriber_id") != pl.col("owner")
    shared = pl.col("owner").is_in(rows.filter(moved)["owner"].unique().implode())
    # Few live on as another account: nobody else is looked at row by row.
    places = rows.select(pl.arg_where(shared)).to_series()
    silent = places.filter(rows[places].select(account != _speaks()).to_series())
    heard = ~pl.int_range(pl.len()).is_in(silent.implode())
    return rows.with_columns(
        pl.when(heard).then(name).alias(name) for name in _SAID if name in rows.columns
    )


def _speaks() -> pl.Expr:
    """The account that is asked, of all that one person has on a date."""
    account, together = pl.col("subscriber_id"), ["owner", "as_of"]
    lives_on = (account == pl.col("owner")).any().over(together)
    return pl.when(lives_on).then("owner").otherwise(account.min().over(together))
