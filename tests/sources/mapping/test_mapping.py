"""The mapping file: anyone's tables become events, and mistakes in it are told in words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.mapping import BadMapping, read_mapping
from tests.support.small_sources import Business, at

PAYMENTS = """
[payments]
file = "p.csv"
subscriber_id = "who"
happened_at = "day"
kind = "'paid'"
"""
WHEN = ("subscriber_id", "happened_at", "known_at", "kind")


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path)


def test_a_column_is_a_name_or_an_expression_or_a_number(business: Business):
    business.write("p.csv", "who,day,cents,no.\nada,2026-02-01,250,7\n")
    business.maps(
        PAYMENTS
        + """
        payment_id = "no."
        invoice_id = "CONCAT('i', row_number)"
        amount = "CAST(cents AS BIGINT) * 2"
        currency = "'EUR'"
        method = 5
        """
    ).extract()
    assert business.events("payments") == [
        ("ada", at(1), at(1), "paid", "7", "i2", 500, "EUR", "5", None)
    ]


def test_a_table_in_the_shape_of_the_contract_needs_no_columns(business: Business):
    business.write(
        "p.parquet",
        pl.DataFrame(
            {
                "subscriber_id": ["ada"],
                "happened_at": [at(1)],
                "known_at": [at(2)],
                "kind": ["paid"],
                "amount": [5],
                "more": ["ignored"],
            }
        ),
    )
    business.maps('[payments]\nfile = "p.parquet"').extract()
    assert business.events("payments", (*WHEN, "amount")) == [("ada", at(1), at(2), "paid", 5)]


def test_columns_are_not_taken_by_name_from_a_table_of_another_shape(business: Business):
    business.write("p.csv", "who,day,amount\nada,2026-02-01,12\n")
    business.maps(PAYMENTS).extract()
    assert business.events("payments", ["amount"]) == [(None,)]


@pytest.mark.parametrize(
    ("zone", "written", "moment"),
    [
        ("UTC", "2026-02-01", at(1)),
        ("UTC", "2026-02-01 10:30", at(1, 10, 30)),
        ("UTC", "2026-02-01T10:30:15.5", at(1, 10, 30) + timedelta(seconds=15.5)),
        ("UTC", "2026-02-01T10:30:00Z", at(1, 10, 30)),
        ("Europe/Madrid", "2026-02-01 10:30:00", at(1, 9, 30)),
        ("Europe/Madrid", "2026-02-01 10:30:00+03:00", at(1, 7, 30)),
        ("Europe/Madrid", "2026-02-01T10:30:00-0500", at(1, 15, 30)),
        # Clocks went back on 26 October: 02:30 was twice, and the later one is ours.
        ("Europe/Madrid", "2025-10-26 02:30:00", datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_their_zone(business: Business, zone: str, written: str, moment: object):
    business.write("p.csv", f"who,day\nada,{written}\n")
    business.maps(PAYMENTS + f'timezone = "{zone}"').extract()
    assert business.events("payments", ["happened_at"]) == [(moment,)]


@pytest.mark.parametrize(
    ("formats", "written"),
    [
        ('["%d.%m.%Y %H:%M"]', "01.02.2026 10:30"),
        ('["%d.%m.%Y", "%d.%m.%Y %H:%M"]', "01.02.2026 10:30"),
        ('["%Y-%m-%d %H:%M %z"]', "2026-02-01 11:30 +0100"),
        ('["epoch_s"]', "1769941800"),
        ('["epoch_ms"]', "1769941800000"),
    ],
)
def test_times_may_be_written_in_any_stated_way(business: Business, formats: str, written: str):
    business.write("p.csv", f"who,day\nada,{written}\n")
    business.maps(PAYMENTS + f"time_formats = {formats}").extract()
    assert business.events("payments", ["happened_at"]) == [(at(1, 10, 30),)]


def test_a_default_zone_stands_above_all_sections(business: Business):
    business.write("p.csv", "who,day\nada,2026-02-01 10:30\n")
    business.maps('timezone = "America/Lima"\n' + PAYMENTS).extract()
    assert business.events("payments", ["happened_at"]) == [(at(1, 15, 30),)]


def test_known_is_as_told_or_a_stated_time_after_it_happened(business: Business):
    business.write("p.csv", "who,day,seen\nada,2026-02-01,\nbob,2026-02-01,2026-02-09\n")
    business.maps(PAYMENTS + 'known_at = "seen"\nknown_after = "1d6h"').extract()
    assert business.events("payments", ["subscriber_id", "known_at"]) == [
        ("ada", at(2, 6)),
        ("bob", at(9)),
    ]


TICKETS = """
[[tickets]]
file = "t.csv"
subscriber_id = "who"
ticket_id = "no"
types = { opened = "time", minutes = "number" }

