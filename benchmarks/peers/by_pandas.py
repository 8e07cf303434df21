"""pandas, as a user would write it: for each date and window a mask and a group-by, then joins."""

import pandas as pd

from benchmarks.workload.task import COLUMNS, LIFE, SUMMED, WINDOWS, ZERO, Inputs

_DAY = pd.Timedelta(days=1)


def features(inputs: Inputs) -> pd.DataFrame:
    """One row per row of the spine: ``subscriber_id``, ``as_of``, the sixty columns."""
    payments = pd.read_parquet(
        inputs.table("payments"),
        columns=["subscriber_id", "happened_at", "known_at", "kind", "amount"],
    )
    tickets = pd.read_parquet(
        inputs.table("tickets"),
        columns=[
            *("subscriber_id", "happened_at", "known_at", "kind"),
            *("ticket_id", "priority", "hours", "score"),
        ],
    )
    subscriptions = pd.read_parquet(
        inputs.table("subscriptions"), columns=["subscriber_id", "happened_at", "known_at", "kind"]
    )
    spine = pd.read_parquet(inputs.spine)
    tables = (payments, tickets, subscriptions)
    return pd.concat(_of_date(tables, spine, pd.Timestamp(at, tz="UTC")) for at in inputs.moments)


def _of_date(
    tables: tuple[pd.DataFrame, ...], spine: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    payments, tickets, subscriptions = (rows[rows["known_at"] < as_of] for rows in tables)
    found = spine[spine["as_of"] == as_of].set_index("subscriber_id")
    columns: dict[str, pd.Series] = {}
    for days in (*WINDOWS, LIFE):
        since = as_of - pd.Timedelta(days=days)
        columns |= _of_payments(payments[payments["happened_at"] >= since], days)
        columns |= _of_tickets(tickets[tickets["happened_at"] >= since], days)
    started = subscriptions[subscriptions["kind"] == "started"]
    opened = tickets[tickets["kind"] == "opened"]
    columns["since_ticket"] = (as_of - _by(opened)["happened_at"].max()) / _DAY
    for kind in ("paid", "failed"):
        of_kind = payments[payments["kind"] == kind]
        columns[f"since_{kind}"] = (as_of - _by(of_kind)["happened_at"].max()) / _DAY
    columns["tenure"] = (as_of - _by(started)["happened_at"].min()) / _DAY
    columns["tickets_open"] = _open(tickets)
    return _finished(found.join(pd.DataFrame(columns)))


def _by(rows: pd.DataFrame):
    return rows.groupby("subscriber_id")


def _of_payments(inside: pd.DataFrame, days: int) -> dict[str, pd.Series]:
    paid, failed, refunded = (
        inside[inside["kind"] == kind] for kind in ("paid", "failed", "refunded")
    )
    return {
        f"payments_{days}d": _by(inside).size(),
        f"paid_sum_{days}d": _by(paid)["amount"].sum(),
        f"failed_{days}d": _by(failed).size(),
        f"refunded_sum_{days}d": _by(refunded)["amount"].sum(),
    }


def _of_tickets(inside: pd.DataFrame, days: int) -> dict[str, pd.Series]:
    opened = inside[inside["kind"] == "opened"]
    columns = {f"tickets_{days}d": _by(opened).size()}
    if days == LIFE:
        return columns
    return columns | {
        f"urgent_{days}d": _by(opened[opened["priority"].isin(["high", "urgent"])]).size(),
        f"reply_hours_{days}d": _by(inside[inside["kind"] == "replied"])["hours"].mean(),
        f"score_{days}d": _by(inside[inside["kind"] == "rated"])["score"].mean(),
    }


def _open(tickets: pd.DataFrame) -> pd.Series:
    opened, resolved = (
        tickets[tickets["kind"] == kind]
        .groupby(["subscriber_id", "ticket_id"])["happened_at"]
        .max()
        .rename(kind)
        for kind in ("opened", "resolved")
    )
    each = opened.to_frame().join(resolved)
    still = each[each["resolved"].isna() | (each["opened"] > each["resolved"])]
    return still.groupby("subscriber_id").size()


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    zero = list(ZERO)
    rows[zero] = rows[zero].fillna(0)
    for days in WINDOWS:
        rows[f"failed_share_{days}d"] = rows[f"failed_{days}d"] / rows[f"payments_{days}d"].replace(
            0, float("nan")
        )
    for name in SUMMED:
        rows[f"{name}_trend"] = (
            3 * rows[f"{name}_30d"] / rows[f"{name}_90d"].replace(0, float("nan"))
        )
    return rows.reset_index()[["subscriber_id", "as_of", *COLUMNS]]
