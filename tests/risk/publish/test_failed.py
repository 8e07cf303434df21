"""A night that fails while it is published leaves nothing of itself in the store or beside it."""

from collections.abc import Iterator
from typing import Any

import pytest

from perdura.risk.publish import publish as publishing
from perdura.risk.table import publish, read
from tests.risk.publish.test_killed import MARCH_1, MARCH_2, assert_sound
from tests.support.risk_publisher import ROWS_AT_A_TIME, night


class Broken(RuntimeError):
    """What goes wrong in the middle."""


@pytest.fixture
def url(store_url: str) -> str:
    for scored_on in (MARCH_1, MARCH_2):
        publish(night("old"), store_url, scored_on=scored_on, model_version="old")
    return store_url


def again(url: str) -> None:
    publish(
        night("new"), url, scored_on=MARCH_2, model_version="new", rows_at_a_time=ROWS_AT_A_TIME
    )


@pytest.mark.parametrize("place", ["insert_rows", "insert_night"])
def test_a_failure_of_the_database_leaves_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch, place: str
):
    before, calls = read(url, scored_on=MARCH_2), []
    real = getattr(publishing.queries, place)

    def broken(*given: Any) -> None:
        calls.append(given)
        real(*given)
        if place == "insert_night" or len(calls) > 2:
            raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(publishing.queries, place, broken)
        with pytest.raises(Broken):
            again(url)
    assert_sound(url)
    assert read(url, scored_on=MARCH_2).equals(before)
    again(url)
    assert set(read(url, scored_on=MARCH_2)["model_version"]) == {"new"}


def test_a_failure_while_rows_are_put_aside_leaves_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    real = publishing._summed

    def broken(*given: Any) -> Iterator[Any]:
        for number, rows in enumerate(real(*given)):
            if number > 2:
                raise Broken
            yield rows

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_summed", broken)
        with pytest.raises(Broken):
            again(url)
    assert_sound(url)


def test_the_tables_of_another_who_publishes_are_left_alone(postgres_url: str):
    from perdura.risk.store import connect as store

    publish(night("old"), postgres_url, scored_on=MARCH_1, model_version="old")
    with store.writing(postgres_url) as other:
        store.take_turn(other)
        other.exec_driver_sql("CREATE TABLE perdura_staged_0 (it TEXT)")
        with pytest.raises(Broken), store.swept_after_failure(postgres_url):
            raise Broken
        assert other.exec_driver_sql("SELECT count(*) FROM perdura_staged_0").scalar() == 0
        other.exec_driver_sql("DROP TABLE perdura_staged_0")
