"""The simulated company as a business's files: what lies in its folder."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perdura.sources.events import CONTACTS, EVENT_TABLES, MERGES, PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.simulator import Company, simulate
from perdura.sources.simulator.chunk import CHUNK, Order, write_chunk
from perdura.sources.simulator.vectors import Month
from perdura.sources.states.states import scored_spine

FIRST = date(2026, 11, 1)
TABLES = (SUBSCRIPTIONS, PAYMENTS, TICKETS, CONTACTS, MERGES)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("company")


@pytest.fixture(scope="module")
def company(out: Path) -> Company:
    return simulate(out, subscribers=4000, months=12, seed=3)


@pytest.fixture(scope="module")
def tables(out: Path, company: Company) -> dict[str, pl.DataFrame]:
    return {table.name: pl.read_parquet(out / table.name / "*.parquet") for table in TABLES}


def test_every_table_has_exactly_the_contracts_columns_and_kinds(tables: dict[str, pl.DataFrame]):
    for table in TABLES:
        assert tables[table.name].schema == table.schema
        # Only nights list people, by a lot of their own.
        assert set(tables[table.name]["kind"]) == {*table.kinds} - {"listed"}
        for column in ("subscriber_id", "happened_at", "known_at", *table.required):
            assert tables[table.name][column].null_count() == 0


def test_the_company_counts_what_it_wrote(tables: dict[str, pl.DataFrame], company: Company):
    assert company.until == datetime(2026, 11, 1, tzinfo=UTC)
    assert {name: len(rows) for name, rows in tables.items()} == {
        name: count for name, count in company.rows.items() if name != "truth"
    }


def test_dirt_can_be_told_from_true_rows(tables: dict[str, pl.DataFrame], company: Company):
    for name, rows in tables.items():
        second_copies = len(rows) - len(rows.unique())
        impossible = rows.filter(pl.col("known_at") < pl.col("happened_at"))
        assert second_copies + len(impossible) == company.dirt[name]
    assert 0.0005 < company.dirt["payments"] / company.rows["payments"] < 0.003


def test_every_impossible_row_is_a_spoilt_copy_of_a_true_one(tables: dict[str, pl.DataFrame]):
    rows = tables["payments"]
    impossible = pl.col("known_at") < pl.col("happened_at")
    same = ["subscriber_id", "kind", "payment_id", "invoice_id", "amount"]
    lost = rows.filter(impossible).join(
        rows.filter(~impossible), on=same, how="anti", nulls_equal=True
    )
    assert rows.filter(impossible).height > 0
    assert lost.is_empty()


def test_an_extract_takes_the_company_by_its_mapping_and_rejects_only_the_dirt(
    tmp_path: Path, out: Path, company: Company
):
    report = extract(out / "mapping.toml", until=company.until, landing=tmp_path)
    events = Landing(tmp_path).events()
    assert not report.problems
    for table in EVENT_TABLES:
        landed = events[table.name].collect().height
        assert landed == company.rows.get(table.name, 0) - company.dirt.get(table.name, 0)


def test_the_truth_speaks_of_exactly_those_whom_the_states_score(
    tmp_path: Path, out: Path, company: Company
):
    extract(out / "mapping.toml", until=company.until, landing=tmp_path)
    truth = pl.read_parquet(out / "truth" / "truth.parquet").select("subscriber_id", "as_of")
    dates = truth["as_of"].unique().sort().to_list()[1::4]
    scored = scored_spine(Landing(tmp_path).events(), dates).select("subscriber_id", "as_of")
    asked = truth.filter(pl.col("as_of").is_in(dates))
    assert_frame_equal(scored, asked, check_row_order=False)


def test_nothing_is_told_that_became_known_after_the_end(
    tables: dict[str, pl.DataFrame], company: Company
):
    for rows in tables.values():
        assert rows.filter(pl.col("known_at") >= company.until).is_empty()


def test_a_few_facts_become_known_days_or_weeks_late(tables: dict[str, pl.DataFrame]):
    rows = pl.concat(tables[name].select("happened_at", "known_at") for name in tables)
    late = rows["known_at"] - rows["happened_at"] > pl.duration(days=1).pipe(pl.select).item()
    assert 0.01 < late.sum() / len(rows) < 0.06


def test_the_same_arguments_give_the_same_bytes_and_another_seed_another_company(
    tmp_path: Path, out: Path, company: Company
):
    assert simulate(tmp_path / "again", subscribers=4000, months=12, seed=3) == company
    assert fingerprints(tmp_path / "again") == fingerprints(out)
    simulate(tmp_path / "other", subscribers=4000, months=12, seed=4)
    assert fingerprints(tmp_path / "other") != fingerprints(out)


def test_a_smaller_company_in_the_same_folder_leaves_nothing_of_the_larger(
    tmp_path: Path, company: Company
):
    simulate(tmp_path, subscribers=CHUNK + 40, months=1)
    small = simulate(tmp_path, subscribers=40, months=1)
    assert pl.read_parquet(tmp_path / "payments" / "*.parquet").height == small.rows["payments"]
    assert pl.read_parquet(tmp_path / "truth" / "*.parquet").height == small.rows["truth"]


def test_a_chunk_is_the_same_alone_as_among_others(tmp_path: Path):
    told: list[tuple[int, int, str]] = []
    simulate(
        tmp_path / "all",
        subscribers=CHUNK + 200,
        months=2,
        until=FIRST,
        progress=lambda *step: told.append(step),
    )
    order = Order(CHUNK + 200, Month((2026 - 1970) * 12 + 8), 2, 0)
    write_chunk(order, 1, tmp_path / "one")
    for table in TABLES:
        part = Path(table.name) / "part-00001.parquet"
        assert (tmp_path / "one" / part).read_bytes() == (tmp_path / "all" / part).read_bytes()
    assert told == [(1, 2, "simulating"), (2, 2, "simulating")]


@pytest.mark.parametrize(
    ("subscribers", "months", "seed", "until", "answer"),
    [
        (0, 1, 0, FIRST, "asked for 0 subscribers over 1 months; ask for one or more"),
        (1, 0, 0, FIRST, "asked for 1 subscribers over 0 months; ask for one or more"),
        (1, 1, -1, FIRST, "asked for seed -1; give 0 or any larger number"),
        (1, 1, 0, date(2026, 11, 2), "until 2026-11-02; whole months are simulated"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(
    tmp_path: Path, *, subscribers: int, months: int, seed: int, until: date, answer: str
):
    with pytest.raises(ValueError, match=answer):
        simulate(tmp_path / "none", subscribers=subscribers, months=months, seed=seed, until=until)
    assert not (tmp_path / "none").exists()


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
