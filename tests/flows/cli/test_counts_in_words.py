"""What commands count is said in the singular where it is one."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

from perdura.flows.cli.render.effect import in_words
from perdura.flows.cli.render.erasure import print_kept, print_search
from perdura.flows.cli.render.runs import print_night, print_states
from perdura.flows.cli.render.tuning import print_tuning
from perdura.flows.configuration.groups import ValueSettings
from perdura.flows.erasure.erase import Kept
from perdura.flows.erasure.search import Found, Search
from perdura.flows.refresh_states import Refreshed
from perdura.flows.score_nightly import ScoredNight
from perdura.flows.steps.exchange_rates import stale_rates
from perdura.risk.terminal.risks import expected_loss
from tests.models.dataset.test_labels import day
from tests.models.experiment.test_effect import found as effect_of
from tests.models.tuning.test_trials import FIRST, GAINED, PRUNED, tuning


def printed(show, *args: object) -> str:
    out = StringIO()
    show(*args, Console(file=out, width=300))
    return out.getvalue()


@pytest.mark.parametrize(
    ("accounts", "said"), [(("ann",), "1 account: ann"), (("ann", "old"), "2 accounts: ann, old")]
)
def test_accounts_of_a_person(accounts, said):
    assert said in printed(print_kept, Kept(accounts=accounts, rows={}, forgotten_on=None))


@pytest.mark.parametrize(
    ("files", "databases", "said"),
    [
        (1, 1, "Searched 1 file and 1 database: nothing"),
        (2, 0, "Searched 2 files and 0 databases:"),
    ],
)
def test_what_a_search_looked_into(files, databases, said):
    assert said in printed(print_search, Search(found=(), files=files, databases=databases))


@pytest.mark.parametrize(("count", "said"), [(1, "in 1 text that may"), (2, "in 2 texts that may")])
def test_texts_that_may_mean_the_word(count, said):
    found = tuple(Found(where=f"file {k}", rows=1, doubt=True) for k in range(count))
    assert said in printed(print_search, Search(found=found, files=9, databases=1))


@pytest.mark.parametrize(("count", "said"), [(6, "and 1 place more"), (9, "and 4 places more")])
def test_places_beyond_the_first_five(count, said):
    found = tuple(Found(where=f"file {k}", rows=1, doubt=True) for k in range(count))
    assert said in printed(print_search, Search(found=found, files=9, databases=1))


def night(rows: int, days: int) -> ScoredNight:
    """A night of so many rows that took 1.25 s."""
    return ScoredNight(
        scored_on=date(2026, 11, 2),
        rows=rows,
        model_version="7",
        degraded=(),
        horizon_days=days,
        seconds={"extract": 0.25, "score": 0.75, "publish": 0.25},
    )


@pytest.mark.parametrize(
    ("rows", "days", "said"),
    [
        (
            1,
            1,
            "1 subscriber scored on 2026-11-02 by version 7 in 1.2 s. Each risk is the chance of",
        ),
        (2_500, 30, "2,500 subscribers scored on 2026-11-02"),
        (1, 1, "within 1 day."),
        (2_500, 30, "within 30 days."),
    ],
)
def test_subscribers_of_a_night(rows, days, said):
    assert said in printed(print_night, night(rows, days))


def test_each_reason_of_a_degraded_night_is_printed_once_beside_what_it_is_of():
    shown = printed(
        print_night,
        replace(
            night(1, 30),
            degraded=("tickets", "plan: 9 of 10 subscribers have a new value"),
            why_degraded={"tickets": "nothing was read since 2026-10-02"},
        ),
    )
    assert shown.splitlines()[1:3] == [
        "Degraded: tickets: nothing was read since 2026-10-02.",
        "Degraded: plan: 9 of 10 subscribers have a new value.",
    ]
    assert shown.count("tickets") == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (0, "No subscriber has another state than in the night of 2026-11-01"),
        (1, "1 subscriber has another state than in the night of 2026-11-01"),
        (1_200, "1,200 subscribers have another state than in the night of 2026-11-01"),
    ],
)
def test_states_that_changed_since_the_night(changed, said):
    done = Refreshed(
        scored_on=date(2026, 11, 1),
        as_of=datetime(2026, 11, 1, 9, 31, tzinfo=UTC),
        changed=changed,
    )
    assert printed(print_states, done) == f"{said}, as known by 2026-11-01 09:31 UTC.\n"


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ((FIRST,), "1 trial at each of 2 dates"),
        ((FIRST, GAINED), "2 trials at each of 2 dates"),
        ((FIRST, PRUNED), "1 was stopped early; 0 are of earlier runs."),
        ((FIRST, PRUNED, PRUNED), "2 were stopped early; 0 are of earlier runs."),
    ],
)
def test_trials_of_a_tuning(trials, said):
    done_tuning = SimpleNamespace(
        found=tuning(*trials), share=1.0, run_id="r", tuned=None, file="tuned.json"
    )
    assert said in printed(print_tuning, done_tuning)
    one = replace(tuning(*trials), origins=tuning(*trials).origins[:1], before=1)
    text = printed(print_tuning, SimpleNamespace(**{**vars(done_tuning), "found": replace(
        one, tried=tuple(replace(t, losses=t.losses[:1]) for t in one.tried)
    )}))  # fmt: skip
    assert "at each of 1 date" in text
    assert "1 is of earlier runs." in text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["USD,0"], "has 1 row without a rate"),
        (["USD,0", "JPY,-1", "GBP,1.1"], "has 2 rows without a rate"),
    ],
)
def test_rates_that_are_none(rows, said, tmp_path):
    file = tmp_path / "rates.csv"
    lines = ["date,currency,rate", *(f"2026-10-31,{row}" for row in rows)]
    file.write_text("\n".join(lines))
    value = ValueSettings(reporting_currency="EUR", exchange_rates=file)
    (why,) = stale_rates(value, day(0), 7)
    assert said in why


@pytest.mark.parametrize(("days", "said"), [(1, "older than 1 day. Add"), (7, "than 7 days.")])
def test_rates_that_are_too_old(days, said, tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("date,currency,rate\n2020-10-31,USD,0.9\n")
    value = ValueSettings(reporting_currency="EUR", exchange_rates=file)
    (why,) = stale_rates(value, day(0), days).values()
    assert said in why


def test_the_only_subscriber_of_a_list_is_this_subscriber():
    row = {"expected_loss": 1200, "currency": "EUR"}
    assert expected_loss(pd.DataFrame([row])).startswith("Expected loss of this subscriber a month")
    assert "these 2 subscribers" in expected_loss(pd.DataFrame([row, row]))
    assert "este suscriptor" in expected_loss(pd.DataFrame([row]), "es")
    assert "estos 2 suscriptores" in expected_loss(pd.DataFrame([row, row]), "es")


@pytest.mark.parametrize(
    ("crossed", "said"),
    [
        (1, "1 of the control group was contacted, and still counts as control."),
        (2, "2 of the control group were contacted, and still count as control."),
    ],
)
def test_the_control_group_that_was_contacted(crossed, said):
    assert said in in_words(effect_of((50, 50), (48, 80), crossed=crossed))


@pytest.mark.parametrize(("reached", "said"), [(1, "70 listed, 1 was contacted"), (14, "14 were")])
def test_the_listed_who_were_contacted(reached, said):
    assert said in in_words(effect_of((50, 50), (48, 80), listed=(56, 70), reached=reached))[-1]
