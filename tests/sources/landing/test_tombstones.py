"""The list of the forgotten: extracts know them by it, and nobody can read a name out of it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.events import PAYMENTS
from perdura.sources.landing.spellings import is_telling, standing_alone, standing_alone_in_polars
from perdura.sources.landing.tombstones import BrokenTombstones, read_tombstones, record_erasure
from tests.support.small_sources import UNTIL, Business, at

DAY = date(2026, 2, 20)
CUNNING = 'o\'brien "50%", ñ'
CSV = """
[payments]
file = "p.csv"
subscriber_id = "who"
happened_at = "day"
kind = "'paid'"
payment_id = "pay"
[merges]
file = "m.csv"
subscriber_id = "who"
happened_at = "day"
kind = "'merged'"
merged_into = "now"
"""


@pytest.fixture
def business(tmp_path: Path) -> Business:
    business = Business(tmp_path).maps(CSV)
    quoted = CUNNING.replace('"', '""')
    business.write("p.csv", f'who,day,pay\nada,2026-02-01,p1\n"{quoted}",2026-02-02,p2\n')
    business.write("m.csv", f'who,day,now\nbob,2026-02-03,ada\nada,2026-02-04,"{quoted}"\n')
    return business


def test_the_list_holds_no_name_and_the_first_day_stays(tmp_path: Path):
    record_erasure(tmp_path, ["ada", CUNNING], DAY)
    again = record_erasure(tmp_path, ["ada", "bob"], date(2026, 3, 1))
    assert again == read_tombstones(tmp_path)
    assert [again.has(who) for who in ("ada", CUNNING, "bob", "eve")] == [True] * 3 + [False]
    assert again.days[again.hash_of("ada")] == DAY
    file = tmp_path / "forgotten.json"
    assert "ada" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_two_homes_hash_the_same_person_differently(tmp_path: Path):
    one, other = (record_erasure(tmp_path / home, ["ada"], DAY) for home in ("one", "other"))
    assert one.hash_of("ada") != other.hash_of("ada")


def test_rows_of_the_forgotten_are_refused_counted_and_not_kept(business: Business):
    record_erasure(business.landing.folder, [CUNNING], DAY)
    payments, merges = (
        next(each for each in business.extract().tables if each.table == name)
        for name in ("payments", "merges")
    )
    assert (payments.landed, payments.rejected) == (1, {"forgotten": 1})
    # Who was merged into somebody forgotten is not: the row that says so would name them.
    assert (merges.landed, merges.rejected) == (1, {"forgotten": 1})
    assert business.rejected("payments") == [("forgotten", 3, None)]
    assert business.landing.rejected(PAYMENTS, UNTIL.date())["subscriber_id"].is_null().all()
    landed = b"".join(business.files().values())
    assert b"brien" not in landed


def test_a_broken_line_of_the_forgotten_is_not_kept_either(business: Business):
    record_erasure(business.landing.folder, [CUNNING, "ada lovelace"], DAY)
    quoted = CUNNING.replace('"', '""')
    business.write(
        "p.csv",
        "who,day,pay\nbob,2026-02-01,p1\n"
        f'"{quoted}",2026-02-02,p2,x\nada lovelace,1,2,3\neve,1,2,3\n',
    )
    business.extract()
    assert business.rejected("payments") == [
        ("forgotten", 3, None),
        ("forgotten", 4, None),
        ("broken_line", 5, "eve,1,2,3"),
    ]


def test_whoever_is_forgotten_breaks_no_other_rule_in_writing(business: Business):
    record_erasure(business.landing.folder, ["ada"], DAY)
    business.write("p.csv", "who,day,pay\nada,no day at all,p1\nbob,2026-02-01,p2\n")
    assert business.table_report("payments").rejected == {"forgotten": 1}


def test_the_same_extract_again_writes_the_same_bytes(business: Business):
    record_erasure(business.landing.folder, ["ada"], DAY)
    business.extract()
    before = business.files()
    business.extract()
    assert business.files() == before


def test_nothing_lands_while_nobody_knows_who_was_forgotten(business: Business):
    business.extract(at(10))
    (business.landing.folder / "forgotten.json").write_text('{"key": "12"}')
    with pytest.raises(BrokenTombstones, match="restore the file from a backup"):
        business.extract(at(11))


@pytest.mark.parametrize(
    ("who", "text", "there"),
    [
        ("s00042", "s00042", True),
        ("s00042", '{"who":"s00042"}', True),
        ("s00042", "see s00042.", True),
        ("s00042", "/subscribers/s00042/contacts", True),
        ("s00042", "s000421 and xs00042", False),
        ("s00042", "s00042-b", False),
        ("ana@example.com", "mariana@example.com", False),
        ("ana@example.com", "ana@example.com.mx", False),
        ("ana@example.com", "write to <ana@example.com>!", True),
        ("ana@example.com", "/subscribers/ana%40example.com", True),
        (CUNNING, 'who = "o\'brien ""50%"", ñ"', True),
        (CUNNING, '{"who":"o\'brien \\"50%\\", \\u00f1"}', True),
        (CUNNING, "'o''brien \"50%\", ñ'", True),
        (CUNNING, "o'brien 50%", False),
    ],
)
def test_an_id_is_found_where_it_stands_alone_however_it_is_spelt(who: str, text: str, there: bool):
    assert bool(standing_alone(who).search(text)) is there
    pattern = standing_alone_in_polars(who)
    assert pl.Series([text]).str.contains(pattern).to_list() == [there]


def test_short_ids_are_not_told_from_other_words():
    assert [is_telling(who) for who in ("17", "bob", "s00042", "ñññ")] == [False, False, True, True]
