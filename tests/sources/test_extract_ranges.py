"""An extract range by range of people: whatever their number, the same as all at once."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.ranges import ROWS_AT_A_TIME
from perdura.sources.mapping.report.report import Report
from tests.sources.test_extract import EDGE, LAST, paid, sources
from tests.support.small_sources import Business, at

MAPPING = '[payments]\nfile = "p-*.parquet"\n'


def extracts(
    folder: Path,
    steps: list[tuple[datetime, pl.DataFrame]],
    *,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> tuple[list[Report], dict[str, bytes]]:
    """The reports of several extracts, each from the source as it then is, and what landed."""
    business, reports = Business(folder).maps(MAPPING), []
    for until, source in steps:
        business.write("p-1.parquet", source[: source.height // 2])
        business.write("p-2.parquet", source[source.height // 2 :])
        try:
            reports.append(business.extract(until, rows_at_a_time=rows_at_a_time))
        except IncompleteExtract as error:
            told = tuple(each.replace(str(folder), "") for each in error.report.problems)
            reports.append(replace(error.report, problems=told))
    return reports, business.files()


@settings(max_examples=6)
@given(sources(), sources(), st.permutations([EDGE, LAST, EDGE]), st.sampled_from([1, 4, 15]))
def test_any_number_of_ranges_writes_the_same_bytes_and_report(
    source: pl.DataFrame, gained: pl.DataFrame, order: list[datetime], rows: int
):
    gaining = pl.concat([source, gained])
    shorter = source[1:]
    steps = [(EDGE, source), (LAST, source), *((until, gaining) for until in order)]
    steps.append((LAST, shorter))
    with TemporaryDirectory() as folder:
        at_once = extracts(Path(folder) / "at once", steps)
        in_ranges = extracts(Path(folder) / "in ranges", steps, rows_at_a_time=rows)
    assert in_ranges == at_once


def test_what_an_extract_sets_aside_is_gone_when_it_ends(tmp_path: Path):
    business = Business(tmp_path).maps(MAPPING)
    business.write("p-1.parquet", paid(("a", at(1)), ("b", at(2)), ("c", at(3))))
    left = business.landing.folder / "payments.ranges"
    left.mkdir(parents=True)
    (left / "000.arrow").write_bytes(b"of an extract that was killed")
    business.extract(rows_at_a_time=1)
    assert not left.exists()
    business.write("p-1.parquet", paid(("b", at(2))))
    with pytest.raises(IncompleteExtract):
        business.extract(rows_at_a_time=1)
    assert not left.exists()
    assert not [name for name in business.files() if "part" in name]
