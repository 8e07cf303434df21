"""Rows numbered, put together and repeated: as a loop over them would."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import MOMENT
from perdura.sources.mapping.checks.rules import AS_READ, FAULT, FAULTS
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.shapes import added_columns, grouped, shaped

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


def source(**keys: object) -> Input:
    return Input.model_validate({"file": "a.csv", **keys})


def made(how: Input, frame: pl.DataFrame, until: datetime = UNTIL) -> pl.DataFrame:
    return shaped(how, frame.lazy(), "here", until).collect()


rows = st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 3)), max_size=8)


@given(rows)
def test_numbers_count_from_1_in_their_order_and_in_the_files_where_that_is_the_same(found):
    how = source(numbered={"by": "id", "order": "n", "previous": ["n"]}, types={"n": "integer"})
    frame = pl.DataFrame(found, schema={"id": pl.String, "n": pl.Int64}, orient="row")
    told = made(how, frame.with_row_index(ROW, offset=1)).sort(ROW)
    for number, (who, value) in enumerate(found):
        own = [(n is None, n or 0, place, n) for place, (one, n) in enumerate(found) if one == who]
        own.sort(key=lambda one: one[:3])
        place = own.index((value is None, value or 0, number, value))
        assert told["nth"][number] == place + 1
        assert told["n_before"][number] == (own[place - 1][3] if place else None)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.none() | st.integers(-5, 5), st.booleans()), max_size=8
    )
)
def test_the_first_row_of_a_thing_has_the_sum_of_all_unless_one_could_not_be_read(found):
    how = source(group_by={"by": "id", "sum": ["n"]}, types={"n": "integer"})
    frame = pl.DataFrame(
        [(who, None if bad else n, bad) for who, n, bad in found],
        schema={"id": pl.String, "n": pl.Int64, "bad": pl.Boolean},
        orient="row",
    ).with_columns(
        pl.when("bad").then(pl.lit("bad_type", FAULTS)).alias(FAULT + "n"),
        pl.when("bad").then(pl.lit("x")).alias(AS_READ + "n"),
    )
    told = grouped(how, frame.with_row_index(ROW, offset=1).lazy(), "here").collect()
    first: dict[str, int] = {}
    for number, (who, *_) in enumerate(found, start=1):
        first.setdefault(who, number)
    assert dict(told.select("id", ROW).rows()) == first
    for who, total, fault in told.select("id", "n", FAULT + "n").rows():
        values = [(n, bad) for one, n, bad in found if one == who]
        known = [n for n, bad in values if n is not None and not bad]
        broken = any(bad for _, bad in values)
        assert fault == ("bad_type" if broken else None)
        assert total == (sum(known) if known and not broken else None)


starts = st.datetimes(
    datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2026-07-01")
).map(lambda one: one.replace(tzinfo=UTC, microsecond=0))


def repeated(how: Input, start: datetime | None, end: datetime | None, until: datetime = UNTIL):
    frame = pl.DataFrame(
        {ROW: [1], "a": [start], "b": [end]}, schema={ROW: pl.UInt32, "a": MOMENT, "b": MOMENT}
    )
    return made(how, frame, until)["series_at"].to_list()


@given(start=starts, length=st.none() | st.integers(-5, 400), days=st.integers(1, 40))
def test_a_series_goes_on_every_few_days_until_before_its_end(start, length, days):
    how = source(series={"from": "a", "until": "b", "days": days}, types={"a": "time", "b": "time"})
    end = None if length is None else start + timedelta(days=length)
    stop = min(end or UNTIL, UNTIL)
    expected = [start]
    while (later := expected[-1] + timedelta(days=days)) < stop:
        expected.append(later)
    over = end is not None and end <= start
    assert repeated(how, start, end) == ([None] if over else expected)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-01-31", 1, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2025-11-30", 3, ["2025-11-30", "2026-02-28", "2026-05-30"]),
        ("2024-02-29", 12, ["2024-02-29", "2025-02-28", "2026-02-28"]),
        ("2026-05-31", 1, ["2026-05-31"]),
        ("2026-08-01", 1, ["2026-08-01"]),  # to come: one of it shows that it does
    ],
)
def test_months_go_by_the_day_that_the_first_was_on(start: str, months: int, expected: list[str]):
    how = source(series={"from": "a", "months": months}, types={"a": "time"})
    found = repeated(how, datetime.fromisoformat(start).replace(tzinfo=UTC), None)
    assert [f"{one:%Y-%m-%d}" for one in found] == expected


def test_months_are_counted_where_the_times_were_written_down():
    how = source(series={"from": "a", "months": 1}, types={"a": "time"}, timezone="Europe/Madrid")
    first = datetime(2026, 2, 28, 23, tzinfo=UTC)  # the first of March there
    found = repeated(how, first, None)
    assert {one.astimezone(ZoneInfo("Europe/Madrid")).day for one in found} == {1}
    assert len(found) == 4


def test_without_a_start_the_row_stays_and_is_refused_later():
    how = source(series={"from": "a", "months": 1}, types={"a": "time"})
    assert repeated(how, None, None) == [None]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"numbered": {"by": "x", "order": "n"}},
            "numbered: no column 'x'; there is row_number, a",
        ),
        ({"numbered": {"by": "a", "order": "b"}}, "numbered, order: 'b' needs a type that has an"),
        ({"numbered": {"by": "a", "order": "n", "as": "a"}}, "there is a column 'a' already"),
        ({"numbered": {"by": "a", "order": "n", "previous": ["q"]}}, "no column 'q'"),
        ({"series": {"from": "a", "days": 1}}, "series: 'a' needs a type that has an order"),
        ({"series": {"from": "n", "days": 1}}, "series: 'n' needs a type"),
    ],
)
def test_what_cannot_be_shaped_is_told(keys: dict, says: str):
    how = source(types={"n": "integer"}, **keys)
    frame = pl.DataFrame({ROW: [1], "a": ["x"], "b": ["y"], "n": [1]})
    with pytest.raises(BadMapping) as error:
        made(how, frame)
    assert str(error.value).startswith("here")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("group_by", "says"),
    [
        ({"by": "x"}, "here: group_by: no column 'x'; there is row_number, a, n"),
        ({"by": "a", "sum": ["a"]}, "here: group_by: 'a' is added up and needs a type; add types"),
    ],
)
def test_what_cannot_be_added_up_is_told(group_by: dict, says: str):
    frame = pl.LazyFrame({ROW: [1], "a": ["x"], "n": [1]})
    with pytest.raises(BadMapping) as error:
        grouped(source(group_by=group_by, types={"n": "integer"}), frame, "here")
    assert says in str(error.value)


def test_the_columns_that_shaping_adds():
    how = source(
        numbered={"by": "a", "order": "n", "previous": ["p", "q"]}, series={"from": "t", "days": 1}
    )
    assert added_columns(how) == ["nth", "p_before", "q_before", "series_at"]
    assert added_columns(source()) == []
