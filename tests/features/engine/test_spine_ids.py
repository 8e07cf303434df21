"""A spine as it is given: its ids as text, its moments in UTC, or an error that says why not."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from perdura.features.engine.spine_ids import BadSpine, as_spine, pairs_of, say_unknown
from tests.support.tables import events, spine

UNKNOWN = "perdura.features.engine.spine_ids"


@pytest.mark.parametrize(
    ("when", "moment"),
    [
        (date(2024, 2, 29), datetime(2024, 2, 29, tzinfo=UTC)),
        (datetime(2024, 2, 29, 12, 30), datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2024, 2, 29, 12, 30, 0, 1, tzinfo=UTC),
            datetime(2024, 2, 29, 12, 30, 0, 1, tzinfo=UTC),
        ),
    ],
    ids=["a day begins at midnight", "without a zone it is UTC", "to the microsecond"],
)
def test_moments_are_in_utc(when, moment):
    found = pairs_of(as_spine({"subscriber_id": ["ann"], "as_of": [when]}))
    assert found["as_of"].to_list() == [moment]
    assert found.columns == ["subscriber_id", "as_of"]


def test_a_moment_of_another_zone_is_the_same_moment():
    madrid = datetime(2024, 2, 29, 12, 30, tzinfo=timezone(timedelta(hours=1)))
    frame = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [madrid.astimezone(UTC)]})
    frame = frame.with_columns(pl.col("as_of").dt.convert_time_zone("Europe/Madrid"))
    assert pairs_of(as_spine(frame))["as_of"].to_list() == [madrid]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_the_unit_of_time_does_not_matter(unit):
    frame = spine(("ann", "2024-02-29 12:30")).with_columns(pl.col("as_of").dt.cast_time_unit(unit))
    assert pairs_of(frame)["as_of"].to_list() == [datetime(2024, 2, 29, 12, 30, tzinfo=UTC)]
    naive = frame.with_columns(pl.col("as_of").dt.replace_time_zone(None))
    assert pairs_of(naive)["as_of"].to_list() == [datetime(2024, 2, 29, 12, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("table", "found", "advice"),
    [
        ({}, "this one has none", "needs the columns subscriber_id and as_of"),
        ({"subscriber_id": ["ann"]}, "this one has subscriber_id", "needs the columns"),
        ({"as_of": [date(2026, 1, 1)]}, "this one has as_of", "needs the columns"),
        (
            {"subscriber_id": ["ann"] * 3, "as_of": [None, date(2026, 1, 1), None]},
            "as_of is empty in 2 of 3 rows",
            "of the spine",
        ),
        (
            {"subscriber_id": [12], "as_of": [date(2026, 1, 1)]},
            "holds Int64, e.g. 12",
            r"Give them as events have them, e.g. pl.col('subscriber_id').cast(pl.String)",
        ),
        (
            {"subscriber_id": ["ann"], "as_of": [20260101]},
            "as_of of the spine holds Int64, e.g. 20260101",
            "give moments (UTC), e.g. pl.col('as_of').str.to_datetime(time_zone='UTC')",
        ),
    ],
)
def test_a_spine_that_cannot_be_asked_about_says_what_it_has_and_what_to_do(table, found, advice):
    with pytest.raises(BadSpine) as refused:
        as_spine(table)
    assert found in str(refused.value)
    assert advice in str(refused.value)


def test_an_empty_spine_of_any_types_is_a_spine():
    for kinds in ((pl.String, pl.Date), (pl.Int64, pl.String), (pl.Null, pl.Null)):
        frame = pl.DataFrame(schema=dict(zip(("subscriber_id", "as_of"), kinds, strict=True)))
        assert as_spine(frame).height == 0


class TestUnknownIds:
    told = events(
        payments=[{"kind": "paid", "happened_at": "2026-02-01", "subscriber_id": "known"}],
        merges=[
            {
                "kind": "merged",
                "happened_at": "2026-02-01",
                "subscriber_id": "old",
                "merged_into": "new",
            }
        ],
    )

    def warnings(self, caplog, ids, *columns):
        caplog.clear()
        when = [date(2026, 3, 1)] * len(ids)
        say_unknown(self.told, pl.DataFrame({"subscriber_id": ids, "as_of": when}), [*columns])
        return [record.getMessage() for record in caplog.records if record.name == UNKNOWN]

    def test_are_counted_and_not_named(self, caplog):
        ids = ["known", "secret", "secret", "hidden"]
        (said,) = self.warnings(caplog, ids, pl.Series("payments_30d", [1.0, 0.0, 0.0, 0.0]))
        assert said.startswith("some of the 3 ids")
        assert "(2 of 2 looked for)" in said
        assert not {"secret", "hidden"} & {*said.split()}

    def test_all_of_them_are_said_to_be_all(self, caplog):
        (said,) = self.warnings(caplog, ["secret", "hidden"], pl.Series("payments_30d", [0.0, 0.0]))
        assert said.startswith("all of the 2 ids")

    @pytest.mark.parametrize(
        ("ids", "column"),
        [
            (["known"], pl.Series("payments_30d", [0.0])),  # in an event, though none counts
            (["old", "new"], pl.Series("payments_30d", [0.0, 0.0])),  # on either side of a merge
            (["secret"], pl.Series("payments_30d", [2.0])),  # something is measured
            (["secret"], pl.Series("plan", ["pro"])),
            (["secret"], pl.Series("days_since_paid", [3.0])),
            ([], pl.Series("payments_30d", [], pl.Float64)),
        ],
    )
    def test_nothing_is_said_where_an_event_or_a_value_is(self, caplog, ids, column):
        assert self.warnings(caplog, pl.Series(ids, dtype=pl.String), column) == []

    def test_a_null_and_a_zero_are_nothing_measured(self, caplog):
        columns = [
            pl.Series("days_since_paid", [None], pl.Float64),
            pl.Series("plan", [None], pl.String),
            pl.Series("payments_30d", [0.0]),
        ]
        assert len(self.warnings(caplog, ["secret"], *columns)) == 1

    def test_a_thousand_are_looked_for_and_no_more(self, caplog):
        ids = [f"secret{n}" for n in range(1_200)]
        (said,) = self.warnings(caplog, ids, pl.Series("payments_30d", [0.0] * 1_200))
        assert said.startswith("all of the 1,200 ids")
        assert "(1,000 of 1,000 looked for)" in said
