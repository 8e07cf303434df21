"""Temporian: moving windows over event sets, sampled at the dates.

It knows one time of an event, so it is measured on events that were known as they happened. Its
windows are ``(as_of - d, as_of]``: the same where nothing happens at an edge to the microsecond.
"""

import numpy as np
import pandas as pd
import temporian as tp  # pyright: ignore[reportMissingImports] - in the peers' environment

from benchmarks.workload.task import COLUMNS, LIFE, SUMMED, WINDOWS, Inputs

_DAY = 86_400


def features(inputs: Inputs) -> pd.DataFrame:
    """One row per row of the spine: ``subscriber_id``, ``as_of``, the sixty columns."""
    spine = pd.read_parquet(inputs.spine)
    spine = spine[spine["as_of"].isin([pd.Timestamp(at, tz="UTC") for at in inputs.moments])]
    sampling = tp.event_set(
        timestamps=_seconds(spine["as_of"]),
        features={"subscriber_id": _bytes(spine["subscriber_id"])},
        indexes=["subscriber_id"],
    )
    people = spine["subscriber_id"].unique()
    columns = _of_payments(_events(inputs, "payments", ["amount"], people), sampling)
    tickets = _events(inputs, "tickets", ["hours", "score", "urgent"], people)
    columns |= _of_tickets(tickets, sampling)
    started = _events(inputs, "subscriptions", ["mrr"], people)["started"]
    columns["tenure"] = started.since_last(sampling=sampling)
    renamed = [found.rename(name) for name, found in columns.items()]
    return _finished(tp.to_pandas(tp.glue(*renamed)))


_ByKind = dict[str, tp.EventSet]


def _of_payments(of_kind: _ByKind, sampling: tp.EventSet) -> dict[str, tp.EventSet]:
    columns = {
        f"since_{kind}": of_kind[kind].since_last(sampling=sampling) for kind in ("paid", "failed")
    }
    for days in (*WINDOWS, LIFE):
        window = {"window_length": tp.duration.days(days), "sampling": sampling}
        columns |= {
            f"payments_{days}d": of_kind["all"]["amount"].moving_count(**window),
            f"paid_sum_{days}d": of_kind["paid"]["amount"].moving_sum(**window),
            f"failed_{days}d": of_kind["failed"]["amount"].moving_count(**window),
            f"refunded_sum_{days}d": of_kind["refunded"]["amount"].moving_sum(**window),
        }
    return columns


def _of_tickets(of_kind: _ByKind, sampling: tp.EventSet) -> dict[str, tp.EventSet]:
    columns = {"since_ticket": of_kind["opened"].since_last(sampling=sampling)}
    for days in (*WINDOWS, LIFE):
        window = {"window_length": tp.duration.days(days), "sampling": sampling}
        columns[f"tickets_{days}d"] = of_kind["opened"]["urgent"].moving_count(**window)
        if days == LIFE:
            columns["resolved"] = of_kind["resolved"]["urgent"].moving_count(**window)
            continue
        columns |= {
            f"urgent_{days}d": of_kind["opened"]["urgent"].moving_sum(**window),
            f"reply_hours_{days}d": of_kind["replied"]["hours"].simple_moving_average(**window),
            f"score_{days}d": of_kind["rated"]["score"].simple_moving_average(**window),
        }
    return columns


def _events(inputs: Inputs, table: str, columns: list[str], people: np.ndarray) -> _ByKind:
    """The events of one table, ``all`` of them and by kind.

    ``since_last`` needs the same subscribers in events and in sampling: others are left out, and
    every subscriber gets one event after all dates of the spine.
    """
    rows = pd.read_parquet(inputs.table(table))
    rows = rows[rows["subscriber_id"].isin(people)]
    if table == "tickets":
        rows["urgent"] = rows["priority"].isin(["high", "urgent"]).astype(float)
    far = pd.Series(pd.Timestamp("2100", tz="UTC"), range(len(people)))
    moments = far.astype(rows["happened_at"].dtype)
    after = pd.DataFrame({"subscriber_id": people, "happened_at": moments})
    parts = {"all": rows, **dict(iter(rows.groupby("kind")))}
    return {kind: _event_set(pd.concat([part, after]), columns) for kind, part in parts.items()}


def _event_set(rows: pd.DataFrame, columns: list[str]) -> tp.EventSet:
    return tp.event_set(
        timestamps=_seconds(rows["happened_at"]),
        features={
            "subscriber_id": _bytes(rows["subscriber_id"]),
            **{name: rows[name].to_numpy(np.float64) for name in columns},
        },
        indexes=["subscriber_id"],
    )


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    for name in ("since_paid", "since_failed", "since_ticket", "tenure"):
        rows[name] /= _DAY
    # Here no ticket opens or is resolved twice, so the counts tell how many are open.
    rows["tickets_open"] = rows[f"tickets_{LIFE}d"] - rows["resolved"]
    nothing = float("nan")
    for days in WINDOWS:
        rows[f"failed_share_{days}d"] = rows[f"failed_{days}d"] / rows[f"payments_{days}d"].replace(
            0, nothing
        )
    for name in SUMMED:
        rows[f"{name}_trend"] = 3 * rows[f"{name}_30d"] / rows[f"{name}_90d"].replace(0, nothing)
    rows["as_of"] = (
        pd.to_datetime(rows["timestamp"], unit="s")
        if rows["timestamp"].dtype.kind == "f"
        else rows["timestamp"]
    )
    rows["subscriber_id"] = [
        one.decode() if isinstance(one, bytes) else one for one in rows["subscriber_id"]
    ]
    return rows[["subscriber_id", "as_of", *COLUMNS]]


def _seconds(moments: pd.Series) -> np.ndarray:
    return moments.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64) / 1e6


def _bytes(ids: pd.Series) -> np.ndarray:
    return ids.to_numpy().astype("S")
