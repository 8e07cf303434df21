"""Written times: in whatever form, they are the moment that the writer meant, or refused."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perdura.sources.mapping.values.iso import any_iso, common_iso, split_zone
from perdura.sources.mapping.values.times import moments, says_never

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
local = datetime.fromisoformat
seconds = st.datetimes(local("1990-01-02"), local("2070-01-01")).map(
    lambda moment: moment.replace(microsecond=0)
)
offsets = st.integers(-18 * 4, 18 * 4).map(lambda quarters: timedelta(minutes=15 * quarters))


def read(
    values: list,
    *formats: str,
    zone: str = "UTC",
    dtype: pl.DataType | type[pl.DataType] = pl.String,
) -> list[tuple]:
    """Of each value the moment and the rule that it breaks."""
    found = moments(pl.Series(values, dtype=dtype), zone, formats, UNTIL).struct.unnest()
    return found.select("moment", "fault").rows()


def is_read_as(moment: datetime) -> tuple[datetime, None]:
    return moment.replace(tzinfo=UTC), None


class TestIso:
    @given(moment=seconds, data=st.data())
    def test_every_way_of_writing_one_time_reads_alike(self, moment, data):
        week = moment.isocalendar()
        days = [f"{moment:%Y-%m-%d}", f"{moment:%Y%m%d}"]
        of_year = [f"{moment:%Y-%j}", f"{week.year}-W{week.week:02}-{week.weekday}"]
        day = data.draw(st.sampled_from([*days, *of_year]))
        clock = data.draw(
            st.sampled_from([f"{moment:%H:%M:%S}", f"{moment:%H%M%S}", f"{moment:%H:%M:%S.000}"])
        )
        between = data.draw(st.sampled_from(["T", "t"] if day in of_year else ["T", "t", " "]))
        end = data.draw(st.sampled_from(["", "Z", "z", "+00:00", "+0000", "+00", " UTC", " gmt"]))
        assert read([f"{day}{between}{clock}{end}"]) == [is_read_as(moment)]

    @given(moment=seconds, ahead=offsets, colon=st.sampled_from([":", ""]))
    def test_an_offset_is_taken_off(self, moment, ahead, colon):
        written = moment.replace(tzinfo=UTC).astimezone(timezone(ahead))
        assume(written.year >= 1990)
        minutes = round(abs(ahead).total_seconds() / 60)
        sign = "-" if ahead < timedelta(0) else "+"
        offset = f"{sign}{minutes // 60:02}{colon}{minutes % 60:02}"
        texts = [f"{written:%Y-%m-%dT%H:%M:%S}{offset}", f"{written:%Y-%m-%d %H:%M:%S} {offset}"]
        assert read(texts, zone="Europe/Madrid") == [is_read_as(moment)] * 2

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-02-28T24:00:00", "2026-03-01"),
            ("2024-02-29", "2024-02-29"),
            ("2026-01-31T10", "2026-01-31 10:00"),
            ("2026-01-31T1030", "2026-01-31 10:30"),
            ("2026-01-31 10:30:15,250", "2026-01-31 10:30:15.250"),
            ("2026-01-31T10:30:15.123456789Z", "2026-01-31 10:30:15.123456"),
            ("2026-01-31 10:30 Europe/Madrid", "2026-01-31 09:30"),
            ("2026-01-31T10:30:00+01:00[Europe/Madrid]", "2026-01-31 09:30"),
            ("  2026-01-31  ", "2026-01-31"),
            ("2026-01-31T10:30+18:00", "2026-01-30 16:30"),
            ("2026-01-31T10:30-18", "2026-02-01 04:30"),
        ],
    )
    def test_a_form_by_hand(self, text: str, moment: str):
        assert read([text]) == [is_read_as(local(moment))]

    @pytest.mark.parametrize(
        "text",
        [
            "2026-02-30",
            "2023-02-29",
            "2026-13-01",
            "2026-W54-1",
            "2026-01-31T25:00:00",
            "2026-01-31T24:00:01",
            "2026-01-31T10:60",
            "2026-01-31T10:00:00+19:00",  # no clock is so far ahead
            "2026-01-31T10:00+18:15",
            "2026-01-31T10:00:00-18:01",
            "2026-01-31 10:30 Nowhere/Land",
            "31.01.2026",
            "yesterday",
            "1738281600",
        ],
    )
    def test_what_is_no_time(self, text: str):
        assert read([text]) == [(None, "unparseable_time")]

    @given(texts=st.lists(st.text(max_size=20), max_size=4))
    def test_any_text_is_read_or_refused_and_its_neighbours_stay(self, texts):
        found = read(["2026-01-31", *texts, "2026-02-01"])
        assert found[0] == is_read_as(local("2026-01-31"))
        assert found[-1] == is_read_as(local("2026-02-01"))
        assert all((moment is None) or (fault is None) for moment, fault in found)

    @given(moment=seconds, hours=st.integers(0, 23), minutes=st.integers(0, 59))
    def test_the_quick_reader_and_the_patient_one_agree(self, moment, hours, minutes):
        offsets = [f"{sign}{hours:02}{colon}{minutes:02}" for sign in "+-" for colon in (":", "")]
        texts = pl.Series([f"{moment}", *(f"{moment:%Y-%m-%dT%H:%M:%S}{one}" for one in offsets)])
        assert common_iso(texts, "Europe/Madrid").equals(any_iso(texts, "Europe/Madrid"))


def test_a_zone_behind_a_time_is_its_own():
    texts = pl.Series(["10:30 Europe/Madrid", "10:30 utc", "10:30", "10:30 CET", "x [Asia/Tokyo]"])
    rest, zones = split_zone(texts, "America/Lima")
    assert rest.to_list() == ["10:30", "10:30", "10:30", "10:30 CET", "x"]
    assert zones.to_list() == [
        "Europe/Madrid", "UTC", "America/Lima", "America/Lima", "Asia/Tokyo",
    ]  # fmt: skip


class TestPlausible:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("1989-12-31T23:59:59", "implausible_time"),
            ("1990-01-01", None),
            ("2076-02-29", None),  # 50 years of 365.25 days after 2026-03-01
            ("2076-03-02", "implausible_time"),
            ("9999-12-31", "implausible_time"),
            ("0001-01-01", "implausible_time"),
        ],
    )
    def test_a_moment_lies_from_1990_to_50_years_ahead(self, text: str, fault: str | None):
        assert [found for _, found in read([text])] == [fault]

    def test_of_several_forms_the_first_that_gives_a_plausible_time_reads_a_value(self):
        formats = ("epoch_s", "epoch_ms", "%d.%m.%Y")
        values = ["1772323200", "1772323200000", "01.03.2026", "1772323200000000", "x"]
        first = is_read_as(local("2026-03-01"))
        broken = [(None, "implausible_time"), (None, "unparseable_time")]
        assert read(values, *formats) == [first, first, first, *broken]

    def test_a_date_of_two_readings_is_read_by_the_form_told_first(self):
        day_first = read(["02.03.2026"], "%d.%m.%Y", "%m.%d.%Y")
        month_first = read(["02.03.2026"], "%m.%d.%Y", "%d.%m.%Y")
        assert (day_first, month_first) == (
            [is_read_as(local("2026-03-02"))],
            [is_read_as(local("2026-02-03"))],
        )


class TestEpochs:
    @given(
        moment=st.datetimes(local("1990-01-01 00:00:01"), local("2070-01-01")),
        unit=st.sampled_from(
            [("epoch_s", 1), ("epoch_ms", 10**3), ("epoch_us", 10**6), ("epoch_ns", 10**9)]
        ),
        dtype=st.sampled_from([pl.Int64, pl.String]),
    )
    def test_whole_numbers_count_exactly_to_the_microsecond(self, moment, unit, dtype):
        name, many = unit
        micros = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
        count = micros * many // 10**6
        value = str(count) if dtype is pl.String else count
        floor = min(many, 10**6)
        expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
            microseconds=micros // (10**6 // floor) * (10**6 // floor)
        )
        assert read([value], name, dtype=dtype) == [(expected, None)]

    @pytest.mark.parametrize(
        ("value", "moment"),
        [(1772323200.5, "2026-03-01 00:00:00.500"), (1772323200.25, "2026-03-01 00:00:00.250")],
    )
    def test_parts_of_seconds_count(self, value: float, moment: str):
        assert read([value], "epoch_s", dtype=pl.Float64) == [is_read_as(local(moment))]

    @pytest.mark.parametrize("value", [1e30, -1e30, 5.0, -5.0, 1772323200000.0])
    def test_out_of_range_is_implausible_and_no_overflow(self, value: float):
        assert read([value], "epoch_s", dtype=pl.Float64) == [(None, "implausible_time")]

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_what_is_no_number_is_no_time(self, value: float):
        assert read([value], "epoch_s", dtype=pl.Float64) == [(None, "unparseable_time")]


class TestNever:
    @pytest.mark.parametrize("text", ["0", "00", "0.0", "0000-00-00", "0000-00-00 00:00:00", " 0 "])
    def test_zero_is_no_time_and_breaks_no_rule(self, text: str):
        assert read([text, "2026-02-01"]) == [(None, None), is_read_as(local("2026-02-01"))]
        frame = pl.DataFrame({"x": [text]})
        assert frame.select(says_never(pl.col("x"), pl.String())).item() is True

    def test_zero_as_a_number_too_and_null_is_null(self):
        found = read([0, None, 1772323200], "epoch_s", dtype=pl.Int64)
        assert found == [(None, None), (None, None), is_read_as(local("2026-03-01"))]

    @pytest.mark.parametrize("text", ["00:00", "0001-01-01", "-0", "0 days"])
    def test_other_zeros_are_no_never(self, text: str):
        assert (
            pl.DataFrame({"x": [text]}).select(says_never(pl.col("x"), pl.String())).item() is False
        )


class TestPatterns:
    def test_a_number_may_be_a_date_as_it_is_written(self):
        assert read([20260131, 20260230], "%Y%m%d", dtype=pl.Int64) == [
            is_read_as(local("2026-01-31")),
            (None, "unparseable_time"),
        ]
        assert read([20260131.0], "%Y%m%d", dtype=pl.Float64) == [is_read_as(local("2026-01-31"))]

    @pytest.mark.parametrize(
        ("text", "pattern", "moment"),
        [
            ("31.01.2026 10:30", "%d.%m.%Y %H:%M", "2026-01-31 09:30"),
            ("31.01.2026 10:30 UTC", "%d.%m.%Y %H:%M", "2026-01-31 10:30"),
            ("31.01.2026 10:30 Asia/Tokyo", "%d.%m.%Y %H:%M", "2026-01-31 01:30"),
            ("31.01.2026 10:30 UTC", "%d.%m.%Y %H:%M UTC", "2026-01-31 10:30"),
            ("31.01.2026 10:30 UTC", "%d.%m.%Y %H:%M %Z", "2026-01-31 10:30"),
            ("2026-01-31T10:30:00Z", "%Y-%m-%dT%H:%M:%SZ", "2026-01-31 10:30"),
            ("2026-01-31T10:30Z", "%Y-%m-%dT%H:%MZ", "2026-01-31 10:30"),
            ("31.01.2026 10:30 -0500", "%d.%m.%Y %H:%M %z", "2026-01-31 15:30"),
        ],
    )
    def test_a_zone_in_text_or_pattern_goes_before_that_of_the_input(self, text, pattern, moment):
        assert read([text], pattern, zone="Europe/Madrid") == [is_read_as(local(moment))]


def test_dates_and_times_without_a_zone_are_of_the_zone_told():
    days = read([date(2026, 7, 1), None], zone="Europe/Madrid", dtype=pl.Date)
    assert days == [is_read_as(local("2026-06-30 22:00")), (None, None)]
    times = read([local("2026-03-29 02:30")], zone="Europe/Madrid", dtype=pl.Datetime("ms"))
    assert times == [(None, "unparseable_time")]  # clocks skipped it


def test_of_a_time_that_clocks_showed_twice_the_later_and_the_earlier_are_told():
    found = moments(pl.Series(["2026-10-25 02:30"]), "Europe/Madrid", (), UNTIL).struct.unnest()
    later, earlier = found.select("moment", "earlier").row(0)
    assert (later, later - earlier) == (
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        timedelta(hours=1),
    )
