"""Connectors in an extract: frames by name, every row accounted for, nothing of them kept."""

import json
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from perdura.flows.cli.console import output
from perdura.flows.cli.render.runs import print_report
from perdura.sources.connected import refuse_bad_connections
from perdura.sources.events import PAYMENTS
from perdura.sources.extract import IncompleteExtract
from perdura.sources.landing.erase import leftovers_of
from perdura.sources.mapping.mapping import BadMapping, read_mapping, source_files
from tests.support import acme_connector
from tests.support.small_sources import UNTIL, Business, at

#: Reads `charges.jsonl`, `people.jsonl` and `disputes.jsonl` of its folder.
OWN = Path(acme_connector.__file__).read_text()
FETCH = "    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:\n"

MAPPING = """
[connect.acme]
connector = "own.py"
folder = "exports"

[payments]
file = "acme:charges"
where = "amount > 0"
subscriber_id = "customer"
payment_id = "id"
happened_at = "at"
kind = "'paid'"
amount = "amount"
currency = "'EUR'"

[[payments.join]]
file = "acme:people"
on = { person = "id" }
take = { customer = "customer" }
"""

TICKETS = """
[tickets]
file = "acme:disputes"
subscriber_id = "id"
ticket_id = "id"
happened_at = "at"
kind = "'opened'"
"""

CHARGES = [
    {"id": "c1", "person": "p1", "at": "2026-02-01T00:00:00Z", "amount": 500},
    {"id": "c2", "person": "p1", "at": "yesterday", "amount": 700},
    {"id": "c3", "person": "p1", "at": "2026-02-03T00:00:00Z", "amount": 0},
    {"id": "c4", "person": "p9", "at": "2026-02-04T00:00:00Z", "amount": 900},
]


@pytest.fixture
def business(tmp_path: Path) -> Business:
    business = Business(tmp_path).maps(MAPPING)
    business.write("own.py", OWN)
    lines = [json.dumps(one) for one in CHARGES]
    business.write("exports/charges.jsonl", "\n".join(["{cut", *lines]) + "\n")
    business.write("exports/people.jsonl", json.dumps({"id": "p1", "customer": "ann"}) + "\n")
    return business


def test_frames_land_as_events_and_rejects_name_the_vendor_s_file_and_row(business: Business):
    report = business.table_report("payments")
    assert business.events("payments", ("subscriber_id", "payment_id", "amount")) == [
        ("ann", "c1", 500)
    ]
    rejected = business.landing.rejected(PAYMENTS, UNTIL.date())
    rows = rejected.select("rule", "file", "row", "text").rows()
    assert rows == [
        ("cut_off", "exports/charges.jsonl", 1, "{cut"),
        (
            "unparseable_time",
            "exports/charges.jsonl",
            3,
            '{"id":"c2","person":"p1","at":"yesterday","amount":700}',
        ),
        (
            "no_subscriber",
            "exports/charges.jsonl",
            5,
            '{"id":"c4","person":"p9","at":"2026-02-04T00:00:00Z","amount":900}',
        ),
    ]
    places = {one.rule: (one.file, one.row) for one in report.examples}
    assert places["unparseable_time"] == ("exports/charges.jsonl", 3)
    counts = report.in_rows
    assert (counts.read, counts.landed, counts.dropped, counts.rejected) == (5, 1, 1, 3)
    assert report.files == ("acme:charges",)
    assert "tiers are approximated: 1 charge" in report.notes


def test_each_note_of_a_frame_is_a_line_of_its_own(business: Business):
    two = OWN.replace('("tiers are approximated: 1 charge",)', '("tiers; and more", "taxes")')
    business.write("own.py", two)
    report = business.extract()
    assert report.tables[0].notes == ("tiers; and more", "taxes")
    shown = StringIO()
    print_report(report, output(shown))
    lines = shown.getvalue().splitlines()
    assert [line.strip() for line in lines if "tiers" in line or "taxes" in line] == [
        "payments: tiers; and more", "payments: taxes",
    ]  # fmt: skip


def test_an_extract_done_again_lands_the_same_bytes(business: Business):
    business.extract()
    before = business.files()
    business.extract()
    assert business.files() == before


def test_nothing_that_was_fetched_is_kept(business: Business):
    business.extract()
    assert not business.landing.staging.exists()
    business.maps(MAPPING + '\n[tickets]\nfile = "gone.csv"\n')
    with pytest.raises(IncompleteExtract):
        business.extract()
    assert not business.landing.staging.exists()
    business.maps(MAPPING.replace('happened_at = "at"', 'happened_at = "nowhere"'))
    with pytest.raises(BadMapping):
        business.extract()
    assert not business.landing.staging.exists()