[[tickets.event]]
kind = "'opened'"
happened_at = "opened"

[[tickets.event]]
kind = "'replied'"
happened_at = "opened + minutes * INTERVAL '1 minute'"
hours = "minutes / 60"

[[tickets.event]]
kind = "'rated'"
happened_at = "CASE WHEN stars IS NOT NULL THEN closed END"
score = "stars"
"""


def test_one_row_gives_each_kind_of_event_at_its_own_time(business: Business):
    business.write(
        "t.csv",
        "who,no,opened,minutes,closed,stars\n"
        "ada,1,2026-02-01 08:00,90,2026-02-03,4\n"
        "bob,2,2026-02-02 08:00,,2026-02-04,\n",
    )
    business.maps(TICKETS).extract()
    assert business.events("tickets", [*WHEN, "hours", "score"]) == [
        ("ada", at(1, 8), at(1, 8), "opened", None, None),
        ("ada", at(1, 9, 30), at(1, 9, 30), "replied", 1.5, None),
        ("ada", at(3), at(3), "rated", None, 4.0),
        ("bob", at(2, 8), at(2, 8), "opened", None, None),
    ]


def test_where_leaves_rows_out_and_they_are_counted(business: Business):
    business.write(
        "p.csv", "who,day,test\nada,2026-02-01,no\nbob,2026-02-01,yes\neve,2026-02-01,\n"
    )
    report = business.maps(PAYMENTS + "where = \"test = 'no'\"").table_report("payments")
    assert (report.rows, report.skipped, report.landed) == (3, 2, 1)


JOINED = """
[[usage]]
file = "usage.csv"
happened_at = "day"
kind = "what"
subscriber_id = "account"
types = { day = "time", signed_up = "time" }
reject = { before_sign_up = "day < signed_up" }

[[usage.join]]
file = "subscriptions.csv"
on = { subscription = "id" }
take = { account = "account_id" }

[[usage.join]]
file = "accounts.csv"
on = { account = "id" }
take = { signed_up = "since" }
"""


def test_joins_find_whose_row_it_is_and_rules_of_the_source_may_use_them(business: Business):
    business.write(
        "usage.csv", "subscription,day,what\ns1,2026-02-05,a\ns1,2026-02-01,b\ns9,2026-02-05,c\n"
    )
    business.write("subscriptions.csv", "id,account_id\ns1,ada\n")
    business.write("accounts.csv", "id,since\nada,2026-02-03\n")
    report = business.maps(JOINED).table_report("usage")
    assert business.events("usage", WHEN) == [("ada", at(5), at(5), "a")]
    assert report.rejected == {"before_sign_up": 1, "no_subscriber": 1}


def test_a_key_found_twice_in_a_joined_file_is_a_fault_unless_many(business: Business):
    business.write("usage.csv", "subscription,day,what\ns1,2026-02-05,a\n")
    business.write("subscriptions.csv", "id,account_id\ns1,ada\ns1,bob\n")
    business.write("accounts.csv", "id,since\nada,2026-02-03\n")
    with pytest.raises(BadSource, match=r"2 rows share their key \['id'\] with.*many = true"):
        business.maps(JOINED).extract()
    business.maps(JOINED.replace('"account_id" }', '"account_id" }\nmany = true')).extract()
    assert business.events("usage", ["subscriber_id"]) == [("ada",), ("bob",)]


FIXED = """file = "p.txt"
format = "fixed"
[[payments.fixed]]
name = "who"
start = 1
width = 4
[[payments.fixed]]
name = "day"
start = 5
width = 10
[[payments.fixed]]
name = "cents"
start = 15
width = 4
"""
SAME = [("ada", at(1), "paid", 250), ("bob", at(2), "paid", 99)]


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ('file = "p.csv"', "who,day,cents\nada,2026-02-01,250\n\nbob,2026-02-02,99\n"),
        ('file = "p.csv"', "\ufeffwho,day,cents\r\nada,2026-02-01,250\r\nbob,2026-02-02,99\r\n"),
        ('file = "p.csv"', '"who","day",cents\n"ada",2026-02-01,"250"\nbob,2026-02-02,99\n'),
        (
            'file = "p.csv"\nseparator = ";"',
            "who;day;cents\nada;2026-02-01;250\nbob;2026-02-02;99\n",
        ),
        ('file = "p.tsv"', "who\tday\tcents\nada\t2026-02-01\t250\nbob\t2026-02-02\t99\n"),
        ('file = "p.txt"', " who  day cents\n ada  2026-02-01   250\nbob 2026-02-02 99\n"),
        (
            'file = "p.dat"\nformat = "csv"\nhas_header = false\nnames = ["who", "day", "cents"]',
            "ada,2026-02-01,250\nbob,2026-02-02,99\n",
        ),
        (
            FIXED,
            "ada 2026-02-01 250\nbob 2026-02-02  99\n",
        ),
        (
            'file = "p.jsonl"',
            '{"who":"ada","day":"2026-02-01","cents":250}\n{"cents":99,"day":"2026-02-02","who":"bob"}\n',
        ),
        (
            'file = "p.csv"\nencoding = "utf-16"',
            "who,day,cents\nada,2026-02-01,250\nbob,2026-02-02,99\n",
        ),
    ],
)
def test_every_format_reads_the_same(business: Business, options: str, content: str):
    name = options.split('"')[1]
    business.write(name, content.encode("utf-16" if "utf-16" in options else "utf-8"))
    columns = 'subscriber_id = "who"\nhappened_at = "day"\nkind = "\'paid\'"\namount = "cents"'
    report = business.maps(f"[payments]\n{columns}\n{options}").table_report("payments")
    assert business.events("payments", ["subscriber_id", "happened_at", "kind", "amount"]) == SAME
    assert (report.rows, report.landed, report.rejected, report.notes) == (2, 2, {}, ())


def test_text_in_an_old_encoding_is_read_as_stated(business: Business):
    business.write("p.csv", "who,day\nJosé,2026-02-01\n".encode("cp1252"))
    business.maps(PAYMENTS + 'encoding = "cp1252"').extract()
    assert business.events("payments", ["subscriber_id"]) == [("José",)]


def test_quoted_fields_may_hold_separators_quotes_and_lines(business: Business):
    business.write(
        "p.csv",
        'who,day,note\n"ada, ""the"" first",2026-02-01,"two\nlines, ""quoted"""\n'
        'bob,2026-02-02,x\neve,2026-02-03,"a\n\nb"\n',
    )
    report = business.maps(PAYMENTS + 'method = "note"').table_report("payments")
    assert business.events("payments", ["subscriber_id", "method"]) == [
        ('ada, "the" first', 'two\nlines, "quoted"'),
        ("bob", "x"),
        ("eve", "a\n\nb"),
    ]
    assert report.rows == 3


