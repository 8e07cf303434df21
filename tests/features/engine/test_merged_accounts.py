"""Merged accounts: the owner of their rows at each date, as by following the links one by one."""

from datetime import timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.engine.merged_accounts import owner_links, owner_runs
from perdura.features.engine.register import Hashed, assigned_numbers
from tests.support.tables import at, events

START = at("2026-03-01")
DATES = [START + timedelta(days=day) for day in (0, 1, 5, 40)]
ACCOUNTS = ["ann", "bob", "eve", "joe", "zoe"]

MERGES = st.lists(
    st.tuples(st.permutations(ACCOUNTS), st.integers(-2, 45), st.integers(0, 3)), max_size=4
)


def merges_of(drawn):
    """Merges of two accounts each, hours after START, known some days late."""
    rows, gone = [], set()
    for accounts, day, lag in drawn:
        left = [name for name in accounts if name not in gone]
        if len(left) < 2:
            break
        gone.add(left[0])
        happened = START + timedelta(days=day, hours=1)
        known = happened + timedelta(days=lag)
        rows.append((left[0], left[1], happened, known))
    return rows


def owner(account, moment, links):
    """The account that it lives on as: by the links known before the moment."""
    known = {old: new for old, new, _, known_at in links if known_at < moment}
    while account in known:
        account = known[account]
    return account


def table(links):
    return events(
        merges=[
            {
                "subscriber_id": old,
                "merged_into": new,
                "kind": "merged",
                "happened_at": f"{happened:%Y-%m-%d %H:%M}",
                "known_at": f"{known:%Y-%m-%d %H:%M}",
            }
            for old, new, happened, known in links
        ]
    )


@given(MERGES.map(merges_of), st.lists(st.sampled_from(ACCOUNTS), min_size=1, unique=True))
def test_runs_say_at_each_date_which_subscriber_of_the_spine_has_the_rows(links, asked):
    found = owner_links(table(links), DATES)
    ids = pl.Series(asked)
    _, _, register = assigned_numbers(ids, np.zeros(len(asked), np.uint8), len(links))
    runs, concerned = owner_runs(found, register, len(DATES))
    accounts = sorted({old for old, _, _, known in links if known < DATES[-1]})
    leads = register.numbers(Hashed.from_ids(pl.Series(ACCOUNTS, dtype=pl.String)))
    for name, lead in zip(ACCOUNTS, leads.tolist(), strict=True):
        if name not in accounts:
            assert lead == (asked.index(name) if name in asked else -1)
            continue
        account = -2 - lead
        assert account == accounts.index(name)
        owners = [-1] * len(DATES)
        for run in range(runs.starts[account], runs.starts[account + 1]):
            for date in range(runs.since[run], runs.until[run]):
                assert owners[date] == -1, "one owner at a time"
                owners[date] = runs.owner[run]
        expected = [owner(name, moment, links) for moment in DATES]
        assert owners == [asked.index(one) if one in asked else -1 for one in expected]
    in_runs = {owner(name, moment, links) for name in accounts for moment in DATES} & {*asked}
    assert sorted(concerned) == sorted(asked.index(name) for name in in_runs)


def test_without_merges_there_are_no_runs():
    _, _, register = assigned_numbers(pl.Series(["ann"]), np.zeros(1, np.uint8), 0)
    runs, concerned = owner_runs(owner_links(events(), DATES), register, len(DATES))
    assert runs.starts.tolist() == [0]
    assert [len(part) for part in runs[1:]] == [0, 0, 0]
    assert concerned.tolist() == []


def test_a_merge_known_at_the_date_itself_is_not_known_yet():
    links = [("old", "ann", START - timedelta(days=9), DATES[2])]
    found = owner_links(table(links), DATES)
    assert found.rows() == [("old", "ann", 3)]
