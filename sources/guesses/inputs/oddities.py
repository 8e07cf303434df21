"""Rows that do not go together with another file, where they are more than a few."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from perdura.sources.guesses.columns import SampledColumn
from perdura.sources.guesses.inputs.guessed import Guesses, named_file
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link, link_of
from perdura.sources.guesses.section import Section, sql_name
from perdura.sources.mapping.values.times import moments

#: From this share of odd rows on a rule of the source rejects them, and says so.
_ODD = 0.01


def refuse_before_signup(guesses: Guesses, made: Section, link: Link) -> None:
    """Tickets of before their account signed up, where that is so of more than a few."""
    for other in guesses.of_kind("accounts"):
        signed_up = other.roles.get("signed_up")
        own = guesses.subscribers and link_of(other, guesses.subscribers, guesses.files)
        if signed_up is None or own is None or own.via or link.via or not own.column.is_unique:
            continue
        ids = {link.column.name: own.column.name}
        opened = made.file.roles["opened"]
        odd = _share_odd(
            made.file,
            other,
            ids,
            take={"signed_up": signed_up},
            column=opened,
            is_odd=lambda at: at < pl.col("signed_up"),
        )
        if odd > _ODD:
            made.joins.append((other, ids, {"signed_up": signed_up.name}, False))
            made.types |= {opened.name: "time", "signed_up": "time"}
            made.reject["ticket_before_signup"] = f"{sql_name(opened.name)} < signed_up"
            made.comments.append(
                f"{odd:.0%} of the tickets lie before their account signed up "
                f"({signed_up.name} of {named_file(other)}): they are rejected. Take the rule away "
                "if they are real."
            )
        return


def refuse_outside(made: Section, link: Link) -> None:
    """Usage outside of its subscription, where that is so of more than a few rows."""
    via = link.via
    if via is None or via.kind != "subscriptions" or link.theirs is None:
        return
    used, start, end = made.file.roles["time"], via.roles["start"], via.roles.get("end")
    take = {"started_on": start} | ({"ended_on": end} if end else {})

    def outside(at: pl.Expr) -> pl.Expr:
        before = at < pl.col("started_on")
        return before | (at > pl.col("ended_on")) if end else before

    ids = {link.column.name: link.theirs.name}
    odd = _share_odd(made.file, via, ids, take=take, column=used, is_odd=outside)
    if odd <= _ODD:
        return
    made.joins[0][2].update({new: column.name for new, column in take.items()})
    made.types |= {used.name: "time", **dict.fromkeys(take, "time")}
    name = sql_name(used.name)
    after = f" OR {name} > ended_on" if end else ""
    made.reject["usage_outside_subscription"] = f"{name} < started_on{after}"
    made.comments.append(
        f"{odd:.0%} of the rows lie outside of their subscription: they are rejected. Take the "
        "rule away if they are real."
    )


def _share_odd(
    file: GuessedFile,
    other: GuessedFile,
    on: dict[str, str],
    *,
    take: dict[str, SampledColumn],
    column: SampledColumn,
    is_odd: Callable[[pl.Expr], pl.Expr],
) -> float:
    """The share of rows of a sample that are odd beside those of another file."""
    ((ours, theirs),) = on.items()
    looked_up = other.sample.rows.select(
        pl.col(theirs).cast(pl.String).alias("key"),
        *(_moment(other, one).alias(new) for new, one in take.items()),
    ).unique("key")
    rows = file.sample.rows.select(
        pl.col(ours).cast(pl.String).alias("key"), _moment(file, column).alias("at")
    ).join(looked_up, on="key", how="inner")
    odd = rows.select(is_odd(pl.col("at")).fill_null(value=False).mean()).item()
    return float(odd or 0.0)


def _moment(file: GuessedFile, column: SampledColumn) -> pl.Series:
    formats = column.times.formats if column.times else ()
    values = file.sample.rows[column.name]
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return values.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return moments(values, "UTC", formats, datetime.now(UTC)).struct.field("moment")
