"""Of several keys of a subscriber the report says how many rows each of them met."""

from pathlib import Path

import pytest

from tests.support.small_sources import Business

TICKETS = """id,external,mail,day
t1,ann,ann@x.com,2026-01-01
t2,,BOB@x.com,2026-01-02
t3, ,eve@x.com,2026-01-03
t4,,,2026-01-04
t5,cy,,2026-01-05
"""
MAPPING = """
[tickets]
file = "tickets.csv"
subscriber_id = {subscriber_id}
ticket_id = "id"
happened_at = "day"
kind = "'opened'"

[[tickets.join]]
file = "customers.csv"
on = {{ "LOWER(mail)" = "email" }}
take = {{ customer = "id" }}
"""


def notes(tmp_path: Path, subscriber_id: str) -> list[str]:
    business = Business(tmp_path).maps(MAPPING.format(subscriber_id=subscriber_id))
    business.write("tickets.csv", TICKETS)
    business.write("customers.csv", "id,email\nc1,bob@x.com\nc2,ann@x.com\n")
    return [note for note in business.table_report("tickets").notes if "met" in note]


@pytest.mark.parametrize(
    ("subscriber_id", "said"),
    [
        ('"COALESCE(external, customer)"', "2 by external, 1 by customer, 2 by none"),
        ('"COALESCE(customer, external)"', "2 by customer, 1 by external, 2 by none"),
        (
            "\"coalesce( external , CONCAT('a,(', customer), mail )\"",
            "2 by external, 3 by CONCAT('a,(', customer), 0 by mail, 0 by none",
        ),
    ],
)
def test_the_first_key_that_is_there_is_the_one_that_met(
    tmp_path: Path, subscriber_id: str, said: str
):
    assert notes(tmp_path, subscriber_id) == [f"tickets.csv: subscriber_id: rows met {said}"]


@pytest.mark.parametrize(
    "subscriber_id",
    [
        '"external"',
        '"CONCAT(external, mail)"',
        '"CONCAT(COALESCE(external, mail), COALESCE(mail, id))"',
    ],
)
def test_of_one_key_there_is_nothing_to_say(tmp_path: Path, subscriber_id: str):
    assert notes(tmp_path, subscriber_id) == []


def test_two_alternatives_in_one_expression_are_no_list_of_keys(tmp_path: Path):
    sql = '"COALESCE(external, mail) || COALESCE(mail, id)"'
    assert notes(tmp_path, sql) == []
