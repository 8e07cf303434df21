"""Typical values by hand: medians and most frequent texts of those who stayed, by group."""

import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.predictor.typical_values import COMPARED_BY, Group
from perdura.models.training.typical_values import learn_typical

INTERVAL, PLAN = COMPARED_BY


def typical(rows: pl.DataFrame) -> tuple[Group, ...]:
    """The groups of rows with a column ``churned``."""
    contract = learn_contract(rows, [name for name in rows.columns if name != "churned"])
    happened = rows["churned"].to_numpy().astype(float)
    return learn_typical(contract, Examples(contract.numbers(rows), happened)).groups


def rows_of(*parts: tuple[int, float, str, float | None]) -> pl.DataFrame:
    """So many rows of an interval, a plan and a number of tickets; one more of each who left."""
    lines = [
        (interval, plan, tickets, left)
        for count, interval, plan, tickets in parts
        for left in [*[False] * count, True]
    ]
    schema = {INTERVAL: pl.Float64, PLAN: pl.String, "tickets": pl.Float64, "churned": pl.Boolean}
    return pl.DataFrame(lines, schema=schema, orient="row")


def test_the_first_group_is_all_who_stayed():
    rows = rows_of((5, 1, "basic", 1.0), (4, 1, "pro", 9.0))
    everyone = typical(rows)[0]
    assert everyone.of == {}
    assert everyone.values == {INTERVAL: 1.0, PLAN: "basic", "tickets": 1.0}


def test_churners_have_no_say():
    rows = rows_of((3, 1, "basic", 1.0))
    left = rows.filter("churned").with_columns(tickets=pl.lit(99.0), **{PLAN: pl.lit("pro")})
    assert typical(pl.concat([rows, *[left] * 50]))[0].values["tickets"] == 1.0


def test_a_group_of_two_hundred_is_kept_and_one_less_is_not():
    groups = typical(rows_of((200, 1, "basic", 1.0), (199, 12, "pro", 5.0)))
    assert [group.of for group in groups] == [
        {},
        {INTERVAL: 1.0},
        {INTERVAL: 1.0, PLAN: "basic"},
    ]


def test_groups_go_from_the_interval_to_the_plan_the_largest_first():
    groups = typical(rows_of((210, 1, "pro", 1.0), (300, 1, "basic", 3.0), (250, 12, "pro", 7.0)))
    assert [group.of for group in groups] == [
        {},
        {INTERVAL: 1.0},
        {INTERVAL: 12.0},
        {INTERVAL: 1.0, PLAN: "basic"},
        {INTERVAL: 12.0, PLAN: "pro"},
        {INTERVAL: 1.0, PLAN: "pro"},
    ]
    assert [group.values["tickets"] for group in groups] == [3.0, 3.0, 7.0, 3.0, 7.0, 1.0]


def test_where_most_are_unknown_the_typical_value_is_unknown():
    half = typical(rows_of((100, 1, "basic", None), (100, 1, "basic", 4.0)))[0]
    most = typical(rows_of((101, 1, "basic", None), (100, 1, "basic", 4.0)))[0]
    assert half.values["tickets"] == 4.0
    assert most.values["tickets"] is None


def test_the_median_of_known_numbers_leaves_the_unknown_out():
    """Waits for a reply: of most subscribers there is none."""
    everyone, *groups = typical(
        rows_of((900, 1, "basic", None), (250, 1, "basic", 6.0), (199, 12, "pro", 9.0))
    )
    assert everyone.values["tickets"] is None
    assert everyone.known["tickets"] == 6.0
    assert [group.known.get("tickets") for group in groups] == [6.0, 6.0]


def test_a_median_of_too_few_known_numbers_is_left_out():
    for known, said in ((199, None), (200, 6.0)):
        groups = typical(rows_of((900, 1, "basic", None), (known, 1, "basic", 6.0)))
        assert [group.known.get("tickets") for group in groups] == [said] * 3


def test_amounts_are_medians_in_the_most_frequent_currency():
    rows = pl.DataFrame(
        [("EUR", 1_000.0, False)] * 150
        + [("EUR", 3_000.0, False)] * 100
        + [("JPY", 9e6, False)] * 249,
        ["payment_currency", "amount_paid_90d", "churned"],
        orient="row",
    )
    assert typical(rows)[0].known == {"amount_paid_90d": 1_000.0}


def test_the_median_of_two_values_lies_between_them():
    assert typical(rows_of((2, 1, "basic", 1.0), (2, 1, "basic", 4.0)))[0].values["tickets"] == 2.5


def test_without_plan_and_interval_all_are_one_group():
    rows = pl.DataFrame({"tickets": [1.0, 2.0, 3.0] * 100, "churned": [False, False, True] * 100})
    groups = typical(rows)
    assert [group.of for group in groups] == [{}]
    assert groups[0].values == {"tickets": 1.5}


def test_without_any_who_stayed_nothing_is_typical():
    rows = rows_of((0, 1, "basic", 1.0), (0, 1, "pro", 2.0))
    (everyone,) = typical(rows)
    assert everyone.of == {}
    assert set(everyone.values.values()) == {None}


def test_texts_come_back_as_they_were_written():
    rows = rows_of((3, 1, "Ñandú <b>|", 1.0))
    assert typical(rows)[0].values[PLAN] == "Ñandú <b>|"
    assert typical(rows)[0].values[INTERVAL] == 1.0
