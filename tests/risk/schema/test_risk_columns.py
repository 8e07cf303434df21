"""The declarations of columns agree with themselves: types, rules, keys and examples."""

from datetime import date, datetime
from typing import get_origin

import pytest

from perdura.risk.schema.declare import python_type
from perdura.risk.schema.in_words import in_words
from perdura.risk.schema.risk_columns import RISK_COLUMNS, RiskColumn
from perdura.risk.schema.tables import ADVICE, BANDS, NIGHTS, RISK, SCORED_STATES

NAMES = [column.name for column in RISK_COLUMNS]
BY_NAME = {column.name: column for column in RISK_COLUMNS}


def test_no_column_is_declared_twice():
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("declared", RISK_COLUMNS, ids=NAMES)
def test_an_example_is_a_value_of_the_column(declared: RiskColumn):
    kind = python_type(declared.column())
    kind = get_origin(kind) or kind
    value = declared.example
    if kind is date:
        value = date.fromisoformat(value)
    elif kind is datetime:
        value = datetime.fromisoformat(value)
        assert value.utcoffset() is not None
    assert isinstance(value, kind)
    assert isinstance(value, bool) == (kind is bool)


@pytest.mark.parametrize("declared", RISK_COLUMNS, ids=NAMES)
def test_an_example_keeps_the_rule_of_the_column(declared: RiskColumn):
    if declared.rule == "probability":
        assert 0 <= declared.example <= 1
    if declared.rule == "amount":
        assert declared.example >= 0
    if declared.rule:
        assert python_type(declared.column()) in (int, float)
        assert declared.given  # what publishing adds keeps its rules by itself
    if declared.cut:
        assert python_type(declared.column()) is str


def test_the_example_is_one_subscriber_who_can_be():
    row = {name: column.example for name, column in BY_NAME.items()}
    assert row["risk"] == pytest.approx(row["risk_voluntary"] + row["risk_payment"])
    assert (row["band"] in BANDS, row["state"] in SCORED_STATES) == (True, True)
    assert row["advice"] in ADVICE
    assert row["survival_3m"] >= row["survival_6m"] >= row["survival_12m"]
    assert row["cltv_low"] <= row["cltv"] <= row["cltv_high"]
    assert row["moved_by"] in [reason["text"] for reason in row["reasons"]]
    assert row["band_before"] != row["band"]
    assert row["valid_until"] > row["scored_on"]


def test_the_key_is_the_night_and_the_subscriber():
    keys = [name for name in NAMES if BY_NAME[name].key]
    assert keys == ["scored_on", "subscriber_id"]
    assert [column.name for column in RISK.primary_key] == keys


def test_what_scores_have_to_hold_is_never_unknown_but_money():
    required = [name for name in NAMES if BY_NAME[name].given == "required"]
    unknown = [name for name in required if BY_NAME[name].nullable]
    assert unknown == ["mrr", "currency"]
    optional = [name for name in NAMES if BY_NAME[name].given == "optional"]
    assert [name for name in optional if not BY_NAME[name].nullable] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_a_new_one_each_time(name: str):
    first, second = BY_NAME[name].column(), BY_NAME[name].column()
    assert first is not second
    assert (first.name, first.nullable) == (name, BY_NAME[name].nullable)
    assert first.comment == second.comment == BY_NAME[name].meaning


def test_a_column_that_the_night_shares_has_its_type():
    for name in ("scored_on", "model_version", "horizon_days", "trial", "valid_until", "degraded"):
        assert type(RISK.c[name].type) is type(NIGHTS.c[name].type), name
        assert RISK.c[name].nullable == NIGHTS.c[name].nullable, name


def test_words_have_the_type_of_the_column_that_they_stand_for():
    for name in ("reasons", "action_text", "moved_by"):
        assert python_type(RISK.c[name]) == python_type(in_words(name))
