"""A table of made-up people with a few nights behind them, for the tests of the pages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from perdura.risk.publish.not_scored import NotScored
from perdura.risk.schema.recent import EVENTS, STATES
from perdura.risk.schema.tables import NIGHTS
from perdura.risk.store.connect import writing
from perdura.risk.table import publish

#: The newest night is today's, so nothing is stale.
NEWEST = datetime.now(UTC).date()
AS_OF = datetime(NEWEST.year, NEWEST.month, NEWEST.day, tzinfo=UTC)
#: An id that is HTML, SQL and more, and must be nothing but an id.
#: Subscribers whom the newest night leaves out.
NOT_SCORED = [
    NotScored(state="leaving", currency="EUR", subscribers=3, mrr=9_000),
    NotScored(state="paused", currency="EUR", subscribers=2, mrr=0, unpriced=1),
]
STRANGE = """<b id="x">o'neil & 50%</b>'); DROP TABLE risk; --"""
#: Of ann, three others who can be kept, one in the control group and one who has left.
ACCOUNT = "Norte & Hijos, S.L."
MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

_FAILED = {
    "signal": "payment_failures",
    "column": "payments_failed_90d",
    "value": 2.0,
    "evidence": {"table": "payments", "kinds": ["failed"], "days": 90},
}
_OPEN = {
    "signal": "open_tickets",
    "column": "tickets_open",
    "value": 1.0,
    "evidence": {"table": "tickets", "kinds": ["opened", "reopened"]},
}
REASONS = [
    {**_FAILED, "text": "2 payments failed in the last 90 days", "weight": 2.0},
    {**_OPEN, "text": "1 ticket is still open", "weight": 1.0},
]


def row(who: str, risk: float, **others: Any) -> dict[str, Any]:
    """One subscriber as the model gives them; three quarters of the risk is payment's."""
    return {
        "subscriber_id": who,
        "state": "active",
        "risk": risk,
        "risk_voluntary": risk / 4,
        "risk_payment": risk * 3 / 4,
        "mrr": 2_000,
        "currency": "EUR",
        "reasons": REASONS,
        "action": "fix_payment",
        "action_text": "Ask for another card",
        "plan": "basic",
        "country": "ES",
        "held_out": False,
    } | others


def valued(one: dict[str, Any]) -> dict[str, Any]:
    """The row with its worth: 20 months of what they pay, of which the risk is at stake."""
    if one["mrr"] is None:
        return one
    stays, loss = 20 * one["mrr"], round(20 * one["mrr"] * one["risk"])
    return {
        **one,
        "cltv": stays - loss,
        "cltv_low": (stays - loss) // 2,
        "cltv_high": 2 * (stays - loss),
        "expected_lifetime_loss": loss,
        "value_currency": one["currency"],
    }


def people() -> list[dict[str, Any]]:
    """Whom the newest night scores: 30 at high risk, and some others."""
    many = [row(f"high{n:02}", 0.9 - n / 100, mrr=2_007) for n in range(26)]
    for one in many[:3]:
        one["account"] = ACCOUNT
    parts = {"risk_payment": 0.1, "risk_voluntary": 0.83}
    return [
        *many,
        row("ann", 0.93, mrr=9_000, plan="pro", country="FR", account=ACCOUNT, **parts),
        row("bob", 0.60, mrr=8_000, held_out=True, account=ACCOUNT),
        row("gone", 0.95, mrr=7_000, account=ACCOUNT),
        row("cid", 0.15, action="call", action_text="Call and listen", account=ACCOUNT),
        row("dee", 0.02, reasons=[], account="Studio Lumen"),
        row(STRANGE, 0.61, mrr=6_000, action_text=MARKUP, account=MARKUP),
        row("zoe", 0.70, mrr=500_000, currency="JPY", state="past_due", account="Kitano KK"),
    ]


def night(url: str, rows: list[dict[str, Any]], scored_on: date = NEWEST, **told: Any) -> None:
    """Publish rows as one night."""
    frame = pl.DataFrame([valued(one) for one in rows], infer_schema_length=None)
    publish(frame, url, scored_on=scored_on, model_version="7", **told)


def made(url: str) -> None:
    """Three nights of ``people``, events of ann, and somebody who left this morning."""
    for back in (40, 1):
        calmer = [{**one, "risk": one["risk"] / (1 + back / 40)} for one in people()]
        calmer = [one for one in calmer if one["subscriber_id"] != "high11"]
        for one in calmer:
            if one["subscriber_id"] == "high10":
                one |= {"risk": 0.15, "reasons": REASONS[1:]}
            if one["subscriber_id"] == "cid":
                one["risk"] = 0.5
            one["risk_voluntary"], one["risk_payment"] = one["risk"] / 4, one["risk"] * 3 / 4
        night(url, calmer, NEWEST - timedelta(days=back))
    night(url, people(), not_scored=NOT_SCORED)
    with writing(url) as connection:
        connection.execute(sa.insert(EVENTS), list(_events()))
        left = {"subscriber_id": "gone", "state": "gone", "since": AS_OF, "as_of": _after(hours=1)}
        connection.execute(sa.insert(STATES), [left])
        newest = NIGHTS.c.scored_on == NEWEST
        connection.execute(sa.update(NIGHTS).where(newest).values(states_as_of=_after(hours=1)))


def _after(**told: float) -> datetime:
    return AS_OF + timedelta(**told)


def _events() -> Any:
    happened = (
        (-80, "payments", "paid", 9_000, None),
        (-50, "payments", "failed", 9_000, "card_expired"),
        (-20, "payments", "failed", 9_000, "card_expired"),
        (-10, "tickets", "opened", None, MARKUP),
        (-120, "payments", "failed", 9_000, None),  # before the 90 days that the reason tells of
    )
    for number, (days, source, kind, amount, detail) in enumerate(happened):
        at = _after(days=days, hours=9)
        yield {
            "subscriber_id": "ann",
            "happened_at": at,
            "number": number,
            "known_at": at,
            "source": source,
            "kind": kind,
            "amount": amount,
            "currency": "EUR" if amount else None,
            "detail": detail,
        }
