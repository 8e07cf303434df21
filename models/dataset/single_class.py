"""Why a part of the rows has only churners or only non-churners, and which setting to try."""

from datetime import datetime, timedelta
from math import ceil

import polars as pl

from perdura.models.params import TrainingParams
from perdura.sources.counted import counted, either

_FEW = 20


def why_too_few(rows: pl.DataFrame, params: TrainingParams) -> str:
    """The likely cause and the setting to try, where some part has one class only.

    Args:
        rows: All labelled rows: ``as_of``, ``churned``.
        params: How they were split.
    """
    dates = (
        rows.filter(pl.col("churned").is_not_null())
        .group_by("as_of")
        .agg(rows=pl.len(), left=pl.col("churned").sum())
        .sort("as_of")
    )
    left, stayed = int(dates["left"].sum()), int((dates["rows"] - dates["left"]).sum())
    at = counted(dates.height, "date")
    if not left:
        return f"no one left at any of the {at}. {_why_none_left(params)}"
    if not stayed:
        return (
            f"all left at all {at}. Likely cause: only those who left are in the "
            "files, or the window is so long that all leave in it. To try: map all subscribers, "
            f"or a shorter window, churn.horizon_days = {max(1, params.horizon_days // 2)} (now "
            f"{params.horizon_days})"
        )
    oldest: datetime = rows["as_of"].min()  # pyright: ignore[reportAssignmentType]
    newest: datetime = rows["as_of"].max()  # pyright: ignore[reportAssignmentType]
    if left < _FEW:
        return (
            f"{left} left at all {at} together. Likely cause: too few leavers, and "
            f"no model learns from so few. To try: {longer(params, newest - oldest, 3)}"
        )
    return _why_missing_at_dates(dates, newest, params) or (
        f"{left:,} left at all {at} together. Likely cause: too few leavers for "
        f"three parts. To try: {longer(params, newest - oldest, 2)}"
    )


def _why_none_left(params: TrainingParams) -> str:
    if params.churn == "silence":
        return (
            "Likely cause: the window is so short that all pay in it. To try: a longer one, "
            f"churn.horizon_days = {2 * params.horizon_days} (now {params.horizon_days})"
        )
    return (
        "Likely cause: no event `ended` or `cancel_scheduled` has landed, or all who left came "
        f"back within churn.grace_days = {params.grace_days}. To try: map the column that says "
        "when a subscription ended as an event `ended` and extract again; where none says it and "
        "people just stop paying, churn.rule = 'silence' with a table of payments"
    )


def _why_missing_at_dates(
    dates: pl.DataFrame, newest: datetime, params: TrainingParams
) -> str | None:
    """Why the first or the last dates have no churners; ``None`` where they have."""
    left = int(dates["left"].sum())
    having = dates.filter(pl.col("left") > 0)["as_of"]
    first: datetime = having.min()  # pyright: ignore[reportAssignmentType]
    last: datetime = having.max()  # pyright: ignore[reportAssignmentType]
    if first > dates["as_of"][0] and params.split == "time":
        before = dates.filter(pl.col("as_of") < first).height
        return (
            f"all {counted(left, 'leaver')} are of the {counted(len(having), 'newest date')}, from "
            f"{first:%Y-%m-%d} on, and {counted(before, 'date')} before them "
            f"{either(before, 'has', 'have')} none. "
            "Likely cause: leavers were not recorded before. To try: training.split = "
            "'subscribers', which fits the newest dates too and judges on other people, and "
            f"training.history_months = {ceil((newest - first).days / 30.4375)}, which leaves the "
            "dates before out"
        )
    if last < dates["as_of"][-1]:
        return (
            f"{left:,} left at earlier dates, and no one after {last:%Y-%m-%d}. Likely cause: "
            "the newest leavers are not in the files yet. To try: train until the day when the "
            "files were exported, perdura train --until DATE, or extract newer files"
        )
    return None


def longer(params: TrainingParams, history: timedelta, times: int) -> str:
    """The longer window to try, as far as the history knows its outcome, or to wait.

    Args:
        params: The present window.
        history: From the first date to the last with known outcomes.
        times: The factor to lengthen the window by, if possible.
    """
    parts = 1 if params.split == "subscribers" else 3
    others = params.gap_days - params.horizon_days
    possible = min(times * params.horizon_days, history.days // parts - others)
    if possible <= params.horizon_days:
        return "train again when more have left; no setting makes up for that"
    return (
        f"a longer window, in which more leave, churn.horizon_days = {possible} (now "
        f"{params.horizon_days}), or train again when more have left"
    )
