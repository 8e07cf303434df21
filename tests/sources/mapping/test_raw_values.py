"""Values and files that were raw errors or silence: each is read, refused in words, or noted."""

from pathlib import Path

import polars as pl
import pytest

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import UNTIL, Business, at

PAYMENTS = """
[payments]
file = "{}"
subscriber_id = "who"
payment_id = "no"
happened_at = "day"
kind = "'paid'"
"""
CSV, JSONL, PARQUET = (PAYMENTS.format(f"p.{kind}") for kind in ("csv", "jsonl", "parquet"))


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path)


class TestCastsToWholeNumbers:
    ROWS = "who,no,day,x\nu,1,2026-02-01,19.99\nu,2,2026-02-01,0.29\nu,3,2026-02-01,7\n"

    @pytest.mark.parametrize("sql", ["CAST(x * 100 AS BIGINT)", "CAST(x * 100 AS BIGINT) + 0"])
    def test_that_cut_off_decimals_are_noted(self, business: Business, sql: str):
        business.write("p.csv", self.ROWS)
        business.maps(CSV + f'types = {{ x = "number" }}\namount = "{sql}"')
        (note,) = business.table_report("payments").notes
        assert "2 of 3 values of amount lose decimals in a CAST" in note
        assert "ROUND(...)" in note

    @pytest.mark.parametrize("sql", ["CAST(ROUND(x * 100) AS BIGINT)", "CAST(FLOOR(x) AS BIGINT)"])
    def test_of_whole_values_are_not(self, business: Business, sql: str):
        business.write("p.csv", self.ROWS)
        business.maps(CSV + f'types = {{ x = "number" }}\namount = "{sql}"')
        assert business.table_report("payments").notes == ()


class TestTrueIsNoNumber:
    """JSON's true and false are no amounts: 1 would be a cent, silently."""

    LINE = '{{"who": "u", "no": "{}", "day": "2026-02-01", "x": {}}}\n'

    @pytest.mark.parametrize(
        "typed", ["", 'types = { x = "number" }\n', 'types = { x = "integer" }\n']
    )
    @pytest.mark.parametrize("others", [["true", "false"], ["true", "250", "false"]])
    def test_as_an_amount_it_is_a_counted_reject(
        self, business: Business, typed: str, others: list[str]
    ):
        rows = (self.LINE.format(n, value) for n, value in enumerate(["null", *others]))
        business.write("p.jsonl", "".join(rows))
        business.maps(JSONL + typed + 'amount = "x"')
        told = business.table_report("payments")
        assert told.rejected == {"bad_type": 2}
        landed = {row[0] for row in business.events("payments", ["amount"])}
        assert landed == ({None, 250} if "250" in others else {None})
        assert "is true or false, and no number" in str(told.examples[0])

    def test_parquet_and_a_cast_that_says_so(self, business: Business):
        rows = {"who": ["u", "v"], "no": ["1", "2"], "day": ["2026-02-01"] * 2, "x": [True, None]}
        business.write("p.parquet", pl.DataFrame(rows))
        business.maps(PARQUET + 'amount = "x"')
        assert business.table_report("payments").rejected == {"bad_type": 1}
        business.maps(PARQUET + 'amount = "CAST(x AS INTEGER)"')
        assert business.table_report("payments").rejected == {}


class TestMerges:
    MAPPING = """
[merges]
file = "m.csv"
subscriber_id = "a"
merged_into = "b"
happened_at = "day"
"""
    ROWS = (
        "a,b,day\nA,B,2026-02-01\nB,A,2026-02-02\nC,C,2026-02-01\nD,E,2026-02-01\nD,F,2026-02-01\n"
    )

    @pytest.mark.parametrize("rows_at_a_time", [1, 4_000_000])
    def test_in_a_circle_into_itself_or_into_two_are_refused(
        self, business: Business, rows_at_a_time: int
    ):
        business.write("m.csv", self.ROWS)
        (report,) = business.maps(self.MAPPING).extract(rows_at_a_time=rows_at_a_time).tables
        assert report.rejected == {
            "merged_in_circle": 1, "merged_into_itself": 1, "merged_twice": 1,
        }  # fmt: skip
        assert business.events("merges", ["subscriber_id", "merged_into"]) == [
            ("A", "B"),
            ("D", "E"),
        ]
        told = {each.rule: each for each in report.examples}
        assert told["merged_in_circle"].row == 3
        assert told["merged_twice"].value == "D"
        assert "live on as" in told["merged_in_circle"].hint

    def test_into_another_later_correct_the_first(self, business: Business):
        business.write("m.csv", "a,b,day\nA,B,2026-02-01\nA,C,2026-02-02\nB,A,2026-02-03\n")
        assert business.maps(self.MAPPING).table_report("merges").rejected == {}

    def test_are_compared_with_what_landed_on_other_days(self, business: Business):
        business.write("m.csv", "a,b,day\nA,B,2026-02-01\nB,C,2026-02-01\n")
        business.maps(self.MAPPING).extract()
        business.write("m.csv", "a,b,day\nA,B,2026-02-01\nB,C,2026-02-01\nC,A,2026-03-01\n")
        report = business.table_report("merges", UNTIL.replace(day=2))
        assert report.rejected == {"merged_in_circle": 1}
        assert business.table_report("merges", UNTIL.replace(day=2)) == report


