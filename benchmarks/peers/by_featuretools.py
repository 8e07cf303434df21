"""featuretools: feature matrices with cutoff times, one for each training window.

It knows one time of an event, so it is measured on events that were known as they happened.
"""

import featuretools as ft  # pyright: ignore[reportMissingImports]
import pandas as pd
from featuretools.primitives import (  # pyright: ignore[reportMissingImports]
    Count,
    Mean,
    Sum,
    TimeSinceFirst,
    TimeSinceLast,
)

from benchmarks.workload.task import COLUMNS, LIFE, SUMMED, WINDOWS, Inputs

_DAY = 86_400


def features(inputs: Inputs) -> pd.DataFrame:
    """One row per row of the spine: ``subscriber_id``, ``as_of``, the sixty columns."""
    spine = pd.read_parquet(inputs.spine)
    spine["time"] = spine.pop("as_of").dt.tz_localize(None)
    spine = spine[spine["time"].isin(inputs.moments)]
    entities = _entities(inputs)
    parts = [_matrix(entities, spine, days) for days in (*WINDOWS, None)]
    return _finished(pd.concat(parts, axis=1))


def _entities(inputs: Inputs) -> ft.EntitySet:
    entities = ft.EntitySet("business")
    for name in ("subscriptions", "payments", "tickets"):
        rows = pd.read_parquet(inputs.table(name))
        rows["happened_at"] = rows["happened_at"].dt.tz_localize(None)
        if name == "tickets":
            urgent = rows["priority"].isin(["high", "urgent"])
            rows["urgent"] = (urgent & (rows["kind"] == "opened")).astype(float)
        kept = ["subscriber_id", "happened_at", "kind"]
        kept += [column for column in ("amount", "hours", "score", "urgent") if column in rows]
        entities.add_dataframe(
            dataframe_name=name,
            dataframe=rows[kept],
            index="row",
            make_index=True,
            time_index="happened_at",
            logical_types={"kind": "Categorical", "subscriber_id": "Categorical"},
        )
    people = pd.DataFrame({"subscriber_id": entities["subscriptions"]["subscriber_id"].unique()})
    entities.add_dataframe(dataframe_name="subscribers", dataframe=people, index="subscriber_id")
    for name in ("subscriptions", "payments", "tickets"):
        entities.add_relationship("subscribers", "subscriber_id", name, "subscriber_id")
    return entities


def _matrix(entities: ft.EntitySet, spine: pd.DataFrame, days: int | None) -> pd.DataFrame:
    """The columns of one window; without one, of the whole life."""
    asked = _windowed(entities) if days else _of_life(entities)
    found = ft.calculate_feature_matrix(
        list(asked.values()),
        entities,
        cutoff_time=spine,
        cutoff_time_in_index=True,
        include_cutoff_time=False,
        training_window=f"{days} days" if days else None,
    )
    found = found[[feature.get_name() for feature in asked.values()]]
    found.columns = [f"{name}_{days or LIFE}d" if name in _WINDOWED else name for name in asked]
    return found


_WINDOWED = (
    *("payments", "paid_sum", "failed", "refunded_sum"),
    *("tickets", "urgent", "reply_hours", "score"),
)


def _windowed(entities: ft.EntitySet) -> dict[str, ft.Feature]:
    payments, tickets = _of("payments", entities), _of("tickets", entities)
    return {
        "payments": payments("row", Count),
        "paid_sum": payments("amount", Sum, "paid"),
        "failed": payments("row", Count, "failed"),
        "refunded_sum": payments("amount", Sum, "refunded"),
        "tickets": tickets("row", Count, "opened"),
        "urgent": tickets("urgent", Sum, "opened"),
        "reply_hours": tickets("hours", Mean, "replied"),
        "score": tickets("score", Mean, "rated"),
    }


def _of_life(entities: ft.EntitySet) -> dict[str, ft.Feature]:
    payments, tickets = _of("payments", entities), _of("tickets", entities)
    started = _of("subscriptions", entities)
    asked = _windowed(entities)
    return {name: asked[name] for name in SUMMED} | {
        "since_paid": payments("happened_at", TimeSinceLast, "paid"),
        "since_failed": payments("happened_at", TimeSinceLast, "failed"),
        "since_ticket": tickets("happened_at", TimeSinceLast, "opened"),
        "resolved": tickets("row", Count, "resolved"),
        "tenure": started("happened_at", TimeSinceFirst, "started"),
    }


def _of(table: str, entities: ft.EntitySet):
    """Features of one table: which column, how, and of which rows."""
    columns = entities[table].ww

    def feature(column: str, how: type, kind: str = "") -> ft.Feature:
        where = ft.Feature(columns["kind"]) == kind if kind else None
        return ft.Feature(
            columns[column], parent_dataframe_name="subscribers", where=where, primitive=how
        )

    return feature


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.reset_index().rename(columns={"time": "as_of"})
    for name in ("since_paid", "since_failed", "since_ticket", "tenure"):
        rows[name] = rows[name].astype(float) / _DAY
    # Here no ticket opens or is resolved twice, so the counts tell how many are open.
    rows["tickets_open"] = rows[f"tickets_{LIFE}d"] - rows["resolved"]
    nothing = float("nan")
    for days in WINDOWS:
        tried = rows[f"payments_{days}d"].replace(0, nothing)
        rows[f"failed_share_{days}d"] = rows[f"failed_{days}d"] / tried
    for name in SUMMED:
        rows[f"{name}_trend"] = 3 * rows[f"{name}_30d"] / rows[f"{name}_90d"].replace(0, nothing)
    rows["subscriber_id"] = rows["subscriber_id"].astype(str)
    return rows[["subscriber_id", "as_of", *COLUMNS]]
