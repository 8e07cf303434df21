"""What a night is for, whether it is a trial, and whose row held an unknown text."""

from datetime import timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from perdura.risk.errors import BadScores
from perdura.risk.query.export import export
from perdura.risk.query.export_formats import Format
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.store import connect as store
from perdura.risk.table import TrialRefused, history, read, riskiest
from tests.risk.store.test_migrations import differences
from tests.risk.test_table import MARCH_1, MARCH_2, MARCH_3, TWO, put, score, scores

LATER = {"nights": ("horizon_days", "trial"), "risk": ("horizon_days", "trial", "unknown_values")}


def test_a_row_says_what_its_risk_is_for(store_url: str) -> None:
    put(TWO, store_url, horizon_days=60)
    assert [row["horizon_days"] for row in riskiest(store_url, 2)] == [60, 60]
    assert read(store_url)["horizon_days"].to_list() == [60, 60]


def test_a_night_is_a_trial_only_where_it_was_published_as_one(store_url: str) -> None:
    put(TWO, store_url, MARCH_1)
    put(TWO, store_url, MARCH_2, trial=True)
    assert history(store_url, "ann")["trial"].to_list() == [False, True]
    with store.reading(store_url) as connection:
        assert published_night(connection).trial
        assert not published_night(connection, MARCH_1).trial


def test_a_row_names_its_columns_that_held_unknown_texts(store_url: str) -> None:
    night = scores(score("ann", 0.1, unknown_values="plan, currency"), score("bob", 0.4))
    put(night, store_url)
    told = {row["subscriber_id"]: row["unknown_values"] for row in riskiest(store_url, 2)}
    assert told == {"ann": "plan, currency", "bob": None}


def test_unknown_values_are_texts(store_url: str) -> None:
    with pytest.raises(BadScores, match="unknown_values should hold text"):
        put(scores(score("ann", 0.1, unknown_values=3)), store_url)


def test_the_same_night_for_another_horizon_replaces_it(store_url: str) -> None:
    put(TWO, store_url, horizon_days=30)
    put(TWO, store_url, horizon_days=60)
    assert read(store_url)["horizon_days"].to_list() == [60, 60]


def test_a_trial_never_replaces_a_real_night_and_a_real_night_replaces_a_trial(
    store_url: str,
) -> None:
    put(TWO, store_url, trial=True, model_version="3")
    put(TWO, store_url, trial=True, model_version="4")
    put(TWO, store_url, model_version="5")
    with pytest.raises(TrialRefused, match=r"2026-03-01.*version 5"):
        put(TWO, store_url, trial=True, model_version="4")
    assert set(read(store_url)["model_version"]) == {"5"}


def test_a_real_night_is_not_compared_with_a_trial(store_url: str) -> None:
    put(scores(score("ann", 0.02)), store_url, MARCH_1)
    put(scores(score("ann", 0.9)), store_url, MARCH_2, trial=True)
    put(scores(score("ann", 0.3)), store_url, MARCH_3)
    assert read(store_url)["risk_before"].to_list() == [0.02]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_every_export_says_that_it_is_a_trial(store_url: str, kind: Format) -> None:
    put(TWO, store_url, trial=True, horizon_days=60)
    with store.reading(store_url) as connection:
        night = published_night(connection)
        file = b"".join(export(connection, night, ListQuery(sort="id"), kind))
    reads = {"csv": pl.read_csv, "ndjson": pl.read_ndjson, "parquet": pl.read_parquet}
    told = reads[kind](file)
    assert told["trial"].cast(pl.String).to_list() == ["true", "true"]
    assert told["horizon_days"].to_list() == [60, 60]


def test_a_store_of_the_second_version_knows_nothing_of_its_old_nights(store_url: str) -> None:
    put(TWO, store_url)
    make_second_version(store_url)
    assert [row["horizon_days"] for row in riskiest(store_url, 2)] == [None, None]
    with store.reading(store_url) as connection:
        assert published_night(connection).trial is None
    put(TWO, store_url, MARCH_1 + timedelta(days=7), horizon_days=30)
    assert differences(store_url) == []
    assert history(store_url, "ann")["trial"].to_list() == [None, False]
    assert history(store_url, "ann")["horizon_days"].to_list()[1] == 30


def make_second_version(url: str) -> None:
    """Take out what the third version brought."""
    with store.writing(url) as connection:
        for view in ("risk_current", "risk_moves", "risk_history"):
            connection.exec_driver_sql(f"DROP VIEW {view}")
        for table, columns in LATER.items():
            for column in columns:
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0002'"))
