"""A connector of another version: all is read again, lands once, and differences are corrections.

Its version is what its code says, as a mapping's is what the mapping says.
"""

import json
from pathlib import Path

import pytest

from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.known import known_connectors
from perdura.sources.connectors.version import digest, modules_in, version_of
from perdura.sources.events import PAYMENTS
from perdura.sources.extract import IncompleteExtract
from tests.support import acme_connector
from tests.support.small_sources import Business, at

FIRST = Path(acme_connector.__file__).read_text()
READ = "rows.append(json.loads(line) | place)"
#: Gives an amount in another unit: the same events, told otherwise.
CORRECTED = FIRST.replace(READ, 'rows.append(json.loads(line) | {"amount": 5} | place)')
#: Gives other times: of another moment, so other events.
MOVED = FIRST.replace(READ, 'rows.append(json.loads(line) | {"at": "2026-01-31"} | place)')
#: Leaves out what happened before: the fault that a whole reading repairs.
FORGETFUL = FIRST.replace(
    "        files = {", "        if since:\n            return {}\n        files = {"
)

MAPPING = """
[connect.acme]
connector = "own.py"
folder = "exports"

[payments]
file = "acme:charges"
subscriber_id = "person"
payment_id = "id"
happened_at = "at"
kind = "'paid'"
amount = "amount"
currency = "'EUR'"
"""
COLUMNS = ("payment_id", "amount", "happened_at", "known_at")


@pytest.fixture
def business(tmp_path: Path) -> Business:
    """A company of which two charges have landed by the first version."""
    business = Business(tmp_path).maps(MAPPING)
    business.write("own.py", FIRST)
    charge = {"id": "c1", "person": "ann", "at": "2026-02-01", "amount": 500}
    dear = charge | {"id": "c2", "amount": 5}
    business.write("exports/charges.jsonl", f"{json.dumps(charge)}\n{json.dumps(dear)}\n")
    business.extract(at(10))
    return business


@pytest.mark.parametrize("another", [FIRST + "\n# another version\n", CORRECTED])
def test_events_that_are_the_same_land_once(business: Business, another: str):
    business.write("own.py", another)
    report = business.table_report("payments", at(11))
    assert report.already_landed + report.landed == 2
    assert business.events("payments", ("payment_id", "amount")).count(("c2", 5)) == 1


def test_what_it_tells_otherwise_is_a_correction_known_since_it_could_be_read(business: Business):
    business.write("own.py", CORRECTED)
    report = business.table_report("payments", at(11))
    assert (report.landed, report.already_landed, report.otherwise, report.vanished) == (1, 1, 1, 0)
    assert any("the connector of acme has changed since 2026-02-10" in one for one in report.notes)
    assert sorted(business.events("payments", COLUMNS)) == [
        ("c1", 5, at(1), at(10)),
        ("c1", 500, at(1), at(1)),
        ("c2", 5, at(1), at(1)),
    ]
    assert not business.landing.has_no_versions(PAYMENTS)


def test_it_is_said_once_and_by_a_day_done_again(business: Business):
    business.write("own.py", CORRECTED)
    business.extract(at(11))
    files = business.files()
    again, later = (business.table_report("payments", at(day)) for day in (11, 12))
    assert any("has changed" in one for one in again.notes)
    assert not any("has changed" in one for one in later.notes)
    assert files.keys() <= business.files().keys()
    assert business.files()["payments/2026-02-11.parquet"] == files["payments/2026-02-11.parquet"]


def test_a_connector_that_moves_events_is_refused_as_they_would_count_twice(business: Business):
    before = business.events("payments")
    business.write("own.py", MOVED)
    with pytest.raises(IncompleteExtract, match="since 2026-02-10, and gives 2 of the 2 events"):
        business.extract(at(11))
    assert business.events("payments") == before
    business.write("own.py", FIRST)
    assert business.table_report("payments", at(11)).already_landed == 2


def test_afresh_it_lands_once_the_folder_is_gone(business: Business):
    business.write("own.py", MOVED)
    for file in business.landing.files(PAYMENTS).values():
        file.unlink()
    business.extract(at(11))
    assert [row[2:] for row in business.events("payments", COLUMNS)] == [(at(31, month=1),) * 2] * 2


def test_the_day_itself_is_done_anew(business: Business):
    business.write("own.py", MOVED)
    business.extract(at(10))
    assert [row[2] for row in business.events("payments", COLUMNS)] == [at(31, month=1)] * 2


def test_a_changed_connector_is_asked_for_everything(business: Business):
    business.write("own.py", FORGETFUL)
    assert business.table_report("payments", at(11)).already_landed == 2
    with pytest.raises(IncompleteExtract, match="gives no 'charges'"):
        business.extract(at(12))


def test_what_landed_before_versions_were_kept_is_read_again(business: Business):
    days = business.landing.folder / "extract.json"
    days.write_text(days.read_text().replace('"connectors"', '"of another version"'))
    business.write("own.py", FORGETFUL)
    assert business.table_report("payments", at(11)).already_landed == 2


@pytest.mark.parametrize("name", known_connectors())
def test_a_shipped_connector_s_version_is_of_its_code_and_of_what_all_share(name: str):
    version = version_of(Connection(name, name, {}, Path("mapping.toml")))
    others = {
        version_of(Connection(one, one, {}, Path("mapping.toml"))) for one in known_connectors()
    }
    assert len(version) == 16
    assert len(others) == len(known_connectors())


def test_a_version_changes_with_a_module_below(tmp_path: Path):
    (tmp_path / "api").mkdir()
    (tmp_path / "mapping.toml").write_text("a company has its own copy")
    (tmp_path / "api" / "lists.py").write_text("A = 1")
    first = digest(modules_in(tmp_path, deep=True))
    (tmp_path / "mapping.toml").write_text("and it has a fingerprint")
    assert digest(modules_in(tmp_path, deep=True)) == first
    (tmp_path / "api" / "lists.py").write_text("A = 2")
    assert digest(modules_in(tmp_path, deep=True)) != first
