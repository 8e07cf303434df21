"""The journal as frames with the columns of the event contract."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.simulator.billing import FAILURE_CODES
from perdura.sources.simulator.journal import KIND_OF, Journal
from perdura.sources.simulator.lives import Lives
from perdura.sources.simulator.people import People
from perdura.sources.simulator.prices import COUNTRIES, CURRENCIES, METHODS, PLANS, REASONS
from perdura.sources.simulator.support import ACTIONS, CHANNELS, PRIORITIES, TOPICS

#: Columns that are the place in a list of texts.
TEXTS = {
    "plan": PLANS,
    "reason": REASONS,
    "failure_code": FAILURE_CODES,
    "currency": CURRENCIES,
    "country": COUNTRIES,
    "method": METHODS,
    "priority": PRIORITIES,
    "channel": CHANNELS,
    "topic": TOPICS,
    "action": ACTIONS,
}
#: Columns that are a number within the chunk, and the letter their identifiers begin with.
NUMBERED = {"payment_id": "p", "invoice_id": "i", "ticket_id": "t"}
#: Room for the numbers of one chunk of people.
_CHUNK_OF_NUMBERS = 10_000_000
#: Accounts that others were merged into have numbers from here.
_MERGED_INTO_FROM = 50_000_000


@dataclass(frozen=True, slots=True)
class Names:
    """The identifiers of one chunk's people: before a merge, and after it."""

    account: pl.Series
    merged_into: pl.Series
    merged_at: pl.Series

    def accounts_at(self, persons: pl.Series, happened_at: pl.Series) -> pl.Series:
        """Under which account each event is found."""
        before = happened_at <= self.merged_at.gather(persons)
        return self.account.gather(persons).zip_with(before, self.merged_into.gather(persons))


def name(people: People, lives: Lives) -> Names:
    """The identifiers of everyone in the chunk."""
    numbers = pl.Series(people.number)
    return Names(
        _id("s", numbers), _id("s", numbers + _MERGED_INTO_FROM), pl.Series(lives.merged_at)
    )


def table_rows(journal: Journal, table: EventTable, until: int) -> pl.DataFrame:
    """The journal's rows of one table known before ``until``: ``person``, ``kind`` and codes."""
    parts = [
        pl.DataFrame(
            {
                "person": part.persons,
                "happened_at": part.happened_at,
                "known_at": part.known_at,
                **part.columns,
            }
        ).with_columns(kind=pl.lit(table.kinds.index(KIND_OF.get(stream, stream)), pl.Int64))
        for stream, parts in journal.streams.items()
        if KIND_OF.get(stream, stream) in table.kinds
        for part in parts
    ]
    empty = pl.DataFrame(
        schema=dict.fromkeys(("person", "happened_at", "known_at", "kind"), pl.Int64)
    )
    rows = pl.concat([empty, *parts], how="diagonal_relaxed")
    return rows.filter(pl.col("known_at") < until, pl.col("happened_at") < until)


def table_frame(
    rows: pl.DataFrame, table: EventTable, people: People, names: Names, chunk: int
) -> pl.DataFrame:
    """Rows of ``table_rows`` with exactly the contract's schema, by person and time."""
    rows = rows.sort("person", "happened_at", "known_at", maintain_order=True)
    rows = rows.hstack(_traits(people)[rows["person"]])
    described = rows.with_columns(
        _text(rows["kind"], table.kinds),
        names.accounts_at(rows["person"], rows["happened_at"]).alias("subscriber_id"),
        names.merged_into.gather(rows["person"]).alias("merged_into"),
        *(_text(rows[c], texts) for c, texts in TEXTS.items() if c in rows.columns),
        *(
            _id(letter, rows[c] + chunk * _CHUNK_OF_NUMBERS)
            for c, letter in NUMBERED.items()
            if c in rows.columns
        ),
        *_subscription(rows),
        pl.lit("support").alias("by"),
    )
    absent = [pl.lit(None).alias(c) for c in table.columns if c not in described.columns]
    return described.with_columns(absent).select(table.schema.names()).cast(table.schema)


def _traits(people: People) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "number": people.number,
            "country": people.country,
            "currency": people.currency,
            "method": people.method,
            "seats": people.quantity,
            "interval_months": np.where(people.annual, 12, 1),
        }
    )


def _subscription(rows: pl.DataFrame) -> list[pl.Series]:
    """Columns of subscriptions that follow from others; none for the other tables."""
    if "subscription_id" not in rows.columns:
        return []
    number = rows["number"] * 10 + rows["subscription_id"]
    seats = pl.select(pl.when(rows["plan"] >= 2).then(rows["seats"]).otherwise(1)).to_series()
    return [_id("k", number).alias("subscription_id"), seats.alias("quantity")]


def _text(codes: pl.Series, texts: tuple[str, ...]) -> pl.Series:
    """The texts that the codes stand for; none for -1 and for null."""
    table = pl.Series(codes.name, [*texts, None], pl.String)
    return table.gather(codes.fill_null(-1))


def _id(letter: str, numbers: pl.Series) -> pl.Series:
    return (letter + numbers.cast(pl.String).str.zfill(8)).alias(numbers.name)
