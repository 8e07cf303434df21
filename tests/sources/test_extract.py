"""Extract: only what became known since, appended, never updated; nothing lost on the way."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import UNTIL, Business, at

MAPPING = '[payments]\nfile = "p.parquet"\n'
SCHEMA = {
    "subscriber_id": pl.String,
    "happened_at": pl.Datetime("us", "UTC"),
    "known_at": pl.Datetime("us", "UTC"),
    "kind": pl.String,
    "payment_id": pl.String,
    "amount": pl.Int64,
}
KNOWN = ("payment_id", "known_at")


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path).maps(MAPPING)


def paid(*payments: tuple[str, datetime]) -> pl.DataFrame:
    """Payments by id and when they were known, an hour after they happened."""
    rows = [("ada", known - timedelta(hours=1), known, "paid", name, 5) for name, known in payments]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_an_extract_lands_what_was_known_before_it_and_nothing_twice(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(10)), ("c", at(11))))
    first = business.table_report("payments", at(10))
    assert business.events("payments", KNOWN) == [("a", at(1))]
    second = business.table_report("payments", at(11))
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(10))]
    assert (first.landed, first.not_yet_known) == (1, 2)
    assert (second.landed, second.already_landed, second.not_yet_known) == (1, 1, 1)
    assert business.days("payments") == ["2026-02-10", "2026-02-11"]


def test_a_day_done_again_writes_the_same_bytes_and_touches_no_other_day(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(9)), ("x", at(9)), ("x", at(9))))
    for day in (5, 10, 11):
        business.extract(at(day))
    before = business.files()
    for day in (10, 5, 11, 10):
        business.extract(at(day))
        assert business.files() == before


def test_the_same_source_in_another_order_writes_the_same_events(business: Business):
    frame = paid(*((f"p{n}", at(1) + timedelta(minutes=n)) for n in range(500)))
    business.write("p.parquet", frame)
    business.extract()
    before = business.files()
    business.write("p.parquet", frame.reverse())
    business.extract()
    assert business.files() == before


def test_many_rows_write_the_same_bytes_every_time(tmp_path: Path):
    many = pl.DataFrame({"n": pl.int_range(100_000, eager=True)}).select(
        subscriber_id=pl.format("s{}", pl.col("n") % 977),
        happened_at=pl.lit(at(1)) + pl.duration(seconds=pl.col("n") * 7919 % 86_400),
        kind=pl.lit("paid"),
        payment_id=pl.format("p{}", pl.col("n") // 2),
        amount=pl.col("n") // 2,
    )
    files = []
    for name, frame in (("one", many), ("other", many.sample(fraction=1, shuffle=True, seed=1))):
        business = Business(tmp_path / name).maps(MAPPING)
        business.write("p.parquet", frame)
        assert business.table_report("payments").landed == 100_000
        files.append(business.files()["payments/2026-03-01.parquet"])
    assert files[0] == files[1]


def test_what_turns_up_late_is_known_from_when_it_could_first_be_read(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(10))
    business.write("p.parquet", paid(("a", at(1)), ("late", at(2)), ("b", at(10, 12))))
    report = business.table_report("payments", at(11))
    assert business.events("payments", KNOWN) == [
        ("a", at(1)),
        ("late", at(10)),
        ("b", at(10, 12)),
    ]
    assert (report.landed, report.late) == (2, 1)
    # Done again, by then it is no later than before.
    business.extract(at(11))
    assert ("late", at(10)) in business.events("payments", KNOWN)
    assert business.table_report("payments", at(12)).landed == 0


def test_nothing_is_late_for_a_table_that_was_never_extracted(business: Business):
    business.write("p.parquet", b"no parquet yet")
    with pytest.raises(IncompleteExtract):
        business.extract(at(10))
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(11))
    assert business.events("payments", KNOWN) == [("a", at(1))]


def test_an_event_told_again_with_another_known_at_is_the_same_event(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(10))
    business.write("p.parquet", paid(("a", at(1))).with_columns(known_at=pl.lit(at(12))))
    report = business.table_report("payments", at(15))
    assert (report.landed, report.already_landed) == (0, 1)
    assert business.events("payments", KNOWN) == [("a", at(1))]


def test_of_several_copies_the_one_known_first_lands(business: Business):
    copies = paid(("a", at(3)), ("a", at(5)), ("a", at(4)))
    business.write("p.parquet", copies.with_columns(happened_at=pl.lit(at(1))))
    assert business.table_report("payments").rejected == {"duplicate": 2}
    assert business.events("payments", KNOWN) == [("a", at(3))]
    business.write("p.parquet", copies.reverse().with_columns(happened_at=pl.lit(at(1))))
    business.extract()
    assert business.events("payments", KNOWN) == [("a", at(3))]


def test_a_missed_night_caught_up_after_a_later_one_lands_nothing_twice(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(9)), ("c", at(11))))
    for day in (5, 12, 10):
        business.extract(at(day))
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(9)), ("c", at(11))]


def test_an_event_that_a_source_forgets_stays_landed(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))))
    business.extract(at(10))
    business.write("p.parquet", paid(("b", at(2))))
    business.extract(at(11))
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(2))]


@pytest.mark.parametrize("again", [5, 10, 20])
def test_what_turns_up_late_is_never_known_before_the_newest_extract(
    business: Business, again: int
):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(8)), ("c", at(15))))
    for day in (5, 10, 20):
        business.extract(at(day))
    business.write("p.parquet", paid(("a", at(1)), ("b", at(8)), ("c", at(15)), ("late", at(4))))
    assert business.table_report("payments", at(again)).late == 1
    told = [("a", at(1)), ("late", at(20)), ("b", at(8)), ("c", at(15))]
    assert business.events("payments", KNOWN) == told
    before = business.files()
    for day in (10, 5, 20):
        business.extract(at(day))
        assert business.files() == before


def test_a_day_missed_and_caught_up_knows_late_rows_from_the_newest_extract(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(20))
    business.write("p.parquet", paid(("a", at(1)), ("late", at(6))))
    business.extract(at(10))
    assert business.events("payments", KNOWN) == [("a", at(1)), ("late", at(20))]


def test_a_day_that_crashed_before_its_end_counts_as_not_done(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(5))
    kept = (business.landing.folder / "extract.json").read_bytes()
    business.extract(at(10))
    (business.landing.folder / "extract.json").write_bytes(kept)
    business.write("p.parquet", paid(("a", at(1)), ("b", at(6))))
    business.extract(at(10))
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(6))]


def test_an_event_told_again_later_keeps_its_day_when_that_is_done_again(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))))
    business.extract(at(10))
    before = business.files()["payments/2026-02-10.parquet"]
    later = pl.when(pl.col("payment_id") == "a").then(at(12)).otherwise("known_at")
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))).with_columns(known_at=later))
    report = business.table_report("payments", at(10))
    assert (report.landed, report.late, report.not_yet_known) == (2, 0, 0)
    assert business.files()["payments/2026-02-10.parquet"] == before


@pytest.mark.parametrize("left", [paid(("b", at(2))), paid()])
def test_a_day_done_again_from_a_shorter_source_loses_nothing(
    business: Business, left: pl.DataFrame
):
    business.write("t.csv", "subscriber_id,happened_at,kind,ticket_id\nada,2026-02-01,opened,1\n")
    business.maps(MAPPING + '[tickets]\nfile = "t.csv"\n')
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))))
    business.extract(at(10))
    before = business.files()
    business.write("p.parquet", left)
    (business.landing.folder / "tickets/2026-02-10.parquet").unlink()
    with pytest.raises(IncompleteExtract, match=r"delete .*2026-02-10\.parquet") as caught:
        business.extract(at(10))
    assert f"no longer gives {2 - left.height} of the 2 events" in str(caught.value)
    assert "such as paid of 2026-01-31 23:00" in str(caught.value)
    assert "ada" not in str(caught.value)
    assert caught.value.report.degraded == ("payments",)
    assert {**before, "extract.json": b""} == {**business.files(), "extract.json": b""}


def test_a_source_found_again_after_a_shorter_one_is_as_if_it_never_was(business: Business):
    whole = paid(("a", at(1)), ("b", at(2)))
    business.write("p.parquet", whole)
    business.extract(at(10))
    before = business.files()
    business.write("p.parquet", paid())
    with pytest.raises(IncompleteExtract):
        business.extract(at(10))
    business.write("p.parquet", whole)
    business.extract(at(10))
    assert business.files() == before
    # The first run read it: what it did not see is still known no earlier.
    business.write("p.parquet", b"broken")
    with pytest.raises(IncompleteExtract):
        business.extract(at(10))
    business.write("p.parquet", pl.concat([whole, paid(("late", at(3)))]))
    business.extract(at(10))
    assert ("late", at(10)) in business.events("payments", KNOWN)


def test_events_are_dropped_on_purpose_by_deleting_their_file(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))))
    business.extract(at(10))
    business.write("p.parquet", paid(("b", at(2))))
    (business.landing.folder / "payments/2026-02-10.parquet").unlink()
    business.extract(at(10))
    assert business.events("payments", KNOWN) == [("b", at(2))]


def test_the_price_of_dropping_events_of_a_day_before_others_is_told(business: Business):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(2))))
    for day in (10, 20):
        business.extract(at(day))
    business.write("p.parquet", paid(("b", at(2))))
    with pytest.raises(IncompleteExtract, match="then counts as known from 2026-02-20 on"):
        business.extract(at(10))


def test_a_source_that_was_blank_had_not_been_read(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(5))
    business.write("p.parquet", paid())
    assert business.extract(at(10)).degraded == ("payments",)
    business.write("p.parquet", paid(("a", at(1)), ("b", at(6))))
    assert business.extract(at(10)).degraded == ()
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(6))]


def test_a_day_read_in_part_stays_degraded_by_what_it_missed(business: Business):
    business.maps(
        '[[payments]]\nfile = "p.parquet"\n[[payments]]\nfile = "q.parquet"\noptional = true\n'
    )
    business.write("p.parquet", paid(("a", at(1))))
    assert business.extract(at(10)).degraded == ("payments",)
    business.write("q.parquet", paid(("b", at(6))))
    for _ in range(2):
        assert business.extract(at(10)).degraded == ("payments",)
        assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(10))]
    assert business.extract(at(11)).degraded == ()


def test_a_changed_mapping_is_refused_where_it_would_land_everything_again(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    business.extract(at(10))
    business.maps(MAPPING + "currency = \"'EUR'\"\n")
    with pytest.raises(BadMapping, match=r"\[payments\] has changed since it landed on 2026-02-10"):
        business.extract(at(11))
    business.extract(at(10))  # the same day is replaced whole, so there it may change
    assert business.events("payments", ["currency"]) == [("EUR",)]
    (business.folder / "p.parquet").rename(business.folder / "moved.parquet")
    business.maps(MAPPING.replace("p.parquet", "moved.parquet") + "currency = \"'EUR'\"\n")
    assert business.table_report("payments", at(11)).already_landed == 1


def test_until_needs_a_time_zone_and_any_will_do(business: Business):
    business.write("p.parquet", paid(("a", at(1))))
    with pytest.raises(ValueError, match="of no time zone"):
        business.extract(at(2).replace(tzinfo=None))
    business.extract(datetime.fromisoformat("2026-02-02T02:00:00+05:00"))
    assert business.days("payments") == ["2026-02-01"]


def test_progress_is_told_table_by_table(business: Business, tmp_path: Path):
    from perdura.sources.extract import extract

    business.write("p.parquet", paid(("a", at(1))))
    business.write("t.csv", "")
    business.maps(MAPPING + '[tickets]\nfile = "t.csv"\n')
    told: list[tuple[int, int, str]] = []
    extract(
        tmp_path / "mapping.toml",
        until=UNTIL,
        landing=business.landing,
        progress=lambda done, total, what: told.append((done, total, what)),
    )
    assert told == [(0, 2, "payments"), (1, 2, "tickets"), (2, 2, "")]


# Moments at the edges of two extracts, before, between and after them, in every order.
EDGE, LAST = at(10), at(20)
moments = st.sampled_from([EDGE, LAST]).flatmap(
    lambda edge: st.sampled_from([-9, -1, 0, 1, 9]).map(lambda hours: edge + timedelta(hours=hours))
)
rows = st.builds(
    lambda who, happened, delay, kind, name, amount: (
        who,
        happened,
        None if delay is None or happened is None else happened + timedelta(hours=delay),
        kind,
        name,
        amount,
    ),
    who=st.sampled_from(["ada", "ada", "bob", "", None]),
    happened=moments | st.none(),
    delay=st.sampled_from([0, 1, None, 240, -1]),
    kind=st.sampled_from(["paid", "paid", "failed", "payed", None]),
    name=st.sampled_from(["x", "y", None]),
    amount=st.sampled_from([0, 5, None, -5]),
)


@st.composite
def sources(draw: st.DrawFn) -> pl.DataFrame:
    """Rows, and some of them told again: known earlier, as before, or later."""
    once = draw(st.lists(rows, max_size=20))
    again = draw(st.lists(st.sampled_from(once), max_size=6)) if once else []
    known = draw(st.lists(moments, min_size=len(again), max_size=len(again)))
    copies = [(*row[:2], moment, *row[3:]) for row, moment in zip(again, known, strict=True)]
    return pl.DataFrame(draw(st.permutations(once + copies)), SCHEMA, orient="row")


@given(sources())
def test_every_row_is_somewhere_and_two_steps_land_what_one_does(source: pl.DataFrame):
    with TemporaryDirectory() as folder:
        one, two = Business(Path(folder) / "one"), Business(Path(folder) / "two")
        for business in (one, two):
            business.maps(MAPPING).write("p.parquet", source)
        two.extract(EDGE)
        once, twice = one.table_report("payments", LAST), two.table_report("payments", LAST)
        assert one.events("payments") == two.events("payments")
        for report in (once, twice):
            left = report.landed + report.already_landed + report.not_yet_known
            assert source.height == left + sum(report.rejected.values())
        assert len(one.rejected("payments", LAST)) == sum(once.rejected.values())
        assert twice.late == 0


@given(sources())
def test_what_a_source_learns_later_changes_nothing_that_landed_before(source: pl.DataFrame):
    known = source.filter(pl.col("known_at").fill_null(pl.col("happened_at")) < EDGE)
    with TemporaryDirectory() as folder:
        all_of_it, truncated = Business(Path(folder) / "all"), Business(Path(folder) / "cut")
        all_of_it.maps(MAPPING).write("p.parquet", source)
        truncated.maps(MAPPING).write("p.parquet", known)
        for business in (all_of_it, truncated):
            business.extract(EDGE)
        assert all_of_it.events("payments") == truncated.events("payments")


@given(sources())
def test_landed_events_agree_with_a_slow_look_at_each_row(source: pl.DataFrame):
    seen: dict[tuple[object, ...], datetime] = {}
    for who, happened, told, kind, name, amount in source.iter_rows():
        known = told or happened
        sound = who and happened and kind in {"paid", "failed"} and (amount is None or amount >= 0)
        if sound and happened <= known < LAST:
            event = (who, happened, kind, name, amount)
            seen[event] = min(known, seen.get(event, known))
    with TemporaryDirectory() as folder:
        business = Business(Path(folder)).maps(MAPPING)
        business.write("p.parquet", source)
        business.extract(LAST)
        columns = ["subscriber_id", "happened_at", "kind", "payment_id", "amount", "known_at"]
        landed = business.events("payments", columns)
    assert set(landed) == {(*event, known) for event, known in seen.items()}
    assert len(landed) == len(seen)


@given(sources(), sources(), st.permutations([EDGE, LAST, EDGE]))
def test_no_extract_changes_what_was_known_before_the_newest_one(
    source: pl.DataFrame, gained: pl.DataFrame, order: list[datetime]
):
    with TemporaryDirectory() as folder:
        business = Business(Path(folder)).maps(MAPPING)
        business.write("p.parquet", source)
        business.extract(EDGE)
        business.extract(LAST)
        before = business.landing.events()["payments"].collect()
        business.write("p.parquet", pl.concat([source, gained]))
        for until in order:
            business.extract(until)
        after = business.landing.events()["payments"].collect()
    assert set(before.rows()) <= set(after.rows())
    # A source that was blank had told nothing that could be held against it.
    if source.height:
        assert after.filter(pl.col("known_at") < LAST).height <= before.height


ONE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from perdura.sources.extract import extract
folder, day = Path(sys.argv[1]), int(sys.argv[2])
def tell(done, total, what):
    print(what, flush=True)
    if what == "payments" and day == 10:
        sys.stdin.readline()
until = datetime(2026, 2, day, tzinfo=UTC)
extract(folder / "mapping.toml", until=until, landing=folder / "landing", progress=tell)
"""


def one(business: Business, day: int) -> "subprocess.Popen[str]":
    """A process that extracts until a day; until the 10th it stops half-way and waits."""
    command = [sys.executable, "-c", ONE, str(business.folder), str(day)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "POLARS_MAX_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True)


@pytest.mark.parametrize("killed", [False, True])
def test_of_two_extracts_at_once_one_waits_even_if_the_other_is_killed(
    business: Business, killed: bool
):
    business.write("p.parquet", paid(("a", at(1)), ("b", at(10))))
    with one(business, 10) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "payments\n"
        with one(business, 11) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting for another extract to end\n"
            assert not list(business.landing.days())
            if killed:
                first.kill()
            else:
                first.communicate("go on\n")
            assert second.communicate()[0] == "payments\n\n"
    assert second.returncode == 0
    assert [day.day for day in business.landing.days()] == ([11] if killed else [10, 11])
    assert business.events("payments", KNOWN) == [("a", at(1)), ("b", at(10))]
