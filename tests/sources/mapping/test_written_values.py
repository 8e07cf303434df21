"""Values as people's exports have them: each is read rightly, or its row is a counted reject."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import UNTIL, Business, at

PAYMENTS = """
[payments]
file = "p.csv"
subscriber_id = "who"
payment_id = "no"
happened_at = "day"
kind = "'paid'"
"""


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path)


def landed(business: Business, column: str, values: list[str], options: str) -> dict[str, object]:
    """What each value of ``x`` lands as; values whose rows were rejected are not there."""
    rows = "".join(f'u,2026-02-01,{n},"{value}"\n' for n, value in enumerate(values))
    business.write("p.csv", "who,day,no,x\n" + rows)
    business.maps(PAYMENTS + options).extract()
    found = {str(no): value for no, value in business.events("payments", ["payment_id", column])}
    return {value: found[str(n)] for n, value in enumerate(values) if str(n) in found}


class TestNumbers:
    CENTS = 'types = { x = "number" }\namount = "ROUND(x * 100)"\n'

    @pytest.mark.parametrize(
        ("options", "read"),
        [
            (
                'decimal = ","',
                {"1.299,99": 129999, "1.299": 129900, "49,90": 4990, "49": 4900, ",5": 50},
            ),
            ('decimal = ","', {"1 299,99": 129999, "1'299,99": 129999, "1\u202f299,99": 129999}),
            ('decimal = "."', {"1,299.99": 129999, "1,299": 129900, "12,34,567.89": 123456789}),
            ('thousands = "."', {"1.299,99": 129999, "1.299": 129900}),
            ('thousands = "\'"', {"1'299.50": 129950, "1\u2019299.50": 129950}),
            ('thousands = " "\ndecimal = ","', {"1\u00a0299,99": 129999, "12 345": 1234500}),
            ('decimal = ","\ncurrency_sign = "€"', {"€ 1.299,99": 129999, "49,90 €": 4990}),
        ],
    )
    def test_are_read_by_the_declared_marks(
        self, business: Business, options: str, read: dict[str, int]
    ):
        assert landed(business, "amount", list(read), self.CENTS + options) == read

    def test_keep_the_sign_wherever_it_stands(self, business: Business):
        options = 'types = { x = "number" }\namount = "ROUND(-x * 100)"\ndecimal = ","'
        values = ["-1,50", "1,50-", "(1,50)", "\u22121,50"]
        assert landed(business, "amount", values, options) == dict.fromkeys(values, 150)

    @pytest.mark.parametrize(
        ("options", "values"),
        [
            (
                'decimal = ","',
                ["1.29", "1.2999", "12.34.567", "1,299.99", "1.299 999", "5,-", "n/a"],
            ),
            ('decimal = "."', ["1.299,99", "1,29", "1,2999", "1,,299", "1e3", "$5", "5%"]),
            ('thousands = " "', ["1,299.99", "1 29"]),
            ('decimal = ","\ncurrency_sign = "€"', ["$5", "5 £", "€5€€"]),
            ("", ["1,299.99", "1 299", "1'299", "$5", "1_000", "0x10", "five", "nan", "inf"]),
        ],
    )
    def test_that_do_not_keep_to_the_marks_are_rejected(
        self, business: Business, options: str, values: list[str]
    ):
        assert landed(business, "amount", ["7", *values], self.CENTS + options) == {"7": 700}
        assert business.table_report("payments").rejected == {"bad_type": len(values)}

    def test_that_may_be_two_are_rejected_where_others_have_a_comma(self, business: Business):
        values = ["1.299", "49,90", "7", "3.5"]
        assert landed(business, "amount", values, self.CENTS) == {"7": 700, "3.5": 350}
        report = business.table_report("payments")
        assert report.rejected == {"ambiguous_number": 1, "bad_type": 1}

    def test_that_all_have_three_decimals_are_noted(self, business: Business):
        assert landed(business, "amount", ["1.299", "7"], self.CENTS) == {"1.299": 130, "7": 700}
        assert "three digits after it" in business.table_report("payments").notes[0]

    @pytest.mark.parametrize(
        "sql",
        [
            "ROUND(CAST(REPLACE(REPLACE(x, '.', ''), ',', '.') AS DOUBLE) * 100)",
            "ROUND(REPLACE(REPLACE(x, '.', ''), ',', '.')::DOUBLE * 100)",
            "ROUND(TRY_CAST(REPLACE(REPLACE(x, '.', ''), ',', '.') AS DOUBLE) * 100)",
            "CAST(ROUND(CAST(REPLACE(x, ',', '.') AS DOUBLE) * 100) AS BIGINT)",
        ],
    )
    def test_a_cast_that_fails_costs_its_row(self, business: Business, sql: str):
        values = ["49,90", "n/a", "", "5"]
        assert landed(business, "amount", values, f'amount = "{sql}"') == {
            "49,90": 4990,
            "": None,
            "5": 500,
        }
        assert business.table_report("payments").rejected == {"bad_type": 1}

    @pytest.mark.parametrize(
        ("sql", "read"),
        [
            # A branch that is not taken, and what the mapping says instead, cost nobody.
            ("CASE WHEN x = 'free' THEN 0 ELSE CAST(x AS BIGINT) END", {"5": 5, "free": 0}),
            ("COALESCE(TRY_CAST(x AS BIGINT), 0)", {"5": 5, "free": 0}),
            # The outcome of a comparison hangs on it as well.
            ("CASE WHEN CAST(x AS BIGINT) > 3 THEN 1 ELSE 2 END", {"5": 1}),
        ],
    )
    def test_a_cast_counts_where_the_outcome_hangs_on_it(
        self, business: Business, sql: str, read: dict[str, int]
    ):
        assert landed(business, "amount", ["5", "free"], f'amount = "{sql}"') == read

    def test_a_condition_that_hangs_on_a_failed_cast_leaves_no_row_out_silently(
        self, business: Business
    ):
        options = 'where = "CAST(x AS BIGINT) > 3"\namount = 1'
        assert landed(business, "amount", ["5", "1", "five"], options) == {"5": 1}
        report = business.table_report("payments")
        assert (report.skipped, report.rejected) == (1, {"bad_type": 1})

    def test_a_whole_amount_with_cents_written_out_is_no_amount_in_cents(self, business: Business):
        values = ["1200", "1200.0", "12.00", "12.50"]
        assert landed(business, "amount", values, 'amount = "x"') == {"1200": 1200, "1200.0": 1200}
        [note] = business.table_report("payments").notes
        assert "1 of 4 values of x has decimals" in note
        assert "ROUND(x * 100)" in note

    def test_where_most_amounts_have_decimals_the_whole_ones_are_no_cents(self, business: Business):
        assert landed(business, "amount", ["19.99", "20", "5.50"], 'amount = "x"') == {}
        report = business.table_report("payments")
        assert report.rejected == {"whole_units": 3}
        assert "ROUND" in report.examples[0].hint
        declared = 'types = { x = "number" }\namount = "ROUND(x * 100)"'
        read = landed(business, "amount", ["19.99", "20", "5.50"], declared)
        assert read == {"19.99": 1999, "20": 2000, "5.50": 550}

    def test_the_same_mark_for_both_is_refused(self, business: Business):
        with pytest.raises(BadMapping, match="decimal and thousands are both ','"):
            landed(business, "amount", ["1"], 'decimal = ","\nthousands = ","')


class TestIds:
    def test_that_became_floats_are_the_ids_they_were(self, business: Business):
        rows = ["17850", "17850.0", "00123.00", "v1.0", "1e5"]
        text = "".join(f"{who},2026-02-0{n},{n}\n" for n, who in enumerate(rows, start=1))
        business.write("p.csv", "who,day,no\n" + text)
        report = business.maps(PAYMENTS).table_report("payments")
        ids = [who for (who,) in business.events("payments", ["subscriber_id"])]
        assert ids == ["00123", "17850", "17850", "1e5", "v1.0"]
        assert "p.csv: 2 ids in who are whole numbers with .0" in report.notes[0]

    def test_that_are_made_of_floats_are_noted(self, business: Business):
        business.write("p.csv", "who,day,no\n17850.0,2026-02-01,a\nada,2026-02-01,v1.0\n")
        mapping = PAYMENTS.replace('"no"', "\"CONCAT(who, '/', no)\"")
        notes = business.maps(mapping).table_report("payments").notes
        assert any("1 id in payment_id holds a whole number with .0" in note for note in notes)
        typed = mapping + 'types = { who = "integer" }'
        business.write("p.csv", "who,day,no\n17850.0,2026-02-01,a\n")
        (business.landing.folder / "payments/2026-03-01.parquet").unlink()
        business.maps(typed).extract()
        assert business.events("payments", ["payment_id"]) == [("17850/a",)]

    @pytest.mark.parametrize(
        "who", ["9007199254740993.0", "1.785e+04", "1.23457E+11", "1E+05", "1e+16", "1.2E11"]
    )
    def test_whose_digits_may_be_lost_are_refused(self, business: Business, who: str):
        business.write("p.csv", f"who,day,no\n{who},2026-02-01,1\nada,2026-02-01,2\n")
        report = business.maps(PAYMENTS).table_report("payments")
        assert (report.landed, report.rejected) == (1, {"imprecise_id": 1})

    def test_of_float_columns_lose_their_point_too(self, business: Business):
        who = [17850.0, 2.0**53 - 1, 2.0**53, None, float("nan")]
        frame = pl.DataFrame({"who": who, "day": "2026-02-01", "no": [1.0, 2.0, 3.0, 4.0, 5.0]})
        business.write("p.parquet", frame)
        report = business.maps(PAYMENTS.replace(".csv", ".parquet")).table_report("payments")
        assert business.events("payments", ["subscriber_id", "payment_id"]) == [
            ("17850", "1"),
            ("9007199254740991", "2"),
        ]
        assert report.rejected == {"imprecise_id": 1, "no_subscriber": 2}

    def test_of_small_floats_and_decimals(self, business: Business):
        frame = pl.DataFrame({"who": [5.0, 2.0**25], "day": "2026-02-01", "no": ["7.00", "8.00"]})
        business.write("p.parquet", frame.cast({"who": pl.Float32, "no": pl.Decimal(12, 2)}))
        report = business.maps(PAYMENTS.replace(".csv", ".parquet")).table_report("payments")
        assert business.events("payments", ["subscriber_id", "payment_id"]) == [("5", "7")]
        assert report.rejected == {"imprecise_id": 1}

    def test_of_json_lines_are_one_whether_whole_or_not(self, business: Business):
        row = '{"who":%s,"day":"2026-02-01","no":%s}\n'
        business.write("p.jsonl", row % ("17850", "1") + row % ("17850.0", "2"))
        business.maps(PAYMENTS.replace(".csv", ".jsonl")).extract()
        assert {who for (who,) in business.events("payments", ["subscriber_id"])} == {"17850"}

    def test_are_normalised_as_declared(self, business: Business):
        business.write("p.csv", "who,day,no\n Ada@X.com ,2026-02-01,1\nada@x.com,2026-02-02,2\n")
        options = 'normalise = { subscriber_id = ["trim", "lower"] }'
        business.maps(PAYMENTS + options).extract()
        assert {who for (who,) in business.events("payments", ["subscriber_id"])} == {"ada@x.com"}
        with pytest.raises(BadMapping, match="no column 'subscriber'; did you mean subscriber_id"):
            business.maps(PAYMENTS + 'normalise = { subscriber = ["trim"] }').extract()


class TestCurrencies:
    def test_are_three_capital_letters_or_rejected(self, business: Business):
        values = ["usd", "USD", " Usd ", "jpy", "€", "US$", "Euro", "840", "us", ""]
        assert landed(business, "currency", values, 'currency = "x"') == {
            "usd": "USD",
            "USD": "USD",
            " Usd ": "USD",
            "jpy": "JPY",
            "": None,
        }
        assert business.table_report("payments").rejected == {"bad_currency": 5}

    def test_digits_of_a_vendor_become_those_of_iso(self, business: Business):
        rows = ["ISK,200000", "isk,12345", "UGX,500", "JPY,1500", "KWD,1250", "USD,999"]
        text = "".join(f"u,2026-02-01,{n},{row}\n" for n, row in enumerate(rows))
        business.write("p.csv", "who,day,no,cur,x\n" + text)
        options = (
            'currency = "cur"\namount = "x"\ncurrency_digits = { isk = 2, UGX = 2, KWD = 2 }\n'
        )
        report = business.maps(PAYMENTS + options).table_report("payments")
        found = {str(cur): x for cur, x in business.events("payments", ["currency", "amount"])}
        # 2 digits of Iceland's krona at the vendor, none by ISO: 12345 is no whole amount.
        assert found == {"ISK": 2000, "UGX": 5, "JPY": 1500, "KWD": 12500, "USD": 999}
        assert report.rejected == {"bad_type": 1}


class TestNullWords:
    WORDS = ("NULL", "\\N", "nan", "None", "n/a")

    def test_declared_are_no_values(self, business: Business):
        rows = "".join(f"{word},2026-02-01,{n},{word}\n" for n, word in enumerate(self.WORDS))
        business.write("p.csv", "who,day,no,method\nada,2026-02-01,9,NULL\n" + rows)
        options = f'null_words = {json.dumps(self.WORDS)}\nmethod = "method"'
        report = business.maps(PAYMENTS + options).table_report("payments")
        assert business.events("payments", ["subscriber_id", "method"]) == [("ada", None)]
        assert report.rejected == {"no_subscriber": 5}

    def test_not_declared_are_no_ids_and_are_offered(self, business: Business):
        rows = "".join(f"{word},2026-02-01,{n},x\n" for n, word in enumerate(self.WORDS))
        business.write("p.csv", "who,day,no,method\nada,2026-02-01,9,\\N\n" + rows)
        report = business.maps(PAYMENTS + 'method = "method"').table_report("payments")
        assert business.events("payments", ["subscriber_id", "method"]) == [("ada", "\\N")]
        assert report.rejected == {"null_word": 5}
        [note] = report.notes
        assert "1 value of method looks like no value: '\\N'" in note
        assert "null_words = ['\\N']" in note

    def test_an_empty_list_says_that_they_are_names(self, business: Business):
        business.write("p.csv", "who,day,no\nNone,2026-02-01,1\n")
        assert business.maps(PAYMENTS + "null_words = []").table_report("payments").landed == 1

    def test_hold_for_joined_files_too(self, business: Business):
        business.write("p.csv", "who,day,no\nada,2026-02-01,1\n")
        business.write("q.csv", "who,how\nada,NULL\n")
        join = '\n[[payments.join]]\nfile = "q.csv"\non = "who"\ntake = { how = "how" }\n'
        mapping = PAYMENTS + 'method = "how"' + join + 'null_words = ["NULL"]'
        business.maps(mapping).extract()
        assert business.events("payments", ["method"]) == [(None,)]


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            "2026-02-01T10:30Z",
            "2026-02-01t10:30:00z",
            "2026-02-01 11:30+01",
            "2026-02-01T11:30:00+0100",
            "2026-02-01 16:00:00 +05:30",
            "2026-02-01 10:30:00 UTC",
            "2026-02-01 10:30:00.000000 UTC",
            "2026-02-01 10:30 GMT",
            "2026-02-01 11:30 Europe/Madrid",
            "2026-02-01T11:30:00+01:00[Europe/Madrid]",
            "20260201T103000Z",
            "2026-02-01T10:30:00,000Z",
            "2026-W05-7T10:30Z",
            "2026-032T10:30Z",
        ],
    )
    def test_of_iso_8601_are_read_in_all_its_forms(self, business: Business, written: str):
        business.write("p.csv", f'who,day,no\nada,"{written}",1\n')
        business.maps(PAYMENTS + 'timezone = "Asia/Tokyo"').extract()
        assert business.events("payments", ["happened_at"]) == [(at(1, 10, 30),)]

    @pytest.mark.parametrize(
        "written", ["2026-02", "2026-02-30", "2026-02-01 10:30 PST", "2026-02-01T25:00", "45689"]
    )
    def test_that_are_none_are_rejected(self, business: Business, written: str):
        business.write("p.csv", f"who,day,no\nada,{written},1\n")
        assert business.maps(PAYMENTS).table_report("payments").rejected == {"unparseable_time": 1}

    @pytest.mark.parametrize("dtype", [pl.String, pl.Int64, pl.Float64])
    def test_of_several_formats_take_the_first_that_is_plausible(
        self, business: Business, dtype: type[pl.DataType]
    ):
        days = pl.Series([1767607200 * 10**power for power in (0, 3, 6)] + [0, 12]).cast(dtype)
        days = days.str.replace(".0", "", literal=True) if dtype == pl.String else days
        business.write("p.parquet", pl.DataFrame({"who": "u", "day": days, "no": list("abcde")}))
        mapping = PAYMENTS.replace(".csv", ".parquet")
        formats = 'time_formats = ["epoch_s", "epoch_ms", "epoch_us"]'
        report = business.maps(mapping + formats).table_report("payments")
        moment = datetime(2026, 1, 5, 10, tzinfo=UTC)
        assert business.events("payments", ["happened_at"]) == [(moment,)] * 3
        assert report.rejected == {"implausible_time": 1, "no_time": 1}

    @pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.String])
    def test_that_are_numbers_are_read_by_a_stated_format(
        self, business: Business, dtype: type[pl.DataType]
    ):
        day = pl.Series([20260201, 20261301]).cast(dtype)
        business.write("p.parquet", pl.DataFrame({"who": "u", "day": day, "no": ["1", "2"]}))
        mapping = PAYMENTS.replace(".csv", ".parquet") + 'time_formats = ["%Y%m%d"]'
        report = business.maps(mapping).table_report("payments")
        assert business.events("payments", ["happened_at"]) == [(at(1),)]
        assert report.rejected == {"unparseable_time": 1}

    def test_of_iso_and_seconds_in_one_column(self, business: Business):
        business.write("p.csv", "who,day,no\nada,1767607200,1\nbob,2026-01-05T10:00Z,2\n")
        business.maps(PAYMENTS + 'time_formats = ["epoch_s", "iso"]').extract()
        moment = datetime(2026, 1, 5, 10, tzinfo=UTC)
        assert business.events("payments", ["happened_at"]) == [(moment,), (moment,)]

    def test_of_the_wrong_unit_are_implausible(self, business: Business):
        business.write("p.csv", "who,day,no\nada,1767607200,1\nbob,1767607200000000000,2\n")
        report = business.maps(PAYMENTS + 'time_formats = ["epoch_ms"]').table_report("payments")
        assert (report.landed, report.not_yet_known) == (0, 0)
        assert report.rejected == {"implausible_time": 2}

    def test_of_zero_are_no_time(self, business: Business):
        business.write("p.csv", "who,no,day,end\nada,1,1767607200,0\nbob,2,1767607200,1769904000\n")
        mapping = PAYMENTS.replace('happened_at = "day"\nkind = "\'paid\'"\n', "")
        mapping += 'time_formats = ["epoch_s"]\n[[payments.event]]\nkind = "\'paid\'"\n'
        mapping += 'happened_at = "day"\n[[payments.event]]\nkind = "\'refunded\'"\n'
        report = business.maps(mapping + 'happened_at = "end"').table_report("payments")
        assert business.events("payments", ["subscriber_id", "kind"]) == [
            ("ada", "paid"),
            ("bob", "paid"),
            ("bob", "refunded"),
        ]
        assert report.rejected == {}

    def test_known_at_zero_is_not_told(self, business: Business):
        business.write("p.csv", "who,no,day,seen\nada,1,2026-02-01,0000-00-00 00:00:00\n")
        business.maps(PAYMENTS + 'known_at = "seen"\nknown_after = "1d"').extract()
        assert business.events("payments", ["known_at"]) == [(at(2),)]

    @pytest.mark.parametrize(
        ("zone", "day", "moment"),
        [
            ("America/Santiago", "2025-09-07", datetime(2025, 9, 7, 4, tzinfo=UTC)),
            ("America/Santiago", "2025-09-07 00:00:00", datetime(2025, 9, 7, 4, tzinfo=UTC)),
            ("Africa/Cairo", "2025-04-25", datetime(2025, 4, 24, 22, tzinfo=UTC)),
            ("Asia/Beirut", "2025-03-30", datetime(2025, 3, 29, 22, tzinfo=UTC)),
            ("America/Asuncion", "2023-10-01", datetime(2023, 10, 1, 4, tzinfo=UTC)),
            ("Pacific/Apia", "2011-12-30", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ],
    )
    def test_a_day_without_midnight_begins_with_its_first_instant(
        self, business: Business, zone: str, day: str, moment: datetime
    ):
        frame = pl.DataFrame({"who": ["ada"], "day": [day], "no": ["1"]})
        mapping = PAYMENTS.replace(".csv", ".parquet") + f'timezone = "{zone}"'
        for told in (frame, frame.with_columns(pl.col("day").str.slice(0, 10).str.to_date())):
            business.write("p.parquet", told)
            business.maps(mapping).extract()
            assert business.events("payments", ["happened_at"]) == [(moment,)]

    def test_an_hour_that_clocks_skip_is_no_time(self, business: Business):
        business.write("p.csv", "who,day,no\nada,2025-03-30 02:30,1\n")
        report = business.maps(PAYMENTS + 'timezone = "Europe/Madrid"').table_report("payments")
        assert report.rejected == {"unparseable_time": 1}

    @pytest.mark.parametrize(
        ("pattern", "written"),
        [
            ("%d.%m.%Y %H:%M", "01.02.2026 10:30 UTC"),
            ("%d.%m.%Y %H:%M UTC", "01.02.2026 10:30 UTC"),
            ("%d.%m.%Y %H:%M %Z", "01.02.2026 10:30 UTC"),
            ("%d.%m.%Y %H:%M", "01.02.2026 05:30 America/Lima"),
            ("%d.%m.%Y %H:%M", "01.02.2026 11:30"),
        ],
    )
    def test_of_a_stated_format_may_name_their_zone(
        self, business: Business, pattern: str, written: str
    ):
        business.write("p.csv", f"who,day,no\nada,{written},1\n")
        options = f'timezone = "Europe/Madrid"\ntime_formats = ["{pattern}"]'
        business.maps(PAYMENTS + options).extract()
        assert business.events("payments", ["happened_at"]) == [(at(1, 10, 30),)]

    def test_far_ahead_are_implausible_and_near_ahead_are_for_later(self, business: Business):
        rows = ["2026-04-01", "2070-01-01", "9999-12-31", "1900-01-01", "1970-01-01"]
        text = "".join(f"ada,{day},{n}\n" for n, day in enumerate(rows))
        business.write("p.csv", "who,day,no\n" + text)
        report = business.maps(PAYMENTS).table_report("payments", UNTIL)
        assert (report.not_yet_known, report.rejected) == (2, {"implausible_time": 3})


class TestTheHourThatClocksRepeat:
    # On 25 October 2026 in Madrid 02:00 to 03:00 is twice: from 00:00 and from 01:00 UTC.
    TICKETS = """
        [tickets]
        file = "t.csv"
        timezone = "Europe/Madrid"
        subscriber_id = "who"
        ticket_id = "no"
        """
    ONE_ROW = """
        [[tickets.event]]
        kind = "'opened'"
        happened_at = "opened"
        [[tickets.event]]
        kind = "'resolved'"
        happened_at = "closed"
        """
    UNTIL = datetime(2026, 11, 1, tzinfo=UTC)

    def found(self, business: Business, mapping: str) -> list[tuple[object, ...]]:
        business.maps(self.TICKETS + mapping).extract(self.UNTIL)
        rows = business.events("tickets", ["kind", "happened_at", "known_at"])
        return [(kind, f"{at:%H:%M}", f"{known:%H:%M}") for kind, at, known in rows]  # pyright: ignore[reportInvalidStringFormat]

    @pytest.mark.parametrize("types", ["", 'types = { opened = "time", closed = "time" }'])
    @pytest.mark.parametrize(
        ("opened", "closed", "moments"),
        [
            ("02:50", "02:10", ("00:50", "01:10")),
            ("02:10", "02:50", ("01:10", "01:50")),
            ("02:50", "03:10", ("01:50", "02:10")),
            ("01:50", "02:10", ("23:50", "01:10")),
        ],
    )
    def test_puts_no_closing_before_its_opening(
        self, business: Business, types: str, opened: str, closed: str, moments: tuple[str, str]
    ):
        row = f"ada,1,2026-10-25 {opened},2026-10-25 {closed}\n"
        business.write("t.csv", "who,no,opened,closed\n" + row)
        found = self.found(business, types + self.ONE_ROW)
        assert tuple(at for _, at, _ in found) == moments
        assert all(known >= at for _, at, known in found)  # pyright: ignore[reportOperatorIssue]

    def test_holds_for_rows_of_their_own_and_nothing_is_known_earlier(self, business: Business):
        rows = "ada,1,resolved,2026-10-25 02:10\nada,1,opened,2026-10-25 02:50\n"
        business.write("t.csv", "who,no,what,day\n" + rows + "bob,2,opened,2026-10-25 02:50\n")
        mapping = 'kind = "what"\nhappened_at = "day"'
        assert self.found(business, mapping) == [
            ("opened", "00:50", "01:50"),
            ("resolved", "01:10", "01:10"),
            ("opened", "01:50", "01:50"),
        ]

    def test_is_known_after_it_happened(self, business: Business):
        row = "ada,1,2026-10-25 02:50,2026-10-25 02:10\n"
        business.write("t.csv", "who,no,day,seen\n" + row)
        mapping = "kind = \"'opened'\"\nhappened_at = 'day'\nknown_at = 'seen'"
        assert self.found(business, mapping) == [("opened", "00:50", "01:10")]


class TestEndsOfTerms:
    MAPPING = """
        [subscriptions]
        file = "s.csv"
        timezone = "America/Santiago"
        subscriber_id = "who"
        subscription_id = "who"
        [[subscriptions.event]]
        kind = "'started'"
        happened_at = "since"
        [[subscriptions.event]]
        kind = "'ended'"
        happened_at = "last"
        """

    @pytest.mark.parametrize("types", ["", 'types = { since = "time", last = "time" }\n'])
    @pytest.mark.parametrize(
        ("last", "ended"),
        [
            ("2026-02-04", datetime(2026, 2, 5, 3, tzinfo=UTC)),
            ("2026-02-04 00:00:00", datetime(2026, 2, 5, 3, tzinfo=UTC)),
            ("2026-02-04 23:59:59", datetime(2026, 2, 5, 2, 59, 59, tzinfo=UTC)),
            # The day after has no midnight, and this day has none.
            ("2025-09-06", datetime(2025, 9, 7, 4, tzinfo=UTC)),
            ("2025-09-07", datetime(2025, 9, 8, 3, tzinfo=UTC)),
        ],
    )
    def test_that_are_the_last_paid_day_end_with_it(
        self, business: Business, types: str, last: str, ended: datetime
    ):
        business.write("s.csv", f"who,since,last\nada,2025-01-05,{last}\n")
        mapping = self.MAPPING.replace("[[sub", f'{types}ends = "inclusive"\n[[sub', 1)
        business.maps(mapping).extract()
        assert business.events("subscriptions", ["kind", "happened_at"]) == [
            ("started", datetime(2025, 1, 5, 3, tzinfo=UTC)),
            ("ended", ended),
        ]

    def test_are_for_subscriptions(self, business: Business):
        with pytest.raises(BadMapping, match=r"ends = 'inclusive' is for \[subscriptions\]"):
            business.maps(PAYMENTS + 'ends = "inclusive"').extract()


class TestKeysOfJoins:
    JOIN = '\n[[payments.join]]\nfile = "q.csv"\non = {on}\ntake = {{ account = "account" }}\n'

    def accounts(self, business: Business, on: str) -> list[object]:
        mapping = PAYMENTS.replace('"who"', '"account"') + self.JOIN.format(on=on)
        business.maps(mapping).extract()
        return [who for (who,) in business.events("payments", ["subscriber_id"])]

    def test_may_be_expressions(self, business: Business):
        business.write("p.csv", "who,day,no\n Ada@X.com,2026-02-01,1\nBOB@x.com,2026-02-02,2\n")
        business.write("q.csv", "mail,account\nada@x.com,a1\nBob@X.com ,b1\n")
        on = '{ "LOWER(TRIM(who))" = "LOWER(TRIM(mail))" }'
        assert self.accounts(business, on) == ["a1", "b1"]

    def test_are_compared_as_ids(self, business: Business):
        business.write("p.csv", "who,day,no\n17850.0,2026-02-01,1\n13085,2026-02-02,2\n")
        business.write("q.csv", "who,account\n17850,a1\n13085.0,b1\n")
        assert self.accounts(business, '"who"') == ["a1", "b1"]

    def test_of_other_types_meet(self, business: Business):
        business.write("p.csv", "who,day,no\n17850,2026-02-01,1\n")
        business.write("q.parquet", pl.DataFrame({"who": [17850.0], "account": ["a1"]}))
        mapping = PAYMENTS.replace('"who"', '"account"')
        join = self.JOIN.format(on='"who"').replace(".csv", ".parquet")
        business.maps(mapping + join).extract()
        assert business.events("payments", ["subscriber_id"]) == [("a1",)]

    def test_that_are_one_once_normalised_are_found_twice(self, business: Business):
        business.write("p.csv", "who,day,no\nada,2026-02-01,1\n")
        business.write("q.csv", "who,account\nada,a1\nADA,a2\n")
        with pytest.raises(BadSource, match="2 rows share their key"):
            self.accounts(business, '{ who = "LOWER(who)" }')


class TestBillingPeriods:
    @pytest.mark.parametrize(
        ("written", "days"),
        [
            ("week", 7),
            ("2 weeks", 14),
            ("14 days", 14),
            ("P1W", 7),
            ("daily", 1),
            ("fortnight", 14),
            ("0.25", 0.25 * 30.4375),
            ("month", 30.4375),
            ("Monthly", 30.4375),
            ("3", 3 * 30.4375),
            ("quarterly", 3 * 30.4375),
            ("annual", 365.25),
            ("P1Y", 365.25),
            ("2 years", 2 * 365.25),
        ],
    )
    def test_have_their_true_length(self, business: Business, written: str, days: float):
        found = self.months(business, written)
        assert found[0] * 30.4375 == pytest.approx(days, rel=1e-6)

    @pytest.mark.parametrize("written", ["biweekly", "sometimes", "1 moon", "week 3", "-1 week"])
    def test_that_are_none_are_rejected(self, business: Business, written: str):
        assert self.months(business, written) == []

    def months(self, business: Business, written: str) -> list[float]:
        business.write("s.csv", f"who,day,every\nada,2026-02-01,{written}\n")
        mapping = PAYMENTS.replace("payments", "subscriptions").replace("payment_", "subscription_")
        mapping = mapping.replace('"no"', '"who"').replace("paid", "started")
        business.maps(mapping.replace("p.csv", "s.csv") + 'interval_months = "every"').extract()
        return [many for (many,) in business.events("subscriptions", ["interval_months"])]  # pyright: ignore[reportReturnType]