def test_a_pattern_reads_all_files_and_several_inputs_make_one_table(business: Business):
    business.write("in/a-1.csv", "who,day\nada,2026-02-01\n")
    business.write("in/a-2.csv", "day,who\n2026-02-02,bob\n")
    business.write("b.csv", "id,when\neve,2026-02-03\n")
    one = PAYMENTS.replace("[payments]", "[[payments]]").replace("p.csv", "in/a-*.csv")
    other = '[[payments]]\nfile="b.csv"\nsubscriber_id="id"\nhappened_at="when"\nkind="\'paid\'"'
    report = business.maps(one + other).table_report("payments")
    assert business.events("payments", ["subscriber_id"]) == [("ada",), ("bob",), ("eve",)]
    assert report.files == ("in/a-1.csv", "in/a-2.csv", "b.csv")


def test_a_file_may_lie_where_an_environment_variable_says(
    business: Business, monkeypatch: pytest.MonkeyPatch
):
    business.write("elsewhere/p.csv", "who,day\nada,2026-02-01\n")
    business.maps(PAYMENTS.replace("p.csv", "${EXPORTS}/p.csv"))
    with pytest.raises(BadMapping, match="EXPORTS, which is not set"):
        business.extract()
    monkeypatch.setenv("EXPORTS", str(business.folder / "elsewhere"))
    assert business.table_report("payments").landed == 1