def test_what_a_killed_extract_has_fetched_goes_with_the_next_extract_or_erasure(
    business: Business,
):
    die = (
        "        import os, signal\n"
        "        (self.connection.scratch / 'page.json').write_text('ann')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    business.write("own.py", OWN.replace(FETCH, FETCH + die))
    run = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; "
        "from perdura.sources.extract import extract; mapping, landing = map(Path, sys.argv[1:]); "
        "extract(mapping, until=datetime(2026, 3, 1, tzinfo=UTC), landing=landing)"
    )
    arguments = [str(business.folder / "mapping.toml"), str(business.landing.folder)]
    killed = subprocess.run([sys.executable, "-c", run, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in business.landing.staging.rglob("*.json")] == ["page.json"]
    assert business.landing.staging in leftovers_of(business.landing)
    business.write("own.py", OWN)
    business.extract()
    assert not business.landing.staging.exists()


def test_a_frame_that_is_missing_stops_its_tables_alone(business: Business):
    business.maps(MAPPING + TICKETS)
    with pytest.raises(IncompleteExtract, match=r"\[tickets\]: acme:disputes: own.py gives"):
        business.extract()
    assert len(business.events("payments")) == 1
    business.maps(MAPPING + TICKETS.replace("subscriber_id", "optional = true\nsubscriber_id", 1))
    assert business.extract().because["tickets"].startswith("a file is missing")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"acme:charges"', '"acme:charge"', "has no frame 'charge'; did you mean charges"),
        ('"acme:people"', '"acne:people"', r"frame of \[connect.acne\], .*; there is acme"),
        ('"own.py"', '"own2.py"', "no connector 'own2.py': no file"),
        ('connector = "own.py"', 'connector = "chargeboo"', "no connector 'chargeboo'"),
        ('folder = "exports"', 'foldr = "exports"', "no such key 'foldr'; did you mean folder"),
        ('folder = "exports"', "", r"section \[connect.acme\]: folder: field required"),
        ('"exports"', '"$NOT_SET_ANYWHERE/x"', "environment variable NOT_SET_ANYWHERE"),
        ("[connect.acme]", "[connect]", "expected a section for each"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_mapping_says_what_to_write(
    business: Business, before: str, after: str, says: str
):
    business.maps(MAPPING.replace(before, after))
    with pytest.raises(BadMapping, match=says):
        business.extract()
    assert not business.landing.days()


def test_a_bad_section_is_refused_before_anything_runs_and_missing_data_are_not(
    business: Business,
):
    mapping = business.folder / "mapping.toml"
    refuse_bad_connections(read_mapping(mapping))
    business.maps(MAPPING.replace('"exports"', '"elsewhere"'))
    refuse_bad_connections(read_mapping(mapping))
    business.maps(MAPPING.replace("folder", "foldr"))
    with pytest.raises(BadMapping, match="no such key 'foldr'"):
        refuse_bad_connections(read_mapping(mapping))
    assert not business.landing.folder.exists()


def test_the_folders_of_connectors_are_sources_of_a_business(business: Business):
    mapping = read_mapping(business.folder / "mapping.toml")
    assert source_files(mapping) == [business.folder / "exports"]


def test_a_folder_that_is_missing_is_said_for_each_table(business: Business):
    business.maps(MAPPING.replace('folder = "exports"', 'folder = "elsewhere"'))
    with pytest.raises(IncompleteExtract, match="acme:charges: no folder 'elsewhere'"):
        business.extract()


def test_a_value_of_the_section_is_in_no_message(business: Business):
    business.maps(MAPPING.replace('folder = "exports"', "folder = 'exports'\nkey = ['sk_live_1']"))
    with pytest.raises(BadMapping) as caught:
        business.extract()
    assert "key" in str(caught.value)
    assert "sk_live_1" not in str(caught.value)


def test_the_place_of_a_vendor_s_data_changes_no_fingerprint(business: Business):
    before = read_mapping(business.folder / "mapping.toml").fingerprint("payments")
    business.maps(MAPPING.replace('"exports"', '"exports2"'))
    assert read_mapping(business.folder / "mapping.toml").fingerprint("payments") == before


def test_since_is_the_end_of_the_newest_whole_extract_of_an_earlier_day(business: Business):
    ask = (
        "        with (self.folder / 'asked.txt').open('a') as file:\n"
        "            print(since, until, file=file)\n"
    )
    business.write("own.py", OWN.replace(FETCH, FETCH + ask))
    for day in (10, 11, 11):
        business.extract(at(day))
    # A table that is new, or told otherwise, has not been read before.
    business.maps(MAPPING + TICKETS)
    with pytest.raises(IncompleteExtract):
        business.extract(at(12))
    asked = (business.folder / "exports/asked.txt").read_text().splitlines()
    ten, eleven, twelve = (f"2026-02-{day} 00:00:00+00:00" for day in (10, 11, 12))
    assert asked == [f"None {ten}", f"{ten} {eleven}", f"{ten} {eleven}", f"None {twelve}"]
