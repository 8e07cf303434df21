"""What `perdura risk accounts` shows besides the accounts: what a reader must know of the night."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from perdura.flows.cli.render.accounts import print_accounts
from perdura.risk.night import NightFreshness
from perdura.risk.query.accounts import AccountRisks

NEWEST = NightFreshness(
    scored_on=date(2026, 11, 2),
    valid_until=datetime(2026, 11, 3, 2, tzinfo=UTC),
    age=timedelta(days=3),
    stale=True,
    degraded=("tickets",),
    trial=False,
)


def shown(day: int, *, trial: bool) -> str:
    out = StringIO()
    found = AccountRisks(date(2026, 11, day), (), without=5, control=0, trial=trial)
    print_accounts(found, NEWEST, "en", Console(file=out, width=200))
    return out.getvalue()


@pytest.mark.parametrize(
    ("day", "trial", "marks"),
    [
        (2, False, ["Stale since 2026-11-03", "Degraded: tickets"]),
        (1, True, ["TRIAL: the model version was refused"]),
        (1, False, []),
    ],
)
def test_the_state_of_the_night_is_said_below(day: int, trial: bool, marks: list[str]):
    text = shown(day, trial=trial)
    assert [mark for mark in marks if mark not in text] == []
    assert ("TRIAL" in text) is trial
    assert ("Stale" in text) is (day == 2)


def test_where_no_subscriber_has_an_account_it_names_the_section_to_map():
    assert "Map the attribute account in [subscribers] (docs/MAPPING.md)" in shown(1, trial=False)
