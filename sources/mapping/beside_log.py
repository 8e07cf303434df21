"""Snapshot inputs of subscriptions beside logs: what changed is told per input.

The landing does not say which input gave a row. So each extract keeps how every subscription stood
by the snapshots alone (``SHOWN``), and the next one compares them with themselves: what they show
otherwise than they did is inferred, and nothing else. So the rows of a log never vanish, nor what a
snapshot never gave. Of a subscription that both give the log's rows count beside what the snapshot
shows, but what the snapshot takes back is taken back, and what it shows no longer has ended,
whatever rows a log holds of it.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.landing.files import identity
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKET, buckets
from perdura.sources.landing.shown import shown_at, shown_files
from perdura.sources.landing.tombstones import Tombstones
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.ranges import ORIGIN
from perdura.sources.mapping.snapshot import (
    SAID,
    THING,
    Inferred,
    between,
    described,
    doubted,
)

_INPUT = "input"
_ANEW = "anew"
_STANDS = ("state", *SAID)
#: One row per snapshot input and subscription: how it stood by the snapshots.
SHOWN = pl.Schema(
    {
        BUCKET: pl.UInt8(),
        **{name: SUBSCRIPTIONS.schema[name] for name in THING},
        _INPUT: pl.UInt32(),
        "state": pl.String(),
        **{name: SUBSCRIPTIONS.schema[name] for name in SAID},
    }
)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshot inputs of a table that has logs too.

    Attributes:
        shown_by: As ``MappingPlan.shown_by``.
        before: What they showed before this extract (``SHOWN``), and with ``anew`` what they
            showed first when this very extract was done before.
    """

    shown_by: tuple[int | None, ...]
    before: pl.LazyFrame

    def rows(self, read: pl.DataFrame) -> pl.DataFrame:
        """Those of the rows that a snapshot gives, with ``input``."""
        inputs = {origin: one for origin, one in enumerate(self.shown_by) if one is not None}
        number = pl.col(ORIGIN).replace_strict(inputs, default=None, return_dtype=pl.UInt32)
        return read.with_columns(number.alias(_INPUT)).filter(pl.col(_INPUT).is_not_null())


@dataclass(frozen=True, slots=True)
class Shown:
    """What the snapshots show of some subscribers.

    Attributes:
        rows: What they give and is known.
        now: How each subscription stands by these rows, as ``described``.
        seen: The subscriptions that they name in any way (``THING``).
        before: How each stood before, by input: ``SHOWN`` and ``anew``.
        whole: Whether all of it could be read.
    """

    rows: pl.DataFrame
    now: pl.DataFrame
    seen: pl.DataFrame
    before: pl.DataFrame
    whole: bool

    @property
    def named(self) -> pl.DataFrame:
        """The subscriptions that they showed, or show (``THING``)."""
        return pl.concat([self.seen, self.before.select(THING)]).unique()


def snapshots_of(
    plan: MappingPlan, landing: Landing, until: datetime, erased: Tombstones
) -> Snapshots | None:
    """The snapshot inputs that a table has beside logs, with what they still showed before
    ``until``, without erased subscribers; ``None`` if it has no such.
    """
    if not plan.beside_log:
        return None
    files = shown_files(landing, SUBSCRIPTIONS)
    earlier = [path for end, path in files.items() if end < until][-1:]
    same = [path for end, path in files.items() if end == until]
    none = pl.DataFrame(schema=SHOWN)
    before, again = (pl.concat([none, *map(pl.read_parquet, paths)]) for paths in (earlier, same))
    first = again.join(before, on=[*THING, _INPUT], how="anti", nulls_equal=True)
    shown = pl.concat(
        rows.filter(pl.col(_INPUT).is_in(plan.snapshots)).with_columns(anew=pl.lit(anew))
        for rows, anew in ((before, False), (first, True))
    )
    if erased.days:
        gone = erased.among(shown["subscriber_id"])
        shown = shown.filter(~pl.col("subscriber_id").is_in(gone.implode()))
    return Snapshots(plan.shown_by, shown.lazy())


