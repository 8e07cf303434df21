"""The reference of the mapping language is written from the declarations, and is current."""

from datetime import UTC, datetime

import pytest

from perdura.sources.events import EVENT_TABLES
from perdura.sources.mapping.checks.merge_rules import OF_MERGES
from perdura.sources.mapping.checks.rules import AS_READ, DUPLICATE, FAULT, NO_LENGTH, RAW, checks
from perdura.sources.reference.mapping_page import MEANINGS, PAGE, RULES, meaning, page

OF_LINES = {DUPLICATE, NO_LENGTH, "cut_off", "broken_line", "bad_encoding"}


def test_the_page_is_current_and_each_recipe_lands_what_it_shows():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"


@pytest.mark.parametrize("table", EVENT_TABLES, ids=lambda table: table.name)
def test_every_column_of_a_table_says_what_it_holds(table):
    assert all(meaning(table, column) for column in table.schema)


def test_no_meaning_is_of_a_column_that_is_gone():
    there = {name for table in EVENT_TABLES for name in table.schema}
    assert {name.rpartition(".")[2] for name in MEANINGS} <= there


def test_every_rule_is_on_the_page():
    named = OF_LINES | {*OF_MERGES}
    for table in EVENT_TABLES:
        columns = [
            f"{prefix}{name}" for name in table.schema for prefix in ("", RAW, FAULT, AS_READ)
        ]
        named |= {
            each.rule for each in checks(table, datetime(2026, 1, 1, tzinfo=UTC), columns, {})
        }
    assert named == set(RULES)
