"""Which rows are about the same person, whichever of their accounts each is about."""

import polars as pl


def person_column(rows: pl.DataFrame) -> str:
    """The column that says whom a row is about: ``owner`` where it is there."""
    return "owner" if "owner" in rows.columns else "subscriber_id"


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
        rows: ``subscriber_id``, ``owner``, ``as_of``, ``churned``, ``cause``.
    """
    account, together = pl.col("subscriber_id"), ["owner", "as_of"]
    lives_on = (account == pl.col("owner")).any().over(together)
    speaks = pl.when(lives_on).then("owner").otherwise(account.min().over(together))
    return rows.with_columns(
        pl.when(account == speaks).then(name).alias(name) for name in ("churned", "cause")
    )
