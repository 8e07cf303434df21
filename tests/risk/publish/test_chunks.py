"""A night may come in many frames: it is the same night, however it was cut."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.risk.content_hash import Content, hashed
from perdura.risk.publish.ranking import ranks
from perdura.risk.table import BadScores, NoNight, publish, read
from tests.risk.test_table import content, put, score, scores

MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
PEOPLE = scores(*(score(f"s{i:02d}", (i * 7 % 5) / 10, plan=None) for i in range(20)))


def cut(frame: pl.DataFrame, places: list[int]) -> list[pl.DataFrame]:
    edges = [0, *sorted(places), len(frame)]
    return [frame[a:b] for a, b in pairwise(edges)]


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


@settings(max_examples=15)
@given(
    places=st.lists(st.integers(0, 20), max_size=5),
    order=st.permutations(range(20)),
    rows_at_a_time=st.integers(1, 8),
    read_at_a_time=st.integers(1, 8),
)
def test_however_it_is_cut_it_is_the_same_night(
    tmp_path_factory: Any,
    places: list[int],
    order: list[int],
    rows_at_a_time: int,
    read_at_a_time: int,
) -> None:
    whole, parts = (f"sqlite:///{tmp_path_factory.mktemp('cut')}/risk.db" for _ in range(2))
    put(PEOPLE, whole, now=NOW)
    frames = iter(cut(PEOPLE[order], places))
    rows = put(frames, parts, now=NOW, rows_at_a_time=rows_at_a_time, read_at_a_time=read_at_a_time)
    assert rows == 20
    assert content(parts) == content(whole)


@given(st.lists(st.integers(0, 3), min_size=100, max_size=300))
def test_many_equal_risks_are_ranked_in_the_order_of_subscribers(risks: list[int]) -> None:
    riskiest_first = sorted(range(len(risks)), key=lambda at: (-risks[at], at))
    found = ranks(np.array(risks, dtype=np.float64)).tolist()
    assert [found[at] for at in riskiest_first] == list(range(1, len(risks) + 1))


def test_frames_may_be_of_pandas_and_lack_what_is_optional(url: str) -> None:
    put([PEOPLE[:9].to_pandas(), PEOPLE[9:].drop("plan")], url, now=NOW)
    once = content(url)
    put(PEOPLE[:5], url, now=NOW)
    put(PEOPLE, url, now=NOW)
    assert sorted(content(url)) == sorted(once)


def test_a_frame_without_anybody_is_no_night_without_anybody(url: str) -> None:
    assert put([PEOPLE[:0], PEOPLE[:1], PEOPLE[:0]], url) == 1
    with pytest.raises(BadScores, match="no scores"):
        put([PEOPLE[:0]], url)
    with pytest.raises(BadScores, match="no scores"):
        put(iter(()), url)


def test_nobody_may_be_in_two_frames(url: str, tmp_path: Path) -> None:
    again = PEOPLE[3:4].with_columns(risk_voluntary=0.5, risk_payment=0.0, risk=0.5)
    with pytest.raises(BadScores, match=r"2 scores of a .* scored twice") as caught:
        put([PEOPLE[:10], again, PEOPLE[10:]], url)
    assert caught.value.subscriber_id == "s03"
    assert not list(tmp_path.iterdir())


def test_while_frames_are_awaited_others_read_and_publish(url: str) -> None:
    put(PEOPLE[:2], url, MARCH_1)

    def slow() -> Iterator[pl.DataFrame]:
        yield PEOPLE[2:5]
        assert len(read(url)) == 2
        put(PEOPLE, url, MARCH_2)  # waits for nobody
        yield PEOPLE[5:9]

    assert put(slow(), url, MARCH_1) == 7
    assert (len(read(url, scored_on=MARCH_1)), len(read(url, scored_on=MARCH_2))) == (7, 20)


def test_an_error_halfway_publishes_nothing_and_leaves_nothing(url: str, tmp_path: Path) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield PEOPLE[:5]
        raise RuntimeError("the model fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        put(broken(), url)
    with pytest.raises(BadScores, match="outside"):
        put([PEOPLE[:5], PEOPLE[5:].with_columns(risk=pl.lit(2.0))], url)
    with pytest.raises(NoNight):
        read(url)
    assert not list(tmp_path.iterdir())


def test_how_many_have_come_is_told(url: str) -> None:
    told: list[tuple[int, int, str]] = []
    publish(
        cut(PEOPLE, [5, 15]),
        url,
        scored_on=MARCH_1,
        model_version="1",
        progress=lambda *step: told.append(step),
    )
    assert [step[:2] for step in told if step[2] == "checking"] == [
        (0, 0),
        (5, 5),
        (15, 15),
        (20, 20),
    ]


# What tells one content from another.

ROWS = pl.DataFrame({"who": ["a", "b"], "x": [1.0, 2.0], "y": [2.0, 1.0], "z": ["c", None]})


def digest(*parts: pl.DataFrame) -> str:
    found = Content()
    for part in parts:
        found.add(hashed(part))
    return found.digest({})


def test_neither_order_nor_pieces_are_content() -> None:
    assert digest(ROWS) == digest(ROWS.reverse()) == digest(ROWS[1:], ROWS[:1])


@pytest.mark.parametrize(
    "other",
    [
        ROWS.with_columns(x=pl.col("x").reverse()),  # values that change places between rows
        ROWS.with_columns(x="y", y="x"),  # and between columns
        ROWS.with_columns(z=pl.lit("c")),
        ROWS.with_columns(z=pl.col("z").fill_null("")),
        pl.concat([ROWS, ROWS]),
        pl.concat([ROWS] * 3),
        ROWS[:1],
    ],
)
def test_everything_else_is(other: pl.DataFrame) -> None:
    assert digest(other) != digest(ROWS)


def test_another_process_finds_the_same() -> None:
    told = f"import polars as pl; from perdura.risk.content_hash import hashed; print(hashed(pl.DataFrame({ROWS.to_dict(as_series=False)})))"  # noqa: E501
    root = Path(__file__).parents[3]
    found = subprocess.run([sys.executable, "-c", told], cwd=root, capture_output=True, check=True)
    assert found.stdout.decode().strip() == str(hashed(ROWS))
