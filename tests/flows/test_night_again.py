"""A night done again asks what it lacked, and only that night."""

from pathlib import Path

import pytest

from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.extract_sources import extract_missing
from perdura.sources.extract import IncompleteExtract
from tests.support.small_sources import Business, at

NIGHT = at(10)
GOOD = "subscriber_id,happened_at,kind\nada,2026-02-0{},paid\n"


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path).maps('[payments]\nfile = "p.csv"\n')


def extracts(business: Business) -> list[tuple[object, ...]]:
    """What has landed once the night of the 10th has asked its sources."""
    settings = Settings(home=business.folder, mapping=business.folder / "mapping.toml")
    landed = business.landing.folder
    assert not settings.landing_folder.exists()
    settings.landing_folder.parent.mkdir(exist_ok=True)
    settings.landing_folder.symlink_to(landed)
    with step("extract", {}) as tell:
        extract_missing(settings, NIGHT, tell, patient=False)
    return business.events("payments", ["happened_at"])


def test_a_night_whose_source_was_repaired_reads_it(business: Business):
    with pytest.raises(IncompleteExtract):
        business.extract(NIGHT)
    business.write("p.csv", GOOD.format(1))
    assert extracts(business) == [(at(1),)]


def test_a_night_that_lacked_nothing_asks_nobody(business: Business):
    business.write("p.csv", GOOD.format(1))
    business.extract(at(11))
    business.write("p.csv", GOOD.format(2))
    assert extracts(business) == [(at(1),)]
