"""The ids of a spine: as events have them, or an error that says what is wrong."""

from __future__ import annotations

import logging
from itertools import product
from typing import Any

import polars as pl

from perdura.features.engine.frames import as_polars
from perdura.sources.merges import Events

_LOG = logging.getLogger(__name__)

_TEXTS = (pl.String, pl.Categorical, pl.Enum)
#: How many ids without any measured value are looked up in the events.
_LOOKED_FOR = 1_000


class BadSpine(ValueError):
    """The spine cannot be asked about as it is. Nothing was measured."""


def as_spine(spine: Any) -> pl.DataFrame:
    """The spine as a Polars frame, whichever frame it is; a pandas index is left out.

    Raises:
        BadSpine: A column is missing or empty in a row, or ids are no text.
    """
    frame = as_polars(spine)
    for name in ("subscriber_id", "as_of"):
        if name not in frame.columns:
            raise BadSpine(
                f"a spine needs the columns subscriber_id and as_of; this one has "
                f"{', '.join(frame.columns) or 'none'}"
            )
        if missing := frame[name].null_count():
            raise BadSpine(f"{name} is empty in {missing:,} of {frame.height:,} rows of the spine")
    ids, when = frame["subscriber_id"], frame["as_of"]
    if not isinstance(ids.dtype, _TEXTS) and frame.height:
        raise BadSpine(
            f"subscriber_id of the spine holds {ids.dtype}, e.g. {ids[0]!r}, and ids of events are "
            "text: as numbers they would match nobody. Give them as events have them, e.g. "
            "pl.col('subscriber_id').cast(pl.String)"
        )
    if not isinstance(when.dtype, pl.Datetime | pl.Date) and frame.height:
        raise BadSpine(
            f"as_of of the spine holds {when.dtype}, e.g. {when[0]!r}; give moments (UTC), e.g. "
            "pl.col('as_of').str.to_datetime(time_zone='UTC')"
        )
    return frame


def pairs_of(spine: pl.DataFrame) -> pl.DataFrame:
    """``subscriber_id`` as text and ``as_of`` in UTC of each row; without a zone it is UTC."""
    kind, moment = spine.schema["as_of"], pl.col("as_of")
    if kind == pl.Date or getattr(kind, "time_zone", "UTC") is None:
        moment = moment.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return spine.select(pl.col("subscriber_id").cast(pl.String), moment)


def say_unknown(events: Events, spine: pl.DataFrame, measured: list[pl.Series]) -> None:
    """Log a warning about ids that no event is about, of those that no column says anything of.

    How many, and not which: logs name no subscriber.
    """
    silent = _silent(spine.height, measured)
    if not silent.any():
        return
    ids = spine["subscriber_id"].cast(pl.String)
    some = unknown = ids.filter(silent).unique(maintain_order=True).head(_LOOKED_FOR)
    # Those that no table has, the small tables asked as well as the large.
    for table, name in product(events.values(), ("subscriber_id", "merged_into")):
        if len(unknown) and name in table.collect_schema().names():
            own = pl.col(name).is_in(unknown.implode())
            found = table.filter(own).select(pl.col(name).unique()).collect().to_series()
            unknown = unknown.filter(~unknown.is_in(found.implode()))
    if unknown.is_empty():
        return
    whole = "all" if silent.all() and len(unknown) == len(some) else "some"
    _LOG.warning(
        "%s of the %s ids that the spine asks about are in no event (%s of %s looked for), so all "
        "that is measured of them is that nothing happened; check that they are ids as events "
        "have them", whole, f"{ids.n_unique():,}", f"{len(unknown):,}", f"{len(some):,}",
    )  # fmt: skip


def _silent(rows: int, measured: list[pl.Series]) -> pl.Series:
    """Which rows have nothing but nulls and zeros."""
    silent = pl.repeat(True, rows, eager=True)
    # Times since an event first: mostly every row has one, and no other column is looked at.
    for column in sorted(measured, key=lambda column: not column.name.startswith("days_")):
        if not silent.any():
            break
        nothing = column.is_null()
        silent &= nothing if column.dtype == pl.String else nothing | (column == 0).fill_null(True)
    return silent
