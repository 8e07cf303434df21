"""One person out of the landing: nothing is left of them, and everything is left of others."""

from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.sources.events import EVENT_TABLES
from perdura.sources.landing.erase import (
    accounts_of,
    begun,
    erase_landed,
    erase_leftover,
    erase_rejected,
    landed_of,
    leftovers_of,
    rejected_of,
)
from perdura.sources.landing.landing import REJECTED, Landing
from perdura.sources.landing.partition import Part
from perdura.sources.landing.tombstones import record_erasure
from tests.support.small_sources import Business, at

PEOPLE = ("s1", "s11", "1", 'o\'brien "50%"', "ana@example.com", "mariana@example.com", "Ñandú")
MAPPING = """
[payments]
file = "p.parquet"
[tickets]
file = "t.parquet"
[merges]
file = "m.parquet"
"""
COLUMNS = {
    "subscriber_id": pl.String,
    "happened_at": pl.Datetime("us", "UTC"),
    "kind": pl.String,
}
OWN = {"p": {"payment_id": pl.String}, "t": {"ticket_id": pl.String, "score": pl.Float64}}
OWN |= {"m": {"merged_into": pl.String}}

who = st.sampled_from(PEOPLE)
when = st.integers(0, 20 * 24).map(lambda hours: at(1, hours % 24).replace(day=1 + hours // 24))
payments = st.lists(st.tuples(who, when, st.sampled_from(["paid", "stolen"]), st.just("p")))
tickets = st.lists(
    st.tuples(who, when, st.just("opened"), st.sampled_from(["t1", None]), st.none())
)


def frame(name: str, rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={**COLUMNS, **OWN[name]}, orient="row")


def landed(folder: Path, rows: dict[str, list[tuple]]) -> Business:
    """All of it, in three extracts."""
    business = Business(folder).maps(MAPPING)
    for name in OWN:
        business.write(f"{name}.parquet", frame(name, rows.get(name, [])))
    for day in (8, 15, 22):
        business.extract(at(day))
    return business


def erase(landing: Landing, accounts: list[str]) -> None:
    for path in leftovers_of(landing):
        erase_leftover(path)
    for file in rejected_of(landing, accounts):
        erase_rejected(file, accounts)
    for file in landed_of(landing, accounts):
        erase_landed(file, accounts)


def rejected(business: Business) -> pl.DataFrame:
    files = sorted((business.landing.folder / "rejected").rglob("*.parquet"))
    return pl.concat([pl.DataFrame(schema=REJECTED), *map(pl.read_parquet, files)])


@settings(max_examples=10)
@given(payments=payments, tickets=tickets, gone=who)
def test_others_are_left_byte_for_byte_as_if_the_person_had_never_been_there(
    payments: list[tuple], tickets: list[tuple], gone: str
):
    rows = {"p": payments, "t": tickets}
    without = {name: [row for row in several if row[0] != gone] for name, several in rows.items()}
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        there, never_there = landed(Path(one), rows), landed(Path(other), without)
        refused = rejected(there).filter(pl.col("subscriber_id") != gone)
        erase(there.landing, [gone])
        for table in EVENT_TABLES:
            files = there.landing.files(table)
            expected = never_there.landing.files(table)
            assert [file.read_bytes() for file in files.values()] == [
                file.read_bytes() for file in expected.values()
            ]
        assert rejected(there).equals(refused)
        assert not landed_of(there.landing, [gone]) | rejected_of(there.landing, [gone])


def merged(*links: tuple[str, str, int]) -> list[tuple]:
    return [(old, at(day), "merged", new) for old, new, day in links]


@pytest.mark.parametrize(
    ("links", "asked", "accounts"),
    [
        ([], "a", ["a"]),
        ([("a", "b", 2)], "a", ["a", "b"]),
        ([("a", "b", 2)], "b", ["a", "b"]),
        ([("a", "b", 2), ("b", "c", 3), ("x", "y", 3)], "b", ["a", "b", "c"]),
        ([("a", "b", 2), ("d", "b", 3)], "d", ["a", "b", "d"]),
        # a was merged into b by mistake: b is somebody else.
        ([("a", "b", 2), ("a", "c", 9)], "a", ["a", "c"]),
        ([("a", "b", 2), ("a", "c", 9)], "b", ["b"]),
        ([("a", "b", 2), ("b", "a", 3)], "b", ["a", "b"]),
    ],
)
def test_a_person_is_all_accounts_that_live_on_as_one(
    tmp_path: Path, links: list[tuple[str, str, int]], asked: str, accounts: list[str]
):
    business = landed(tmp_path, {"m": merged(*links)})
    assert accounts_of(business.landing, asked) == accounts


def test_a_row_that_names_them_as_the_owner_goes_too(tmp_path: Path):
    business = landed(tmp_path, {"m": merged(("a", "b", 2), ("a", "c", 9), ("x", "y", 9))})
    erase(business.landing, ["b"])
    assert business.events("merges", ["subscriber_id", "merged_into"]) == [("a", "c"), ("x", "y")]


def test_only_files_that_hold_the_person_are_written_again(tmp_path: Path):
    rows = [
        ("ada", at(3), "paid", "p1"),
        ("bob", at(3), "paid", "p2"),
        ("bob", at(10), "paid", "3"),
    ]
    business = landed(tmp_path, {"p": rows})
    before = {file: file.stat().st_ino for file in business.landing.folder.rglob("*.parquet")}
    erase(business.landing, ["ada"])
    changed = [file for file, number in before.items() if file.stat().st_ino != number]
    assert changed == [business.landing.folder / "payments" / "2026-02-08.parquet"]


def test_of_people_in_many_row_groups_all_and_only_their_rows_go(tmp_path: Path):
    many = [(f"s{n % 700}", at(1 + n % 7), "paid", f"p{n}") for n in range(150_000)]
    business = landed(tmp_path, {"p": many})
    gone = ["s7", "s70", "s699"]
    assert sum(landed_of(business.landing, gone).values()) == sum(row[0] in gone for row in many)
    erase(business.landing, gone)
    expected = sorted(row[3] for row in many if row[0] not in gone)
    found = sorted(str(name) for (name,) in business.events("payments", ["payment_id"]))
    assert found == expected


def test_what_was_gathered_and_what_broken_off_extracts_left_goes(tmp_path: Path):
    links = [(f"a{n}", f"b{n}", 2) for n in range(20)]
    business = landed(tmp_path, {"m": merged(*links), "p": [("a1", at(3), "paid", "p1")]})
    business.landing.gather_moved()
    drafts = [business.landing.folder / "payments" / "2026-02-08.parquet.12.part"]
    drafts.append(business.landing.folder / "payments.ranges" / "000.arrow")
    for draft in drafts:
        draft.parent.mkdir(exist_ok=True)
        draft.write_bytes(b"a1")
    before = everything(business)
    erase(business.landing, ["a1", "b1"])
    assert not leftovers_of(business.landing)
    assert everything(business) == [row for row in before if row[1] not in ("a1", "b1")]


def everything(business: Business) -> list[tuple[str, str, datetime]]:
    """All events, read in parts, which gathers what was moved."""
    parts = [business.landing.events(Part(n, 4)) for n in range(4)]
    found = [
        (name, row[0], row[1])
        for events in parts
        for name, table in events.items()
        for row in table.collect().rows()
    ]
    return sorted(found)


def test_rejected_rows_of_earlier_versions_go_by_their_text(tmp_path: Path):
    business = landed(tmp_path, {"p": [("s00042", at(3), "stolen", "p1")]})
    file = next((business.landing.folder / "rejected" / "payments").glob("*-08.parquet"))
    old = pl.DataFrame(
        {
            "rule": ["x"] * 4,
            "file": ["p.csv"] * 4,
            "row": [1, 2, 3, 4],
            "text": ['{"who":"s00042"}', '{"who":"s000421"}', "s00042;cut", None],
        },
        schema={name: kind for name, kind in REJECTED.items() if name != "subscriber_id"},
    )
    old.write_parquet(file)
    erase(business.landing, ["s00042"])
    assert pl.read_parquet(file)["row"].to_list() == [2, 4]


def test_stopped_before_any_file_it_goes_on_and_ends_alike(tmp_path: Path):
    rows = [
        (who, at(day), "paid", f"p{day}") for who in ("ada", "bob", "eve") for day in (3, 9, 17)
    ]
    links = merged(("ada", "eve", 2), ("old", "ada", 9))
    whole = landed(tmp_path / "whole", {"p": rows, "m": links})
    erase(whole.landing, accounts_of(whole.landing, "eve"))
    for stop in range(6):
        business = landed(tmp_path / str(stop), {"p": rows, "m": links})
        accounts = accounts_of(business.landing, "eve")
        buried = record_erasure(business.landing.folder, accounts, date(2026, 3, 1))
        for file in list(landed_of(business.landing, accounts))[:stop]:
            erase_landed(file, accounts)
        # Begun again by somebody who knows the one name only.
        again = {*accounts_of(business.landing, "eve"), *begun(business.landing, buried)}
        erase(business.landing, sorted(again))
        (business.landing.folder / "forgotten.json").unlink()
        assert business.files() == whole.files()


@pytest.mark.parametrize(
    ("erased", "written", "options"),
    [
        ("17850", "17850.0", ""),
        ("17850.0", "17850.0", ""),  # erased from a home that had landed it so
        (" Ana@x.com", " Ana@x.com", 'normalise = { subscriber_id = ["trim", "lower"] }'),
        ("ana@x.com", "Ana@X.com", 'normalise = { subscriber_id = ["trim", "lower"] }'),
    ],
)
def test_an_erased_id_is_refused_however_it_is_written_and_read(
    tmp_path: Path, erased: str, written: str, options: str
):
    business = Business(tmp_path)
    record_erasure(business.landing.folder, [erased], date(2026, 2, 1))
    business.write("p.csv", f'who,day\n"{written}",2026-02-01\nbob,2026-02-01\n')
    report = business.maps(
        '[payments]\nfile = "p.csv"\nsubscriber_id = "who"\nhappened_at = "day"\n'
        f"kind = \"'paid'\"\n{options}"
    ).table_report("payments")
    assert business.events("payments", ["subscriber_id"]) == [("bob",)]
    assert report.rejected == {"forgotten": 1}
