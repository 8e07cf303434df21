"""The standing control group: so large a share, the same all quarter, and not contacted."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Language
from perdura.models.scoring.control_group import assign_control_group, in_control_group, quarter_of

PEOPLE = pl.Series([f"subscriber {n}" for n in range(20_000)])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_as_large_a_share_is_held_out_as_is_asked_for(share):
    assert in_control_group(PEOPLE, "2026-Q4", share).mean() == pytest.approx(share, rel=0.1)


@given(st.lists(st.text(min_size=1), unique=True), st.floats(0, 0.5), st.floats(0, 0.5))
def test_with_a_larger_share_nobody_comes_free(people, one, other):
    few, many = (
        in_control_group(pl.Series(people, dtype=pl.String), "s", s) for s in sorted((one, other))
    )
    assert not (few & ~many).any()


@given(st.lists(st.text(min_size=1), unique=True, min_size=1), st.data())
def test_a_lot_hangs_on_nobody_else(people, data):
    who = data.draw(st.sampled_from(people))
    all_drawn = dict(zip(people, in_control_group(pl.Series(people), "s", 0.5), strict=True))
    assert in_control_group(pl.Series([who]), "s", 0.5).to_list() == [all_drawn[who]]


def test_each_season_draws_anew():
    one, other = (in_control_group(PEOPLE, quarter, 0.5) for quarter in ("2026-Q4", "2027-Q1"))
    assert (one == other).mean() == pytest.approx(0.5, abs=0.02)


def test_anybody_can_find_out_who_is_held_out():
    """`printf '2026-Q4\\nann' | sha256sum` begins with 00: below a quarter."""
    assert in_control_group(pl.Series(["ann"]), "2026-Q4", 0.25).to_list() == [True]


@pytest.mark.parametrize(
    ("day", "quarter"),
    [("2026-01-01", "2026-Q1"), ("2026-03-31", "2026-Q1"), ("2026-12-31", "2026-Q4")],
)
def test_a_season_is_a_quarter(day, quarter):
    assert quarter_of(date.fromisoformat(day)) == quarter


def scored(*people: str) -> pl.DataFrame:
    return pl.DataFrame({"subscriber_id": people}).with_columns(
        offer=0.3, advice=pl.lit("offer"), action=pl.lit("call"), action_text=pl.lit("Call them")
    )


@pytest.mark.parametrize(("language", "words"), [("en", "Do not contact"), ("es", "No contactar")])
def test_to_somebody_held_out_nothing_is_offered_and_nothing_done(language: Language, words: str):
    people = scored(*PEOPLE[:200])
    told = assign_control_group(people, "2026-Q4", 0.5, language)
    out = told.filter("held_out")
    assert 60 < out.height < 140
    assert out["offer"].null_count() == out.height
    assert out["advice"].unique().to_list() == ["leave_alone"]
    assert out["action_text"].str.starts_with(words).all()
    assert (
        told.filter(~pl.col("held_out")).drop("held_out").equals(people.filter(~told["held_out"]))
    )


def test_by_default_there_is_no_group_and_no_column():
    assert assign_control_group(scored("ann"), "2026-Q4", 0.0, "en").equals(scored("ann"))