class TestJsonLines:
    def test_that_name_a_key_twice_are_refused(self, business: Business):
        good = '{"who": "u", "no": "2", "day": "2026-02-01", "note": "who"}\n'
        bad = '{"who": "u", "who": "v", "no": "1", "day": "2026-02-01"}\n'
        business.write("p.jsonl", bad + good)
        report = business.maps(JSONL).table_report("payments")
        assert (report.landed, report.rejected) == (1, {"broken_line": 1})
        assert "names a key twice" in report.examples[0].hint

    @pytest.mark.parametrize("odd", ['["u"]', '["u", "v"]', '{"a": 1}', "true", "false"])
    def test_whose_ids_are_none_are_refused(self, business: Business, odd: str):
        line = '{"who": %s, "no": "%s", "day": "2026-02-01"}\n'
        business.write("p.jsonl", line % (odd, 1) + line % ('"u"', 2))
        report = business.maps(JSONL).table_report("payments")
        assert (report.landed, report.rejected) == (1, {"bad_type": 1})
        (told,) = report.examples
        assert (told.column, told.row) == ("subscriber_id", 1)
        assert "is a list, an object, or true or false, and no id" in told.hint

    @pytest.mark.parametrize(
        ("odd", "says"), [('["u"]', "holds lists"), ('{"a": 1}', "holds objects")]
    )
    def test_whose_ids_all_are_lists_are_refused_whole(
        self, business: Business, odd: str, says: str
    ):
        business.write("p.jsonl", f'{{"who": {odd}, "no": "1", "day": "2026-02-01"}}\n')
        with pytest.raises(BadMapping, match=f"subscriber_id = 'who' {says}.*one value") as error:
            business.maps(JSONL).extract()
        assert "List(" not in str(error.value)

    def test_whose_ids_all_are_true_are_refused_row_by_row(self, business: Business):
        business.write("p.jsonl", '{"who": true, "no": "1", "day": "2026-02-01"}\n')
        assert business.maps(JSONL).table_report("payments").rejected == {"bad_type": 1}


def test_a_billing_period_is_above_zero(business: Business):
    business.write("s.csv", "who,no,day,m\nu,1,2026-02-01,0\nu,2,2026-02-01,-1\nu,3,2026-02-01,1\n")
    business.maps(
        '[subscriptions]\nfile = "s.csv"\nsubscriber_id = "who"\nsubscription_id = "no"\n'
        'happened_at = "day"\nkind = "\'started\'"\ninterval_months = "m"'
    )
    report = business.table_report("subscriptions")
    assert (report.landed, report.rejected) == (1, {"bad_type": 2})
    assert "above 0" in report.examples[0].hint
    assert "NULLIF" in report.examples[0].hint


@pytest.mark.parametrize("mapping", [CSV, JSONL])
def test_line_ends_of_old_macs_are_line_ends(business: Business, mapping: str):
    business.write("p.csv", "who,no,day\ru,1,2026-02-01\rv,2,2026-02-02\r")
    line = '{"who": "%s", "no": "%s", "day": "2026-02-0%s"}\r'
    business.write("p.jsonl", line % ("u", 1, 1) + line % ("v", 2, 2))
    report = business.maps(mapping).table_report("payments")
    assert (report.landed, report.rejected) == (2, {})


def test_a_carriage_return_within_a_header_is_told_in_words(business: Business):
    business.write("p.csv", "who,no\r,day\nu,1,2026-02-01\n")
    with pytest.raises(IncompleteExtract, match="its header holds a line end"):
        business.maps(CSV).extract()


class TestBytes:
    def test_in_parquet_are_text_if_they_are_utf_8(self, business: Business):
        columns = {"who": [b"\xc3\xbc", b"\xff", None], "no": [b"1", b"2", b"3"]}
        days = {"day": [b"2026-02-01"] * 3}
        business.write("p.parquet", pl.DataFrame(columns | days))
        report = business.maps(PARQUET).table_report("payments")
        assert business.events("payments", ["subscriber_id", "happened_at"]) == [("ü", at(1))]
        assert report.rejected == {"bad_encoding": 1, "no_subscriber": 1}
        assert "bytes that are no text" in report.examples[0].hint


class TestTypesThatDoNotFit:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (
                'types = { day = "time" }\nwhere = "day > \'2026-01-01\'"',
                r"where = .* day holds times.*day > DATE '2026-01-31'",
            ),
            (
                'types = { day = "time" }\nwhere = "day > TIMESTAMP \'2026-01-01 00:00:00\'"',
                r"where = .* day holds times.*day > DATE '2026-01-31'",
            ),
            ('where = "x > 3"', r"where = .* x holds text.*types = \{ x = 'number' \}"),
            ('amount = "x * 100"', r"amount = .* x holds text.*types = \{ x = 'number' \}"),
        ],
    )
    def test_are_told_by_their_columns(self, business: Business, options: str, says: str):
        business.write("p.csv", "who,no,day,x\nu,1,2026-02-01,5\n")
        with pytest.raises(BadMapping, match=says) as error:
            business.maps(CSV + options).extract()
        assert not any(raw in str(error.value) for raw in ("dtype", "'...'", "python", "dyn int"))

    def test_times_in_whole_numbers_need_a_format(self, business: Business):
        business.write("p.parquet", pl.DataFrame({"who": ["u"], "no": ["1"], "day": [1769904000]}))
        with pytest.raises(BadMapping, match=r"'day' holds whole numbers.*epoch_s") as error:
            business.maps(PARQUET).extract()
        assert "Int64" not in str(error.value)


def test_a_time_that_clocks_skipped_is_said_to_be_one(business: Business):
    business.write("p.csv", "who,no,day\nu,1,2025-03-30 02:30:00\nu,2,2025-03-30 03:30:00\n")
    report = business.maps(CSV + 'timezone = "Europe/Madrid"').table_report("payments")
    assert (report.landed, report.rejected) == (1, {"unparseable_time": 1})
    assert "clocks in Europe/Madrid were put forward over this time" in report.examples[0].hint