def test_settings_are_handed_on_as_they_stand(business: Business):
    business.maps('[settings]\nchurn = "silence"\nhorizon_days = 273\n' + PAYMENTS)
    asked = read_mapping(business.folder / "mapping.toml")
    assert asked.settings == {"churn": "silence", "horizon_days": 273}
    assert list(asked.tables) == ["payments"]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("[payments", "mapping.toml is no TOML"),
        ("", "maps no event table"),
        (PAYMENTS.replace("[payments]", "[payment]"), "no such event table; did you mean payments"),
        (PAYMENTS + 'amout = "cents"', "no such key 'amout'; did you mean amount"),
        (PAYMENTS + 'known_after = "soon"', "known_after: 'soon' is no length of time"),
        (PAYMENTS + 'timezone = "Madrid"', "timezone: no time zone 'Madrid'"),
        (PAYMENTS + 'encoding = "klingon"', "no encoding 'klingon'"),
        (PAYMENTS + "has_header = false", "has_header = false needs names"),
        (PAYMENTS.replace("p.csv", "p.xls"), "the ending of 'p.xls' tells no format"),
        (PAYMENTS + 'format = "excel"', "format: Input should be 'csv', 'tsv'"),
        (PAYMENTS + 'amount = "cents *"', r"amount = 'cents \*' is no SQL expression"),
        (PAYMENTS + 'amount = "cent"', "'cent', which is not there; did you mean cents"),
        (PAYMENTS.replace("\"'paid'\"", '"paid"'), "for the text itself write kind = \"'paid'\""),
        (PAYMENTS.replace("kind = \"'paid'\"", ""), "nothing says what kind is; add kind ="),
        (
            PAYMENTS + 'types = { sent = "number" }',
            "'sent', which is not there; did you mean cents",
        ),
        (PAYMENTS + 'types = { cents = "money" }', "types.cents: Input should be 'text'"),
        (PAYMENTS + 'where = "cents > 5"', "cents holds text.*needs a type, such as"),
        (PAYMENTS + 'amount = "MAX(cents)"', "looks at many rows at once"),
        (PAYMENTS + 'amount = "SUM(cents) OVER (PARTITION BY who)"', "looks at many rows"),
        (
            PAYMENTS + '[[payments.event]]\nkinds = "x"',
            "event: no column 'kinds'; did you mean kind",
        ),
        (PAYMENTS + '[[payments.join]]\nfile = "p.csv"\non = "who"\ntake = { x = "nam" }', "'nam'"),
        (
            PAYMENTS + '[[payments.join]]\nfile = "p.csv"\non = "who"\ntake = { day = "day" }',
            "already",
        ),
    ],
)
def test_mistakes_are_told_with_the_place_and_what_to_write(
    business: Business, mapping: str, words: str
):
    business.write("p.csv", "who,day,cents\nada,2026-02-01,250\n")
    with pytest.raises(BadMapping, match=words):
        business.maps(mapping).extract()
    assert not [*business.landing.folder.rglob("*.parquet")]


def test_a_number_is_a_time_only_if_told_how(business: Business):
    business.write("p.parquet", pl.DataFrame({"who": ["ada"], "day": [1769941800]}))
    mapping = PAYMENTS.replace("p.csv", "p.parquet")
    with pytest.raises(
        BadMapping, match=r"happened_at = 'day' holds whole numbers.*time_formats = \['epoch_s'\]"
    ):
        business.maps(mapping).extract()
    business.maps(mapping + 'time_formats = ["epoch_s"]').extract()
    assert business.events("payments", ["happened_at"]) == [(at(1, 10, 30),)]


def test_no_mapping_file_at_all(tmp_path: Path):
    with pytest.raises(BadMapping, match=r"no mapping file at .*nowhere\.toml"):
        read_mapping(tmp_path / "nowhere.toml")


NAIVE = datetime(2026, 2, 1, 10, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (pl.Series([NAIVE.date()]), at(1) - timedelta(hours=1)),
        (pl.Series([NAIVE], dtype=pl.Datetime("ns")), at(1, 9, 30)),
        (pl.Series([at(1, 10, 30)], dtype=pl.Datetime("ms", "Asia/Tokyo")), at(1, 10, 30)),
        (pl.Series(["2026-02-01 10:30"], dtype=pl.Categorical), at(1, 9, 30)),
    ],
)
def test_typed_times_of_parquet_are_moments(business: Business, day: pl.Series, moment: datetime):
    cents = pl.Series([Decimal("250.00")], dtype=pl.Decimal(12, 2))
    business.write("p.parquet", pl.DataFrame({"who": [7], "day": day, "cents": cents}))
    business.maps(
        PAYMENTS.replace("p.csv", "p.parquet") + 'timezone = "Europe/Madrid"\namount = "cents"'
    ).extract()
    assert business.events("payments", ["subscriber_id", "happened_at", "amount"]) == [
        ("7", moment, 250)
    ]


def test_an_object_inside_json_is_reached_by_its_field_and_is_no_value_itself(business: Business):
    business.write("p.jsonl", '{"who":{"id":"ada"},"day":"2026-02-01"}\n')
    mapping = PAYMENTS.replace("p.csv", "p.jsonl")
    business.maps(mapping.replace('"who"', '"who.id"')).extract()
    assert business.events("payments", ["subscriber_id"]) == [("ada",)]
    with pytest.raises(BadMapping, match=r"subscriber_id = .*holds objects.*takes one value a row"):
        business.maps(mapping).extract()


def test_a_mapping_of_earlier_versions_keeps_its_fingerprint():
    # As version da48f74 had it: with another one every home would have to land afresh.
    asked = read_mapping(Path(__file__).parents[3] / "examples" / "cdnow.toml")
    assert asked.fingerprint("payments") == "54a732a9d1fd708a"
