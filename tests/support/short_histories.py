"""Telecom companies of one file each, whose histories of leaving are short in different ways."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

#: The day of the export: nothing after it is known.
EXPORTED = date(2020, 2, 1)

_MAPPING = """\
[settings]
churn = "contract"

[subscriptions]
file = "{file}"
types = {{ begin = "time", end = "time", monthly_charges = "number" }}
subscriber_id = "customer"
subscription_id = "customer"
plan = "contract"
interval_months = "CASE contract WHEN 'month' THEN 1 WHEN 'year' THEN 12 ELSE 24 END"
currency = "'USD'"

[[subscriptions.event]]
kind = "'started'"
happened_at = "begin"
mrr = "ROUND(monthly_charges * 100)"
"""

_ENDS = """
[[subscriptions.event]]
kind = "'ended'"
happened_at = "end"
mrr = 0
reason = "'unknown'"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How a company's history of leaving looks.

    Attributes:
        customers: How many there are.
        since: The first day on which anybody began.
        leavers_since: Nobody left before, or nobody wrote it down.
        rate: Share of month-to-month customers who leave in a month.
        season: How many times the rate is of each month.
        ends: Whether the mapping says who ended.
    """

    customers: int = 7_000
    since: date = date(2014, 1, 1)
    leavers_since: date = date(2019, 10, 1)
    rate: float = 0.11
    season: Callable[[date], float] = lambda _month: 1.0
    ends: bool = True


def write_history(folder: Path, history: History, seed: int = 0) -> Path:
    """Write the company's file and its mapping; the mapping."""
    random = np.random.default_rng(seed)
    many = history.customers
    days = (EXPORTED - history.since).days
    begin = np.sort(random.integers(0, days, many))
    contract = random.choice(["month", "year", "two years"], many, p=[0.55, 0.21, 0.24])
    internet = random.choice(["fiber", "dsl", "none"], many, p=[0.44, 0.34, 0.22])
    charges = 20 + 25.0 * (internet != "none") + 30.0 * (internet == "fiber")
    end = _ends(history, begin, contract, internet, random)
    told = pl.DataFrame(
        {
            "customer": [f"C{place:05}" for place in range(many)],
            "begin": [history.since + timedelta(days=int(day)) for day in begin],
            "end": end,
            "contract": contract,
            "internet": internet,
            "monthly_charges": charges + random.integers(0, 20, many),
        },
        schema_overrides={"end": pl.Date},
    )
    folder.mkdir(parents=True, exist_ok=True)
    told.write_csv(folder / "customers.csv")
    mapping = folder / "mapping.toml"
    ends = _ENDS if history.ends else ""
    mapping.write_text(_MAPPING.format(file=folder / "customers.csv") + ends, encoding="utf-8")
    return mapping


def _ends(
    history: History,
    begin: np.ndarray,
    contract: np.ndarray,
    internet: np.ndarray,
    random: np.random.Generator,
) -> list[date | None]:
    """The first day of the month in which each customer ended, as billing does it."""
    of_contract = np.select([contract == "month", contract == "year"], [1.0, 0.15], 0.03)
    times = of_contract * np.select([internet == "fiber", internet == "dsl"], [1.5, 0.8], 0.4)
    end: list[date | None] = [None] * history.customers
    for first in _months(history.leavers_since):
        day = (first - history.since).days
        young = 1 + 1.5 * np.exp(-(day - begin) / 180)
        risk = np.clip(history.rate * history.season(first) * times * young, 0, 0.9)
        leaves = (random.random(history.customers) < risk) & (begin < day)
        for place in np.flatnonzero(leaves):
            end[place] = end[place] or first
    return end


def _months(since: date) -> list[date]:
    months = [date(year, month, 1) for year in range(since.year, 2021) for month in range(1, 13)]
    return [first for first in months if since <= first < EXPORTED]
