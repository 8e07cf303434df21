"""Labels of churn and of expansion: the one module that looks past ``as_of``.

Scoring may not import it. Labels use only what was known before ``known_until``.
"""

from datetime import datetime, timedelta

import polars as pl
import polars.selectors as cs

from perdura.models.dataset.subscription_changes import leavings_of, moves_of
from perdura.models.dataset.upgrades import chosen_rises
from perdura.sources.events import CONTACTS, MERGES, MOMENT, PAYMENTS, SUBSCRIPTIONS
from perdura.sources.merges import Events, as_known, owners
from perdura.sources.versions import newest

#: Contacts that may change an outcome; ``held_out`` and ``listed`` do not reach the subscriber.
_REACHING = ("contacted", "offered")


def contract_labels(
    events: Events,
    spine: pl.DataFrame,
    *,
    lead_days: int,
    horizon_days: int,
    grace_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """Whether each subscriber decided to leave in ``[as_of + lead, as_of + lead + horizon)``.

    A subscriber leaves at the ``cancel_scheduled`` or ``ended`` event that gives up the last
    subscription they keep. A leaving is undone, and does not count, if a subscription is kept
    again (withdrawn, started, resumed) within ``[leaving, leaving + grace)``. Merged accounts
    are labelled as their owner.

    Args:
        events: The event tables by name.
        spine: ``subscriber_id``, ``as_of``.
        lead_days: Days between ``as_of`` and the window.
        horizon_days: Length of the window.
        grace_days: Days within which a leaving may be undone.
        known_until: Only rows with ``known_at < known_until`` are read.

    Returns:
        One row per spine row, in its order: ``subscriber_id``, ``as_of``, ``churned``, ``cause``
        (``payment``, ``voluntary``; of churners only), ``left_at`` (of churners only),
        ``settled_at``: no later event can change the label (the churner left; a leaving in the
        window was undone after it; or the window closed). ``churned`` is null where it is
        unknown, as window plus grace had not closed by ``known_until``, and where nothing is
        predicted: gone before ``as_of``, or decided within the lead.
    """
    opens = pl.col("as_of") + timedelta(days=lead_days)
    return _leaving_labels(
        events,
        spine,
        opens,
        horizon_days=horizon_days,
        grace_days=grace_days,
        known_until=known_until,
    )


def month_labels(
    events: Events,
    spine: pl.DataFrame,
    *,
    horizon_days: int,
    grace_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """As ``contract_labels``, with a lead of ``month`` times the horizon in each row.

    Labels are null for subscribers who decided to leave in an earlier month, so that the rate of
    a month is its hazard: the share that leaves in it of those who had not left before.

    Args:
        events: The event tables by name.
        spine: ``subscriber_id``, ``as_of``, ``month``: 0 begins at ``as_of``.
        horizon_days: Length of a month.
        grace_days: Days within which a leaving may be undone.
        known_until: Only rows with ``known_at < known_until`` are read.
    """
    opens = pl.col("as_of") + pl.duration(days=pl.col("month").cast(pl.Int64) * horizon_days)
    return _leaving_labels(
        events,
        spine,
        opens,
        horizon_days=horizon_days,
        grace_days=grace_days,
        known_until=known_until,
    )


def leaving_months(
    events: Events,
    spine: pl.DataFrame,
    *,
    months: int,
    horizon_days: int,
    grace_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """The month from ``as_of`` on in which each subscriber decided to leave, as far as known.

    Month ``k`` is ``[as_of + k * horizon, as_of + (k + 1) * horizon)``: the labels of
    ``month_labels`` for all months, in one pass.

    Args:
        events: The event tables by name.
        spine: ``subscriber_id``, ``as_of``.
        months: Most months to follow.
        horizon_days: Length of a month.
        grace_days: Days within which a leaving may be undone.
        known_until: Only rows with ``known_at < known_until`` are read.

    Returns:
        One row per spine row, in its order: ``months_known``, the number of months that had
        closed, grace included, by ``known_until`` (null for subscribers gone before ``as_of``);
        ``left_month``, the month they left in, from 0; null where they did not leave in a known
        month.
    """
    grace = timedelta(days=grace_days)
    moves = moves_of(_subscriptions(events, known_until))
    lasting = leavings_of(moves, grace).filter(pl.col("undone_at").is_null())
    kept = moves.select("owner", "happened_at", staying=pl.col("kept") > 0)
    rows = _with_owner(events, spine, known_until).sort("as_of")
    labelled = _join_last(rows, "as_of", kept, "happened_at")
    labelled = _join_next(labelled, "as_of", lasting.select("owner", "left_at"), "left_at")
    closed = (pl.lit(known_until) - pl.col("as_of") - grace).dt.total_days() // horizon_days
    month = (pl.col("left_at") - pl.col("as_of")).dt.total_days() // horizon_days
    known = pl.when("staying").then(closed.clip(0, months)).cast(pl.Int8)
    left = pl.when(month < pl.col("months_known")).then(month).cast(pl.Int8)
    return (
        labelled.sort("row")
        .with_columns(months_known=known)
        .select("months_known", left_month=left)
    )


def _leaving_labels(
    events: Events,
    spine: pl.DataFrame,
    opens: pl.Expr,
    *,
    horizon_days: int,
    grace_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """The labels of leavings within the horizon from ``opens`` on; ``opens`` is never null."""
    closes = opens + timedelta(days=horizon_days)
    moves = moves_of(_subscriptions(events, known_until))
    leavings = leavings_of(moves, timedelta(days=grace_days))
    lasting = leavings.filter(pl.col("undone_at").is_null()).drop("undone_at")
    undone = leavings.select("owner", "undone_at", broke_at="left_at").drop_nulls()
    kept = moves.select("owner", "happened_at", staying=pl.col("kept") > 0)
    rows = _with_owner(events, spine, known_until).with_columns(closes=closes).sort("as_of")
    labelled = _join_last(rows, "as_of", kept, "happened_at")
    labelled = _join_next(labelled, "as_of", lasting, "left_at")
    labelled = _join_last(labelled.sort("closes"), "closes", undone, "broke_at")
    predicted = pl.col("staying").fill_null(value=False) & (pl.col("left_at") >= opens).fill_null(
        value=True
    )
    closed = closes + timedelta(days=grace_days) <= known_until
    churned = (pl.col("left_at") < closes).fill_null(value=False)
    return _in_spine_order(
        labelled.with_columns(
            churned=pl.when(closed & predicted).then(churned),
            settled_at=pl.when(churned)
            .then("left_at")
            .otherwise(pl.max_horizontal("closes", "undone_at")),
        )
    )


def silence_labels(
    events: Events,
    spine: pl.DataFrame,
    *,
    lead_days: int,
    horizon_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """Whether each subscriber paid nothing in ``[as_of + lead, as_of + lead + horizon)``.

    Returns:
        As ``contract_labels``. The cause is always ``voluntary``, ``left_at`` is the last
        payment before the window, ``settled_at`` the first payment in it or its end, and
        ``churned`` is null until the window has closed.
    """
    opens = pl.col("as_of") + timedelta(days=lead_days)
    closes = opens + timedelta(days=horizon_days)
    paid = (
        as_known(events, PAYMENTS.name, known_until)
        .filter(pl.col("kind") == "paid")
        .select("happened_at", owner="subscriber_id")
        .sort("happened_at")
        .collect()
    )
    rows = _with_owner(events, spine, known_until).with_columns(opens=opens).sort("opens")
    before, after = (
        paid.with_columns(left_at="happened_at"),
        paid.with_columns(paid_at="happened_at"),
    )
    labelled = _join_last(rows, "opens", before, "happened_at")
    labelled = _join_next(labelled, "opens", after.drop("happened_at"), "paid_at")
    silent = (pl.col("paid_at") >= closes).fill_null(value=True)
    churned = pl.when(closes <= known_until).then(silent)
    settled = pl.min_horizontal("paid_at", closes)
    return _in_spine_order(
        labelled.with_columns(churned=churned, cause=pl.lit("voluntary"), settled_at=settled)
    )


def contacted_before_settled(
    events: Events, labels: pl.DataFrame, *, reach_days: int, known_until: datetime
) -> pl.Series:
    """Whether support contacted each subscriber, or made an offer, in ``[as_of - reach, settled)``.

    A contact after ``settled_at`` (after they left, paid or upgraded) did not change the outcome.

    Args:
        events: The event tables by name.
        labels: From ``contract_labels``, ``silence_labels`` or ``expansion_labels``.
        reach_days: Days for which a contact has an effect.
        known_until: Only rows with ``known_at < known_until`` are read.

    Returns:
        ``contacted``: one value per row, in order; false where the outcome is not settled.
    """
    contacts = (
        as_known(events, CONTACTS.name, known_until)
        .filter(pl.col("kind").is_in(_REACHING))
        .select(owner="subscriber_id", contacted_at="happened_at")
        .sort("contacted_at")
        .collect()
    )
    if contacts.is_empty():
        return pl.repeat(value=False, n=labels.height, eager=True).alias("contacted")
    opens = pl.col("as_of") - timedelta(days=reach_days)
    rows = _with_owner(events, labels, known_until).with_columns(labels["settled_at"], opens=opens)
    first = _join_next(rows.sort("opens"), "opens", contacts, "contacted_at").sort("row")
    before = pl.col("contacted_at") < pl.col("settled_at")
    return first.select(contacted=before.fill_null(value=False)).to_series()


def expansion_labels(
    events: Events,
    spine: pl.DataFrame,
    *,
    lead_days: int,
    horizon_days: int,
    known_until: datetime,
) -> pl.DataFrame:
    """Whether each subscriber's MRR rises by choice in ``[as_of + lead, as_of + lead + horizon)``.

    By choice (``models.dataset.upgrades``): a larger plan, more seats, a second subscription;
    never the company's own price rise.

    Returns:
        One row per spine row, in its order: ``subscriber_id``, ``as_of``, ``expanded``. It is
        null until the window has closed by ``known_until``, and for subscribers who keep no
        subscription at ``as_of``. ``settled_at``: the first rise in the window or its end, where
        it is known.
    """
    opens = pl.col("as_of") + timedelta(days=lead_days)
    closes = opens + timedelta(days=horizon_days)
    subscriptions = _subscriptions(events, known_until)
    rises = chosen_rises(subscriptions).rename({"happened_at": "rose_at"})
    kept = moves_of(subscriptions).select("owner", "happened_at", staying=pl.col("kept") > 0)
    rows = _with_owner(events, spine, known_until).with_columns(opens=opens).sort("as_of")
    labelled = _join_last(rows, "as_of", kept, "happened_at")
    labelled = _join_next(labelled, "opens", rises, "rose_at")
    rose = (pl.col("rose_at") < closes).fill_null(value=False)
    known = pl.col("staying") & (closes <= known_until)
    settled = pl.min_horizontal("rose_at", closes)
    return (
        labelled.sort("row")
        .with_columns(expanded=pl.when(known).then(rose), settled_at=pl.when(known).then(settled))
        .select("subscriber_id", "as_of", "expanded", "settled_at")
    )


def _subscriptions(events: Events, known_until: datetime) -> pl.DataFrame:
    """The known events of subscriptions, each in its newest version."""
    return newest(as_known(events, SUBSCRIPTIONS.name, known_until).collect(), SUBSCRIPTIONS)


def _join_last(
    rows: pl.DataFrame, moment: str, events: pl.DataFrame, event_time: str
) -> pl.DataFrame:
    """The rows with their owner's last event before ``moment``; both sorted by time."""
    return rows.join_asof(
        events,
        left_on=moment,
        right_on=event_time,
        by="owner",
        allow_exact_matches=False,
        check_sortedness=False,
    )


def _join_next(
    rows: pl.DataFrame, moment: str, events: pl.DataFrame, event_time: str
) -> pl.DataFrame:
    """The rows with their owner's first event from ``moment`` on; both sorted by time."""
    return rows.join_asof(
        events,
        left_on=moment,
        right_on=event_time,
        by="owner",
        strategy="forward",
        check_sortedness=False,
    )


def _with_owner(events: Events, spine: pl.DataFrame, known_until: datetime) -> pl.DataFrame:
    """The spine with each row's index and the account that owns it by ``known_until``."""
    links = owners(events[MERGES.name], known_until)
    return (
        spine.select(
            "subscriber_id", pl.col("as_of").cast(MOMENT), cs.by_name("month", require_all=False)
        )
        .with_row_index("row")
        .join(links, on="subscriber_id", how="left", maintain_order="left")
        .with_columns(owner=pl.coalesce("owner", "subscriber_id"))
    )


def _in_spine_order(labelled: pl.DataFrame) -> pl.DataFrame:
    """The columns of a label in the spine's order; cause and moment for churners only."""
    of_churners = (pl.when(pl.col("churned")).then(pl.col(name)) for name in ("cause", "left_at"))
    settled = pl.when(pl.col("churned").is_not_null()).then("settled_at").alias("settled_at")
    columns = ("subscriber_id", "as_of", "churned", *of_churners, settled)
    return labelled.sort("row").select(*columns)
