"""Rows that hold numbers of phrases are read in words, as a loop over them finds the words."""

import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.schema.in_words import ALL_IN_WORDS, in_words
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import RISK
from perdura.risk.store.connect import create_partition, init, reading, writing
from tests.support.bare_rows import NIGHT, bare_row, cleared, empty_store, put_bare

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.none()
EVIDENCE = st.none() | st.fixed_dictionaries(
    {"table": TEXT, "kinds": st.lists(TEXT, max_size=2), "days": st.integers(1, 400)}
)
PHRASE = st.fixed_dictionaries(
    {"signal": TEXT, "column_name": TEXT | st.none(), "text": TEXT, "evidence": EVIDENCE}
)


@pytest.fixture(scope="module")
def store() -> Iterator[sa.Connection]:
    with empty_store() as connection:
        yield connection


def phrase(number: int, scored_on: date = NIGHT, **values: Any) -> dict[str, Any]:
    plain = {"signal": "s", "column_name": None, "text": f"text {number}", "evidence": None}
    return {"scored_on": scored_on, "number": number, **plain, **values}


def say(connection: sa.Connection, *phrases: dict[str, Any]) -> None:
    columns = ("evidence",)
    for one in phrases:  # null is no JSON null here
        values = {k: v for k, v in one.items() if not (k in columns and v is None)}
        connection.execute(sa.insert(PHRASES).values(values))


def reasons_of(connection: sa.Connection) -> list[Any]:
    return list(connection.scalars(sa.select(in_words("reasons")).order_by(RISK.c.subscriber_id)))


def by_hand(coded: list[list[Any]], phrases: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The reasons of one row, one after another."""
    found = []
    for number, weight, value in coded:
        if number not in phrases:
            continue
        said = phrases[number]
        reason = {"signal": said["signal"], "text": said["text"]}
        if said["column_name"] is not None:
            reason |= {"column": said["column_name"], "value": _number(value)}
        if weight is not None:
            reason["weight"] = _number(weight)
        if said["evidence"] is not None:
            reason["evidence"] = said["evidence"]
        found.append(reason)
    return found


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


@given(data=st.data(), phrases=st.lists(PHRASE, min_size=1, max_size=5))
def test_reasons_are_the_phrases_of_their_numbers_in_their_order(store, data, phrases):
    known = dict(enumerate(phrases, 1))
    number = st.sampled_from(sorted(known))
    a_number = NUMBER.map(lambda x: None if x is None else repr(x))
    coded = data.draw(st.lists(st.tuples(number, a_number, a_number).map(list), max_size=4))
    cleared(store)
    put_bare(store, bare_row("ann", reasons=coded))
    say(store, *(phrase(key, **said) for key, said in known.items()))
    (found,) = reasons_of(store)
    assert found == by_hand(coded, known)


@pytest.mark.parametrize(
    "value", ["0.1", "1e-323", "-0.0", "1.7976931348623157e+308", "12345678901234567", "3"]
)
def test_numbers_are_read_to_their_last_digit(store, value):
    cleared(store)
    put_bare(store, bare_row("ann", reasons=[[1, value, value]]))
    say(store, phrase(1, column_name="x"))
    text = store.scalar(sa.select(sa.cast(in_words("reasons"), sa.Text)))
    assert f'"value":{value},"weight":{value}' in text
    (reason,) = json.loads(text)
    assert math.copysign(1, reason["value"]) == math.copysign(1, float(value))


def test_a_row_of_an_older_version_keeps_its_own_words(store):
    older = [{"signal": "x", "text": 'said "so"', "weight": 0.5, "anything": [1, None]}]
    cleared(store)
    put_bare(store, bare_row("ann", reasons=older), bare_row("bob", reasons=[[1, "2.0", None]]))
    say(store, phrase(1))
    assert reasons_of(store) == [older, [{"signal": "s", "text": "text 1", "weight": 2.0}]]


def test_a_row_without_reasons_has_none(store):
    cleared(store)
    put_bare(store, bare_row("ann", reasons=[]))
    assert reasons_of(store) == [[]]


def test_a_night_is_read_with_its_own_phrases(store):
    other = NIGHT + timedelta(days=1)
    cleared(store)
    put_bare(
        store,
        bare_row("ann", reasons=[[1, None, None]], action_phrase=2, moved_by_phrase=3),
        bare_row("ann", other, reasons=[[1, None, None]], action_phrase=2, moved_by_phrase=3),
    )
    say(store, *(phrase(n, day, text=f"{n} of {day}") for n in (1, 2, 3) for day in (NIGHT, other)))
    query = sa.select(
        RISK.c.scored_on, *(in_words(name) for name in ("reasons", "action_text", "moved_by"))
    )
    for day, reasons, action, moved in store.execute(query):
        assert [reason["text"] for reason in reasons] == [f"1 of {day}"]
        assert (action, moved) == (f"2 of {day}", f"3 of {day}")


@pytest.mark.parametrize(
    ("action_phrase", "moved_by_phrase", "expected"),
    [
        (None, None, ("own action", "own move")),
        (1, None, ("text 1", "own move")),
        (None, 1, ("own action", "text 1")),
        (9, 9, ("own action", "own move")),  # a number that the night does not say
    ],
)
def test_actions_and_moves_are_phrases_where_there_are_and_else_the_rows_own_words(
    store, action_phrase, moved_by_phrase, expected
):
    cleared(store)
    row = {"action_text": "own action", "moved_by": "own move"}
    numbers = {"action_phrase": action_phrase, "moved_by_phrase": moved_by_phrase}
    put_bare(store, bare_row("ann", **row, **numbers))
    say(store, phrase(1))
    found = store.execute(sa.select(in_words("action_text"), in_words("moved_by"))).one()
    assert tuple(found) == expected


def test_all_other_columns_are_read_as_they_are():
    names = [declared.name for declared in RISK_COLUMNS]
    assert [one.name for one in ALL_IN_WORDS] == names
    changed = {"reasons", "action_text", "moved_by"}
    for name in names:
        assert (in_words(name) is RISK.c[name]) == (name not in changed)


def test_postgresql_reads_the_same_words(postgres_url):
    phrases = {
        1: {"signal": 'q"uote', "column_name": "x", "text": "añ\n\\", "evidence": {"days": 3}},
        2: {"signal": "s", "column_name": None, "text": "\N{GRINNING FACE}", "evidence": None},
    }
    coded = [[2, "0.1", "7.5"], [1, "1e-300", None], [2, None, None]]
    init(postgres_url)
    with writing(postgres_url) as connection:
        create_partition(connection, NIGHT)
        put_bare(connection, bare_row("ann", reasons=coded), bare_row("bob", reasons=[]))
        say(connection, *(phrase(number, **said) for number, said in phrases.items()))
    with reading(postgres_url) as connection:
        assert reasons_of(connection) == [by_hand(coded, phrases), []]
