"""docs/CONNECTORS.md: what stands there is run as it stands, and gives what it says."""

import re
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.mapping.mapping import TABLES
from tests.support.small_sources import Business, at

TEXT = (Path(__file__).parents[3] / "docs" / "CONNECTORS.md").read_text("utf-8")
UNTIL = at(10, month=3)


@pytest.fixture
def business(tmp_path: Path) -> Business:
    """A folder with the files of the page."""
    business = Business(tmp_path)
    files = re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    for name, content in files:
        cut = name.endswith(".jsonl") and "@exam\n" in content
        business.write(name, content.removesuffix("\n") if cut else content)
    return business


def shown() -> list[tuple[str, ...]]:
    """The rows of the page's table of what lands."""
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (2026-.*?) \| (\w+) \|$", TEXT, re.MULTILINE)
    assert rows
    return rows


def test_the_page_s_connector_lands_what_the_page_shows(business: Business):
    business.extract(UNTIL)
    landed: list[tuple[str, ...]] = []
    for table in ("subscriptions", "payments"):
        events = business.landing.events()[table].sort("happened_at").collect()
        moment = pl.col("happened_at").dt.strftime("%Y-%m-%d %H:%M")
        rows = events.select(pl.lit(table), "subscriber_id", moment, "kind").rows()
        landed += rows
    assert landed == shown()


def test_the_page_s_connector_refuses_what_the_page_says(business: Business):
    business.extract(UNTIL)
    refused = re.findall(r"`(\w+)` in (export/\w+\.jsonl), line (\d)", TEXT)
    found: list[tuple[str, str, str]] = []
    for table in ("subscriptions", "payments"):
        rows = business.landing.rejected(TABLES[table], UNTIL.date())
        found += [(rule, file, str(row)) for rule, file, row, *_ in rows.rows()]
    assert found == refused


def test_a_file_that_is_missing_is_said_and_the_other_table_lands(business: Business):
    from perdura.sources.extract import IncompleteExtract

    (business.folder / "export/charges.jsonl").unlink()
    with pytest.raises(IncompleteExtract, match=r"own:charges: no charges.jsonl in .*; export it"):
        business.extract(UNTIL)
    assert len(business.events("subscriptions")) == 4