@contextmanager
def keeping(
    snapshots: Snapshots | None, landing: Landing, until: datetime
) -> Generator[Callable[[pl.DataFrame | None], None]]:
    """Keep for the next extract what is given to the function; where no snapshots are, nothing."""
    if snapshots is None:
        yield lambda _: None
        return
    with shown_at(landing, SUBSCRIPTIONS, until, SHOWN) as write:
        yield lambda rows: None if rows is None else write(rows)


def show(snapshots: Snapshots, read: pl.DataFrame, until: datetime, *, whole: bool) -> Shown:
    """What the snapshots show of some subscribers.

    Args:
        snapshots: Which inputs they are.
        read: The rows of all inputs, broken ones among them.
        until: What is known before this moment counts.
        whole: Whether all rows of the snapshots could be read.
    """
    own = snapshots.rows(read)
    unsure, named = doubted(own)
    known = own.filter(pl.col("rule").is_null() & (pl.col("known_at") < until))
    rows = known.join(unsure, on=THING, how="anti")
    seen, before = own.select(THING).unique(), snapshots.before.collect()
    return Shown(rows, described(rows), seen, before, whole and named)


def given_by_snapshot(shown: Shown, otherwise: pl.DataFrame) -> pl.DataFrame:
    """Of events that landed with other words those that a snapshot gives, and gave before."""
    given = shown.rows.select(identity(SUBSCRIPTIONS)).unique()
    own = otherwise.join(given, on=given.columns, how="semi", nulls_equal=True)
    return own.join(shown.before, on=THING, how="semi", nulls_equal=True)


def compare_shown(shown: Shown, landed: pl.DataFrame, moment: datetime) -> Inferred:
    """What follows from what the snapshots show otherwise than before.

    Args:
        shown: What they show.
        landed: All that landed, with what is new.
        moment: When the inferred events happened and became known.
    """
    before = shown.before.unique(THING, maintain_order=True).drop(_INPUT, BUCKET)
    was = described(landed).join(before, on=THING, how="inner", nulls_equal=True, suffix="_shown")
    both = was.join(shown.now, on=THING, how="left", nulls_equal=True, suffix="_now")
    anew = pl.col(_ANEW)
    moved = anew | pl.col("state_now").ne_missing(pl.col("state_shown"))
    said = (
        pl.when(moved | pl.col(f"{name}_now").ne_missing(pl.col(f"{name}_shown")))
        .then(f"{name}_now")
        .otherwise(name)
        .alias(name)
        for name in SAID
    )
    state = pl.when(moved).then("state_now").otherwise("state").alias("state")
    now = both.filter(pl.col("state_now").is_not_null()).select(*THING, state, *said)
    # Of what the snapshot left, where a log says what else is so meanwhile: a pause.
    runs = [pl.col(name) != "gone" for name in ("state", "state_shown", "state_now")]
    meanwhile = pl.all_horizontal(runs) & (pl.col("state") != pl.col("state_now"))
    left = pl.when(moved & ~anew & meanwhile).then("state_shown").otherwise("state")
    was = both.select(*THING, left.alias("state"), *SAID)
    # What the snapshots themselves showed to be gone, or no longer, does not end again.
    ended = both.filter(~anew & (pl.col("state_shown") == "gone")).select(THING)
    return between(was, now, pl.concat([shown.seen, ended]), moment, whole=shown.whole)


def to_keep(shown: Shown) -> pl.DataFrame:
    """What the next extract is compared with, schema ``SHOWN``.

    What could not be read now is as it was shown before; what is shown no longer is gone.
    """
    inputs = shown.rows.select(*THING, _INPUT).unique()
    fresh = shown.now.join(inputs, on=THING, how="inner", nulls_equal=True)
    bucketed = fresh.with_columns(buckets(fresh["subscriber_id"]))
    missed = shown.before.join(shown.now, on=THING, how="anti", nulls_equal=True)
    seen = missed.join(shown.seen, on=THING, how="semi", nulls_equal=True)
    unseen = missed.join(shown.seen, on=THING, how="anti", nulls_equal=True)
    gone = unseen.with_columns(state=pl.lit("gone")) if shown.whole else unseen
    rows = pl.concat([one.select(SHOWN.names()).cast(SHOWN) for one in (bucketed, seen, gone)])
    return rows.sort(BUCKET, *THING, _INPUT, nulls_last=True)
