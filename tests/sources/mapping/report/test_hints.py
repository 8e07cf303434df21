"""Hints: why a row broke a rule, and what to write; the words fit the value that stands there."""

import pytest

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.mapping.report.fault import Fault
from perdura.sources.mapping.report.hints import hint
from perdura.sources.mapping.sections import Input
from perdura.sources.reference.mapping_page import RULES


def says(rule: str, value: str | None = None, column: str | None = None, **rest) -> str:
    keys = rest.pop("keys", {})
    source = Input(**({"file": "a.csv"} | keys))
    table = rest.pop("table", PAYMENTS)
    return hint(Fault(rule, table, source, column, value, rest.pop("values", {})))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_hint_with_and_without_an_input(rule: str):
    for fault in (Fault(rule), Fault(rule, TICKETS, Input(file="a.csv"), "hours", "x", {"x": 2})):
        words = hint(fault)
        assert len(words) > 20
        assert "{" not in words.replace("{ ... =", "").replace("{ amount =", "")
        assert not words.endswith(".")


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("1772323200", "time_formats = ['epoch_s']"),
        ("1772323200000", "time_formats = ['epoch_ms']"),
        ("1772323200000000", "time_formats = ['epoch_us']"),
        ("1772323200000000000", "time_formats = ['epoch_ns']"),
        ("46082", "a spreadsheet's number of a day; export dates as 2026-01-31"),
        ("46082,5", "a spreadsheet's number of a day; export dates as 2026-01-31"),
        ("31.01.2026 10:30 CET", "export times in UTC, or with +02:00"),
        ("31.01.2026", "write time_formats, such as ['%d.%m.%Y']"),
        ("31/12/2026 10:30", "write time_formats, such as ['%d/%m/%Y %H:%M']"),
        ("177232320", "write time_formats, such as ['%d.%m.%Y %H:%M']"),  # nine digits
        ("n/a", "write null_words = ['n/a']"),
        (None, "write time_formats, such as ['%d.%m.%Y %H:%M']"),
    ],
)
def test_a_value_that_is_no_time(value: str | None, end: str):
    assert says("unparseable_time", value, "happened_at").endswith(end)


def test_a_time_that_clocks_skipped_is_said_to_be_one():
    madrid = {"timezone": "Europe/Madrid"}
    skipped = says("unparseable_time", "2026-03-29T02:30:00", keys=madrid)
    assert skipped.startswith("clocks in Europe/Madrid were put forward over this time")
    for value in ("2026-03-29T03:30:00", "2026-03-29T02:30:00+01:00", "29.03.2026 02:30"):
        assert "put forward" not in says("unparseable_time", value, keys=madrid)
    assert "put forward" not in says("unparseable_time", "2026-03-29T02:30:00")


def test_where_formats_are_told_a_number_is_not_said_to_be_seconds():
    words = says("unparseable_time", "1772323200", keys={"time_formats": ("%d.%m.%Y",)})
    assert words.startswith("is no time as %d.%m.%Y")


@pytest.mark.parametrize(
    ("value", "counts", "unit"),
    [
        ("1772323200", "seconds", "epoch_s"),
        ("1772323200000", "milliseconds", "epoch_ms"),
        ("1772323200000000", "microseconds", "epoch_us"),
        ("1772323200000000000", "nanoseconds", "epoch_ns"),
        ("631152000", "seconds", "epoch_s"),
    ],
)
def test_an_implausible_number_is_told_the_unit_by_which_it_is_plausible(value, counts, unit):
    words = says("implausible_time", value, keys={"time_formats": ("epoch_ms",)})
    assert f"is if it counts {counts}; write time_formats = ['{unit}']" in words
    assert f"or ['epoch_ms', '{unit}'] if the column mixes them" in words


@pytest.mark.parametrize("value", ["9999-12-31", "631151999", "0", "", None, "nan", "-1772323200"])
def test_what_no_unit_makes_plausible_may_stand_for_never(value: str | None):
    assert says("implausible_time", value).endswith("write it into null_words")


@pytest.mark.parametrize(
    ("value", "column", "keys", "part"),
    [
        ("1.299,99", "amount", {}, "write decimal = ','"),
        ("(49,90)", "amount", {}, "write decimal = ','"),
        ("19.99", "amount", {}, "ROUND(... * 100)"),
        ("$5", "amount", {}, "currency_sign = '...'"),
        ("true", "amount", {}, "CAST(... AS INTEGER)"),
        ("none", "amount", {}, "write null_words = ['none']"),
        ("a lot", "amount", {}, "is no number, or has marks"),
        ("a lot", "x", {"types": {"x": "integer"}}, "is no integer, or has marks"),
        ("19.99", "amount", {"currency_digits": {"ISK": 2}}, "by currency_digits"),
        ("soon", "interval_months", {}, "no period such as 'week'"),
        ("[1]", "subscriber_id", {}, "and no id; map a column with one id a row"),
    ],
)
def test_a_value_of_another_type(value: str, column: str, keys: dict, part: str):
    assert part in says("bad_type", value, column, keys=keys)


def test_words_for_nothing_are_all_named_the_first_of_them_first():
    words = says("null_word", "NULL", "subscriber_id", values={"NULL": 5, "n/a": 2, "ann": 1})
    assert words == (
        "looks like no value; write null_words = ['NULL', 'n/a'], or null_words = [] "
        "if it is a real id"
    )
    slash = says("bad_type", "\\N", "amount")
    assert "null_words = ['\\N']" in slash  # as TOML writes it, without doubling


def test_kinds_and_currencies_are_told_as_they_were_found_and_as_they_should_be():
    kinds = says("unknown_kind", "buy", "kind", table=TICKETS, values={"buy": 1200, "b": 1})
    assert kinds.startswith("found 'buy' (1,200), 'b' (1); kinds of tickets are opened, replied,")
    money = says("bad_currency", "€", "currency", values={"€": 3})
    assert money.startswith("found '€' (3); a currency has three letters, such as EUR")


def test_a_scale_is_that_of_its_column():
    words = says("off_scale", "97", "score", table=TICKETS)
    assert words.startswith("score goes from 1 to 5; ")


def test_an_amount_in_whole_units_is_told_with_its_column():
    words = says("whole_units", "19.99", "mrr", table=SUBSCRIPTIONS)
    assert "types = { ... = 'number' } and mrr = \"ROUND(... * 100)\"" in words


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({}, "some bytes are no UTF-8; "),
        ({"encoding": "cp1250"}, "some bytes are no CP1250; "),
        ({"file": "a.parquet"}, "export the column as text"),
    ],
)
def test_bytes_that_are_no_text(keys: dict, part: str):
    assert part in says("bad_encoding", "caf\ufffd", "topic", keys=keys)


def test_a_rule_of_the_mapping_is_told_as_it_is_written():
    words = says("test_charge", keys={"reject": {"test_charge": "id LIKE 'test%'"}})
    assert words == "a rule of the mapping: reject.test_charge = \"id LIKE 'test%'\""
