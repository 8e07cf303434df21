"""Bad input: each fault is a counted reject or a clear error, and the rest of the data loads."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.files.part import BadSource
from tests.support.small_sources import Business, at

PAYMENTS = """
[payments]
file = "p.csv"
subscriber_id = "who"
happened_at = "day"
known_at = "seen"
kind = "what"
amount = "cents"
"""
TICKETS = """
[tickets]
file = "t.csv"
subscriber_id = "who"
happened_at = "day"
kind = "'opened'"
ticket_id = "no"
hours = "hours"
"""
HEADER = "who,day,seen,what,cents\n"
GOOD = "ada,2026-02-01,2026-02-02,paid,250\n"


@pytest.fixture
def business(tmp_path: Path) -> Business:
    business = Business(tmp_path)
    business.write("t.csv", "who,day,no,hours\nada,2026-02-01,1,2.5\n")
    return business.maps(PAYMENTS + TICKETS)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (",2026-02-01,2026-02-02,paid,250", "no_subscriber"),
        ("  ,2026-02-01,2026-02-02,paid,250", "no_subscriber"),
        ("bob,,2026-02-02,paid,250", "no_time"),
        ("bob,2026-02-30,2026-02-20,paid,250", "unparseable_time"),
        ("bob,yesterday,2026-02-02,paid,250", "unparseable_time"),
        ("bob,2026-02-01,soon,paid,250", "unparseable_time"),
        ("bob,2026-02-05,2026-02-02,paid,250", "known_before_happened"),
        ("bob,2026-04-05,2026-02-02,paid,250", "in_the_future"),
        ("bob,2026-02-01,2026-02-02,payed,250", "unknown_kind"),
        ("bob,2026-02-01,2026-02-02,,250", "missing_required"),
        ("bob,2026-02-01,2026-02-02,paid,-250", "negative_amount"),
        ("bob,2026-02-01,2026-02-02,paid,12.50", "bad_type"),
        ("bob,2026-02-01,2026-02-02,paid,free", "bad_type"),
        ("bob,2026-02-01,2026-02-02,paid,9999999999999999999999", "bad_type"),
        ("bob,2026-02-01,2026-02-02", "broken_line"),
        ("bob,2026-02-01,2026-02-02,paid,250,more", "broken_line"),
        ('"bob,2026-02-01,2026-02-02,paid,250', "broken_line"),
        ("ada,2026-02-01,2026-02-02,paid,250", "duplicate"),
        # The same event told again, later: it is known since it was first told.
        ("ada,2026-02-01,2026-02-09,paid,250", "duplicate"),
    ],
)
def test_a_bad_row_is_rejected_by_name_and_its_neighbours_land(
    business: Business, bad: str, rule: str
):
    business.write("p.csv", HEADER + GOOD + bad + "\neve,2026-02-03,2026-02-04,failed,99\n")
    report = business.table_report("payments")
    assert report.rejected == {rule: 1}
    assert business.events("payments", ["subscriber_id", "happened_at", "known_at", "amount"]) == [
        ("ada", at(1), at(2), 250),
        ("eve", at(3), at(4), 99),
    ]
    [(told_rule, line, text)] = business.rejected("payments")
    assert (told_rule, line) == (rule, 3)
    assert bad.strip('"').split(",")[1] in text


def test_the_first_rule_broken_is_the_one_told(business: Business):
    business.write("p.csv", HEADER + ",2026-02-30,2026-02-01,payed,-1\n")
    assert business.table_report("payments").rejected == {"no_subscriber": 1}


def test_required_columns_of_the_table_and_numbers_that_are_none(business: Business):
    business.write("p.csv", HEADER + GOOD)
    business.write(
        "t.csv",
        "who,day,no,hours\nada,2026-02-01,1,2.5\nada,2026-02-01,,1\nada,2026-02-01,3,NaN\n"
        "ada,2026-02-01,4,inf\nada,2026-02-01,5,-1\n",
    )
    report = business.table_report("tickets")
    assert report.rejected == {"bad_type": 2, "missing_required": 1, "negative_amount": 1}
    assert business.events("tickets", ["ticket_id", "hours"]) == [("1", 2.5)]


def test_what_is_not_known_yet_waits_and_is_judged_when_it_is_known(business: Business):
    business.write("p.csv", HEADER + GOOD + "bob,2026-04-01,2026-04-02,payed,250\n")
    report = business.table_report("payments")
    assert (report.landed, report.not_yet_known, report.rejected) == (1, 1, {})
    later = business.table_report("payments", at(1, month=5))
    assert (later.landed, later.already_landed, later.rejected) == (0, 1, {"unknown_kind": 1})


def test_a_column_that_an_expression_calculates_with_may_hold_rubbish(business: Business):
    business.maps(
        TICKETS.replace('"day"', "\"day + hours * INTERVAL '1 hour'\"")
        + 'types = { day = "time", hours = "number" }\nwhere = "hours > 1"'
    )
    business.write(
        "t.csv",
        "who,day,no,hours\nada,2026-02-01,1,2\nbob,2026-02-01,2,two\neve,someday,3,2\ndan,2026-02-01,4,1\n",
    )
    report = business.table_report("tickets")
    assert (report.rows, report.skipped, report.events, report.landed) == (4, 1, 3, 1)
    assert report.rejected == {"bad_type": 1, "unparseable_time": 1}


def test_a_row_without_any_of_its_times_is_not_lost(business: Business):
    business.maps(
        TICKETS.replace('happened_at = "day"\nkind = "\'opened\'"\n', "")
        + "[[tickets.event]]\nkind = \"'opened'\"\nhappened_at = 'day'\n"
        + "[[tickets.event]]\nkind = \"'resolved'\"\nhappened_at = 'done'\n"
    )
    business.write(
        "t.csv",
        "who,no,hours,day,done\nada,1,,2026-02-01,2026-02-02\nbob,2,,,2026-02-02\n"
        "eve,3,,,\ndan,4,,2026-02-01,???\n",
    )
    report = business.table_report("tickets")
    assert report.rejected == {"no_time": 1, "unparseable_time": 1}
    assert business.events("tickets", ["subscriber_id", "kind"]) == [
        ("ada", "opened"),
        ("ada", "resolved"),
        ("bob", "resolved"),
        ("dan", "opened"),
    ]


def test_bytes_that_are_no_text_spoil_their_row_only_where_they_are_used(business: Business):
    rows = [b"jos\xe9,2026-02-01,2026-02-02,paid,1", b"bob,2026-02-01,2026-02-02,paid,2"]
    business.write("p.csv", HEADER.encode() + b"\n".join(rows) + b"\n")
    assert business.table_report("payments").rejected == {"bad_encoding": 1}
    business.write("p.csv", HEADER.replace("\n", ",note\n").encode() + rows[1] + b",\xff\xfe\n")
    assert business.table_report("payments").rejected == {}


def test_a_missing_column_is_told_and_the_other_tables_land(business: Business):
    business.write("p.csv", "who,day,seen,what,cent\nada,2026-02-01,2026-02-02,paid,250\n")
    with pytest.raises(
        IncompleteExtract,
        match=r"mapping.toml, section \[payments\], file p.csv: amount = 'cents' reads a column "
        r"'cents', which is not there; did you mean cent\?",
    ):
        business.extract()
    assert not (business.landing.folder / "payments").exists()
    assert [*(business.landing.folder / "tickets").iterdir()]


@pytest.mark.parametrize("cut", [8, 20, 31])
def test_a_text_file_cut_off_in_the_middle_loses_only_its_last_line(business: Business, cut: int):
    last = "bob,2026-02-01,2026-02-02,paid,250"
    business.write("p.csv", HEADER + GOOD + last[:cut].rstrip(","))
    report = business.table_report("payments")
    assert (report.rows, report.landed, report.rejected) == (2, 1, {"cut_off": 1})
    assert business.rejected("payments") == [("cut_off", 3, last[:cut].rstrip(","))]


def test_a_file_cut_off_inside_quotes_or_inside_a_letter(business: Business):
    business.write("p.csv", HEADER + GOOD + 'bob,2026-02-01,2026-02-02,paid,"25')
    assert business.table_report("payments").rejected == {"cut_off": 1}
    business.write("p.csv", HEADER.encode() + GOOD.encode() + "bob,2026-02-01,é".encode()[:-1])
    assert business.table_report("payments").rejected == {"cut_off": 1}


def test_a_last_line_that_is_whole_but_has_no_end_lands_and_is_noted(business: Business):
    business.write("p.csv", HEADER + GOOD + "bob,2026-02-01,2026-02-02,paid,25")
    report = business.table_report("payments")
    assert (report.landed, report.rejected) == (2, {})
    assert report.notes == ("p.csv: its last line, 3, has no line end; was the file cut off?",)


def test_a_stray_quotation_mark_spoils_its_own_line_at_most(business: Business):
    business.write(
        "p.csv",
        HEADER + GOOD + 'bob "the 2" boss,2026-02-01,2026-02-02,paid,1\n'
        'carl 5",2026-02-01,2026-02-02,paid,2\n"dan,2026-02-01,2026-02-02,paid,3\n'
        '"eve, jr.",2026-02-01,2026-02-02,paid,4\n',
    )
    report = business.table_report("payments")
    assert report.rejected == {"broken_line": 2}
    names = [name for (name,) in business.events("payments", ["subscriber_id"])]
    assert names == ["ada", 'bob "the 2" boss', "eve, jr."]


def test_json_lines_cut_off_or_broken(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.jsonl"))
    row = '{"who":"ada","day":"2026-02-01","seen":"2026-02-02","what":"paid","cents":250}\n'
    business.write("p.jsonl", row + "[1, 2]\n" + row.replace("ada", "bob") + row[:40])
    report = business.table_report("payments")
    assert (report.rows, report.landed) == (4, 2)
    assert report.rejected == {"broken_line": 1, "cut_off": 1}
    assert [line for _, line, _ in business.rejected("payments")] == [2, 4]


def test_numbers_and_text_mixed_in_json_lines(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.jsonl"))
    row = '{"who":7,"day":"2026-02-01","seen":null,"what":"paid","cents":250}\n'
    business.write("p.jsonl", row + row.replace("250", '"many"') + row.replace("7", '"x"'))
    assert business.table_report("payments").rejected == {"bad_type": 1}
    assert business.events("payments", ["subscriber_id", "amount"]) == [("7", 250), ("x", 250)]


def test_fixed_width_text_cut_off(business: Business):
    business.maps(
        '[payments]\nfile = "p.txt"\nformat = "fixed"\nsubscriber_id = "who"\nhappened_at = "day"\n'
        "kind = \"'paid'\"\n[[payments.fixed]]\nname = 'who'\nstart = 1\nwidth = 4\n"
        "[[payments.fixed]]\nname = 'day'\nstart = 5\nwidth = 10\n"
    )
    business.write("p.txt", "ada 2026-02-01\nbob\neve 2026-02-")
    report = business.table_report("payments")
    assert (report.landed, report.rejected) == (1, {"broken_line": 1, "cut_off": 1})


def test_a_parquet_file_cut_off_is_named_and_the_other_tables_land(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.parquet") + TICKETS)
    frame = pl.DataFrame(
        {"who": ["ada"], "day": [at(1)], "seen": [at(1)], "what": "paid", "cents": 1}
    )
    business.write("p.parquet", frame)
    whole = (business.folder / "p.parquet").read_bytes()
    for cut in (4, len(whole) // 2, len(whole) - 1):
        business.write("p.parquet", whole[:cut])
        with pytest.raises(
            IncompleteExtract, match=r"p\.parquet cannot be read as Parquet"
        ) as told:
            business.extract()
        assert told.value.report.degraded == ("payments",)
        assert [each.table for each in told.value.report.tables] == ["tickets"]
        assert business.events("tickets", ["subscriber_id"]) == [("ada",)]
        assert business.events("payments") == []
    business.write("p.parquet", whole)
    assert business.extract().degraded == ()
    assert business.events("payments", ["known_at"]) == [(at(1),)]


def test_parquet_damaged_inside_is_found_when_it_is_read(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.parquet") + TICKETS)
    row = {"who": "ada", "day": at(1), "seen": at(1), "what": "paid"}
    business.write("p.parquet", pl.DataFrame([{**row, "cents": cents} for cents in range(5000)]))
    whole = bytearray((business.folder / "p.parquet").read_bytes())
    whole[200:4000] = bytes(3800)
    business.write("p.parquet", bytes(whole))
    with pytest.raises(IncompleteExtract, match=r"section \[payments\]"):
        business.extract()
    assert business.events("tickets", ["subscriber_id"]) == [("ada",)]


def test_an_empty_file_marks_its_table_as_degraded(business: Business):
    for content in ("", HEADER):
        business.write("p.csv", content)
        report = business.extract()
        assert report.degraded == ("payments",)
        assert report.tables[0].rows == 0
    business.write("p.csv", "")
    assert business.table_report("payments").notes == ("p.csv is empty",)


def test_a_file_that_turns_empty_marks_its_table_whatever_had_landed_before(business: Business):
    business.write("p.csv", HEADER + GOOD)
    assert business.extract(at(10)).degraded == ()
    assert business.extract(at(11)).degraded == ()  # nothing new is nothing wrong
    business.write("p.csv", "")
    assert business.extract(at(12)).degraded == ("payments",)


def test_one_empty_file_of_several_marks_the_table_too(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p-*.csv"))
    business.write("p-1.csv", HEADER + GOOD)
    business.write("p-2.csv", "")
    report = business.extract()
    assert (report.tables[0].landed, report.degraded) == (1, ("payments",))


def test_a_missing_file_is_an_error_that_lets_the_others_land(business: Business):
    business.write("P-2026.csv", HEADER)
    with pytest.raises(
        BadSource, match=r"no file 'p.csv' in .*did you mean .*csv.*optional = true"
    ):
        business.extract()
    assert business.events("tickets", ["subscriber_id"]) == [("ada",)]


def test_a_missing_file_that_may_be_missing_marks_its_table_as_degraded(business: Business):
    business.maps(PAYMENTS + "optional = true\n" + TICKETS)
    report = business.extract()
    assert report.degraded == ("payments",)
    assert report.tables[0].notes[0].startswith("no file 'p.csv'")
    assert business.events("tickets", ["subscriber_id"]) == [("ada",)]


def test_a_header_that_names_a_column_twice(business: Business):
    business.write("p.csv", HEADER.replace("seen", "day") + GOOD)
    with pytest.raises(
        BadSource, match=r"p\.csv: its header has 'day' twice; .*names = \[\.\.\.\]"
    ):
        business.extract()
    business.maps(PAYMENTS + 'names = ["who", "day", "seen", "what", "cents"]\n')
    assert business.table_report("payments").landed == 1


def test_a_conversion_in_sql_that_fails_costs_its_own_row(business: Business):
    business.maps(PAYMENTS.replace('"cents"', '"CAST(cents AS BIGINT)"') + TICKETS)
    business.write("p.csv", HEADER + GOOD + GOOD.replace("250", "free"))
    report = business.table_report("payments")
    assert (report.landed, report.rejected) == (1, {"bad_type": 1})


def test_the_report_of_a_dirty_extract_is_plain_json(business: Business):
    business.write("p.csv", HEADER + GOOD + GOOD)
    report = business.extract().as_dict()
    assert report["until"] == "2026-03-01T00:00:00+00:00"
    payments = report["tables"][0]  # pyright: ignore[reportIndexIssue]
    assert payments["rejected"] == {"duplicate": 1}


PAID = b'{"who":"ada","day":"2026-02-01","seen":"2026-02-02","what":"paid","cents":250}\n'


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"cents"', b'"cent\xf3"'),  # a broken key, which would leave the amount out in silence
        (b'"ada"', b'"ad\xe9"'),
        (b"}", b',"note":"\xff"}'),
        (b"}", b',"n\xc3":1}'),
        (b"}", b',"note":"\\ud800"}'),
    ],
)
def test_a_json_line_that_is_not_utf_8_anywhere_is_refused(
    business: Business, good: bytes, bad: bytes
):
    business.maps(PAYMENTS.replace("p.csv", "p.jsonl"))
    others = PAID.replace(b"250", b"99") + PAID.replace(b"ada", "José \ufffd".encode())[:-2]
    others += b',"note":"\\ud83d\\ude00"}\n'
    business.write("p.jsonl", PAID.replace(good, bad) + others)
    report = business.table_report("payments")
    assert report.in_rows.read == 3
    assert business.rejected("payments")[0][:2] == ("bad_encoding", 1)
    assert ("ada", 99) in business.events("payments", ["subscriber_id", "amount"])


def test_values_of_json_lines_that_do_not_go_together_are_texts(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.jsonl"))
    odd = [b'{"id": 1}', b"[1]", b"true", b'"99"', b"1e400", b"12345678901234567890"]
    business.write("p.jsonl", PAID + b"".join(PAID.replace(b"250", value) for value in odd))
    report = business.table_report("payments")
    assert (report.in_rows.read, report.rejected) == (7, {"bad_type": 5})
    assert business.events("payments", ["amount"]) == [(99,), (250,)]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_recognised(business: Business, separator: str):
    business.write("p.csv", (HEADER + GOOD).replace(",", separator))
    written = json.dumps(separator)
    with pytest.raises(BadSource, match=re.escape(f"write separator = {written}")):
        business.extract()


def test_a_line_that_names_the_separator_is_none_of_the_rows(business: Business):
    business.write("p.csv", "sep=;\n" + (HEADER + GOOD).replace(",", ";"))
    report = business.table_report("payments")
    assert (report.in_rows.read, report.landed) == (1, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_text_is_recognised(business: Business, encoding: str):
    business.write("p.csv", (HEADER + GOOD.replace("ada", "Zoë")).encode(encoding))
    assert business.table_report("payments").landed == 1
    assert business.events("payments", ["subscriber_id"]) == [("Zoë",)]


def test_latin_1_is_recognised_in_rows_and_in_the_header(business: Business):
    business.write("p.csv", (HEADER + GOOD.replace("ada", "Zoë")).encode("cp1252"))
    report = business.table_report("payments")
    assert report.rejected == {"bad_encoding": 1}
    assert "first in line 2; if the file is of Western Europe" in report.notes[0]
    assert "encoding = 'cp1252'" in report.examples[0].hint
    business.write("p.csv", (HEADER.replace("cents", "größe") + GOOD).encode("cp1252"))
    business.maps(PAYMENTS.replace('"cents"', '"größe"') + TICKETS)
    with pytest.raises(IncompleteExtract, match="no UTF-8, write for example encoding = 'cp1252'"):
        business.extract()


def test_utf_8_that_is_said_to_be_latin_1_is_noted(business: Business):
    business.maps(PAYMENTS + 'encoding = "cp1252"')
    business.write("p.csv", HEADER + GOOD.replace("ada", "Zoë"))
    [note] = business.table_report("payments").notes
    assert "it reads as UTF-8 and the mapping says encoding = 'cp1252'" in note


@pytest.mark.parametrize(("above", "last"), [("99", "250"), ("250", "25"), ("", "")])
def test_only_a_last_field_that_may_be_a_piece_is_said_to_be_cut_off(
    business: Business, above: str, last: str
):
    business.write("p.csv", HEADER + GOOD.replace("250", above) + "bob" + GOOD[3:-4] + last)
    notes = business.table_report("payments").notes
    assert [note[:19] for note in notes] == ["p.csv: its last lin"] * (last == "25")


def test_a_json_object_at_the_end_is_whole_without_a_line_end(business: Business):
    business.maps(PAYMENTS.replace("p.csv", "p.jsonl"))
    business.write("p.jsonl", PAID + PAID.replace(b"250", b"99").strip())
    report = business.table_report("payments")
    assert (report.landed, report.notes) == (2, ())


def test_large_ids_beside_texts_in_json_lines_are_refused_and_not_made_one(business: Business):
    ids = ["1187654321098765432.0", "1187654321098765433.0", "9007199254740993.0", '"guest"']
    rows = "\n".join(f'{{"who":{who},"day":"2026-02-01","no":{n}}}' for n, who in enumerate(ids))
    mapping = """
        [payments]
        file = "p.jsonl"
        subscriber_id = "who"
        payment_id = "no"
        happened_at = "day"
        kind = "'paid'"
    """
    business.write("p.jsonl", rows + "\n")
    report = business.maps(mapping).table_report("payments")
    assert business.events("payments", ["subscriber_id"]) == [("guest",)]
    assert report.rejected == {"imprecise_id": 3}


@pytest.mark.parametrize(("score", "lands"), [(1, 1), (5, 1), (0, 0), (-1, 0), (97, 0)])
def test_a_rating_off_its_scale_is_rejected(business: Business, score: int, lands: int):
    business.write("r.csv", f"who,day,no,score\nada,2026-02-01,1,{score}\n")
    business.maps(
        """
        [tickets]
        file = "r.csv"
        subscriber_id = "who"
        ticket_id = "no"
        happened_at = "day"
        kind = "'rated'"
        score = "score"
        """
    )
    report = business.table_report("tickets")
    assert (report.landed, sum(report.rejected.values())) == (lands, 1 - lands)
    assert set(report.rejected) <= {"off_scale"}
