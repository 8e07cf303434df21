"""Make the example files again: ``python examples/make.py``. Everybody in them is made up.

A shop, whose customers just stop buying, and a software company, whose accounts cancel: more often
with tickets that wait, with little use, and after a price rise. Two years of each, until
2026-11-01.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("data")
FIRST, UNTIL = date(2024, 11, 1), date(2026, 11, 1)
MONTHS = 24

_PRICES = {"Starter": 29, "Team": 99, "Business": 299}
_TICKET = [
    "ticket_id",
    "account_id",
    "opened",
    "first_reply",
    "reply_hours",
    "resolved",
    "resolution_hours",
]


def main(folder: Path = FOLDER) -> None:
    """Write all files."""
    random = np.random.default_rng(7)
    _write(
        folder / "purchases.txt", ["customer", "date", "items", "amount"], _purchases(random), " "
    )
    tables = _software(random)
    for name, (header, rows) in tables.items():
        _write(folder / f"{name}.csv", header, sorted(rows), ",")


def _purchases(random: np.random.Generator) -> Iterable[Sequence[object]]:
    """Each customer buys at a pace of their own until they lose interest."""
    days = (UNTIL - FIRST).days
    for number in range(1_000):
        pace, stays = 4 + random.lognormal(3.0, 1.0), random.exponential(300.0)
        day = first = random.uniform(0, days - 30)
        while day < min(days, first + stays):
            items = 1 + random.poisson(0.8)
            amount = f"{items * random.uniform(8, 24):.2f}"
            yield f"{number:05}", f"{FIRST + timedelta(days=int(day)):%Y%m%d}", items, amount
            day += random.exponential(pace) + 0.5


def _software(random: np.random.Generator) -> dict[str, tuple[list[str], list[list[object]]]]:
    """Accounts, subscriptions, tickets and monthly usage of a software company."""
    accounts: list[list[object]] = []
    subscriptions: list[list[object]] = []
    tickets: list[list[object]] = []
    usage: list[list[object]] = []
    for number in range(700):
        account, joined = f"A-{number:04}", int(random.integers(-12, MONTHS - 1))
        plan = str(random.choice(list(_PRICES), p=[0.5, 0.35, 0.15]))
        country = str(random.choice(["ES", "GB", "DE", "US"]))
        start = _month(joined) + timedelta(days=int(random.integers(0, 27)))
        accounts.append([account, f"Company {number}", country, start])
        end, reason, keen = None, "", random.normal(1.0, 0.25)
        for month in range(max(joined, 0), MONTHS):
            opened = random.poisson(0.25 + 0.9 * (random.random() < 0.12))
            waits = random.lognormal(1.8, 1.0, opened)
            tickets += [_ticket(account, month, hours, random) for hours in waits]
            keen *= 0.3 if random.random() < 0.05 else 1.0
            sessions = zip((3, 10, 17, 24), random.poisson(8 * keen, 4), strict=True)
            usage += [[account, _month(month) + timedelta(days=d), n] for d, n in sessions if n]
            hazard = 0.006 + 0.035 * opened + 0.06 * (waits > 24).sum() + 0.15 * (keen < 0.5)
            if random.random() < hazard and month - joined > 0:
                end = _month(month + 1) + timedelta(days=int(random.integers(0, 27)))
                reason = "payment" if random.random() < 0.2 else "cancelled"
                break
        end = None if end is None or end >= UNTIL else end
        price = _PRICES[plan]
        subscriptions.append(
            [f"S-{number:04}", account, plan, price, start, end or "", reason if end else ""]
        )
    return {
        "accounts": (["account_id", "name", "country", "signed_up"], accounts),
        "subscriptions": (
            ["subscription_id", "account_id", "plan", "price", "start", "end", "end_reason"],
            subscriptions,
        ),
        "tickets": (_TICKET, tickets),
        "usage": (["account_id", "day", "sessions"], usage),
    }


def _ticket(account: str, month: int, hours: float, random: np.random.Generator) -> list[object]:
    opened = timedelta(days=float(random.uniform(0, 27)))
    begin = np.datetime64(_month(month), "s") + np.timedelta64(int(opened.total_seconds()), "s")
    reply = begin + np.timedelta64(int(hours * 3600), "s")
    until_solved = hours + random.exponential(20)
    solved = begin + np.timedelta64(int(until_solved * 3600), "s")
    identity = f"T-{random.integers(10**8):08}"
    return [identity, account, begin, reply, f"{hours:.2f}", solved, f"{until_solved:.2f}"]


def _month(number: int) -> date:
    """The first day of a month, 0 is the first of the two years."""
    return date(
        FIRST.year + (FIRST.month - 1 + number) // 12, (FIRST.month - 1 + number) % 12 + 1, 1
    )


def _write(
    file: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str
) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
