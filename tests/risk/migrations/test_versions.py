"""A store of any version comes out as one of today, with its rows; a newer one is refused."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from perdura.risk import migrations
from perdura.risk.migrations import NEWEST, VERSIONS, NewerStore, bring_up, look, version_of
from perdura.risk.schema.all_tables import TABLES, WHOLE, columns_of
from perdura.risk.schema.tables import INDEXED_RANKS, LONGEST_KEY, NIGHTS, RISK
from perdura.risk.schema.views import CURRENT, VIEWS, drop_views
from tests.support.bare_rows import NIGHT, bare_night, bare_row, put_bare


@pytest.fixture
def store() -> Iterator[sa.Connection]:
    """A store in memory of the newest version."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        bring_up(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def empty() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def say_version(connection: sa.Connection, version: str) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (version,))


def test_an_empty_store_has_no_version_and_a_new_one_the_newest(empty):
    assert version_of(empty) is None
    bring_up(empty)
    assert version_of(empty) == NEWEST == max(VERSIONS)


def test_a_store_whose_version_was_taken_out_has_none(store):
    store.exec_driver_sql("DELETE FROM alembic_version")
    assert version_of(store) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_that_there_was_is_known(store, version):
    say_version(store, version)
    assert version_of(store) == version


@pytest.mark.parametrize("version", ["0010", "9999", "abc", ""])
def test_a_version_that_there_was_not_is_of_a_newer_perdura(store, version):
    say_version(store, version)
    says = (
        f"has version {version}, written by a newer Perdura; this one knows versions up to "
        f"{NEWEST}: upgrade it"
    )
    with pytest.raises(NewerStore, match=says):
        version_of(store)
    with pytest.raises(NewerStore):
        look(store)
    assert WHOLE not in store.info


@pytest.mark.parametrize("version", [*VERSIONS[:-1], None])
def test_only_a_store_of_the_newest_version_is_known_to_be_whole(store, version):
    if version is None:
        store.exec_driver_sql("DELETE FROM alembic_version")
    else:
        say_version(store, version)
    look(store)
    assert WHOLE not in store.info
    bring_up(store)
    look(store)
    assert store.info[WHOLE]


def test_a_store_that_was_looked_at_is_not_asked_again(store):
    look(store)
    asked: list[str] = []
    event.listen(store, "before_cursor_execute", lambda *told: asked.append(told[2]))
    look(store)
    assert asked == []


@pytest.mark.parametrize("version", VERSIONS)
def test_from_every_version_rows_stay_and_what_is_missing_is_made(store, version):
    put_bare(store, bare_row("ann", plan="pro", call_rank=1), bare_row("bob", rank=2))
    before = store.execute(sa.select(RISK).order_by(RISK.c.subscriber_id)).all()
    drop_views(store)
    for name in ("phrases", "not_scored", "contact_effect"):
        store.exec_driver_sql(f"DROP TABLE {name}")
    say_version(store, version)
    bring_up(store)
    after = store.execute(sa.select(RISK).order_by(RISK.c.subscriber_id)).all()
    names = [column.name for column in RISK.c if column.name != "call_rank"]  # 0002 gives it
    for old, new in zip(before, after, strict=True):
        assert [getattr(new, name) for name in names] == [getattr(old, name) for name in names]
    assert version_of(store) == NEWEST
    assert set(sa.inspect(store).get_view_names()) == set(VIEWS)
    if version != NEWEST:
        for table in TABLES:
            assert columns_of(store, table) == set(table.c.keys()), table.name


def test_a_view_that_no_longer_fits_keeps_no_table_from_being_changed(store):
    of_the_first_version(store)
    store.exec_driver_sql("CREATE VIEW risk_current AS SELECT gone_since FROM risk")
    bring_up(store)
    put_bare(store, bare_row("ann"))
    assert store.scalars(sa.select(CURRENT.c.subscriber_id)).all() == ["ann"]


def of_the_first_version(store: sa.Connection) -> None:
    """As 0001 left it: no places in the order of calls."""
    drop_views(store)
    store.exec_driver_sql("DROP INDEX dearest")
    store.exec_driver_sql("ALTER TABLE risk DROP COLUMN call_rank")
    say_version(store, "0001")


def test_the_second_version_gives_places_of_calls_to_the_riskiest_of_the_newest_night(store):
    older = NIGHT - timedelta(days=1)
    put_bare(
        store,
        bare_row("ann", rank=1),
        bare_row("bob", rank=2),
        bare_row("cid", rank=INDEXED_RANKS),
        bare_row("dee", rank=INDEXED_RANKS + 1),
        bare_row("ann", older, rank=2),
    )
    of_the_first_version(store)
    bring_up(store)
    found = store.execute(
        sa.select(RISK.c.scored_on, RISK.c.subscriber_id, RISK.c.call_rank).order_by(
            RISK.c.scored_on, RISK.c.subscriber_id
        )
    )
    assert [tuple(row) for row in found] == [
        (older, "ann", None),
        (NIGHT, "ann", 1),
        (NIGHT, "bob", 2),
        (NIGHT, "cid", INDEXED_RANKS),
        (NIGHT, "dee", None),
    ]


def test_the_second_version_changes_no_place_that_is_there(store):
    put_bare(store, bare_row("ann", rank=1, call_rank=2), bare_row("bob", rank=2, call_rank=1))
    say_version(store, "0001")
    bring_up(store)
    found = store.execute(sa.select(RISK.c.subscriber_id, RISK.c.call_rank))
    assert dict(map(tuple, found)) == {"ann": 2, "bob": 1}


@pytest.mark.parametrize("length", [0, LONGEST_KEY - 1, LONGEST_KEY, LONGEST_KEY + 1, 5_000])
@pytest.mark.parametrize("letter", ["x", "ñ", "\N{GRINNING FACE}"])
def test_the_second_version_cuts_names_to_what_an_index_holds_in_characters(store, length, letter):
    put_bare(store, bare_row("ann", plan=letter * length, country=letter * length, account=None))
    say_version(store, "0001")
    bring_up(store)
    plan, country = store.execute(sa.select(RISK.c.plan, RISK.c.country)).one()
    assert plan == country == (letter * length)[:LONGEST_KEY]


def test_the_second_version_takes_away_the_indexes_that_it_replaces(store):
    store.exec_driver_sql("CREATE INDEX riskiest_by_rank ON risk (scored_on, rank)")
    say_version(store, "0001")
    bring_up(store)
    names = {index["name"] for index in sa.inspect(store).get_indexes("risk")}
    assert "riskiest_by_rank" not in names
    assert {"riskiest", "dearest"} <= names


def test_a_trial_of_an_older_version_is_not_known_to_be_one(store):
    put_bare(store, bare_row("ann"))
    drop_views(store)
    for table in ("risk", "nights"):
        store.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN trial")
    say_version(store, "0002")
    bring_up(store)
    assert store.scalar(sa.select(RISK.c.trial)) is None
    assert store.scalar(sa.select(NIGHTS.c.trial)) is None


def test_two_stores_are_brought_up_one_after_another_in_one_process(store, empty):
    bring_up(empty)
    say_version(store, VERSIONS[0])
    bring_up(store)
    assert version_of(store) == version_of(empty) == NEWEST
    empty.execute(sa.insert(NIGHTS).values(bare_night()))
    assert store.scalar(sa.select(sa.func.count()).select_from(NIGHTS)) == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_follows_the_one_before_and_says_what_it_brings(version):
    module = import_module(f"perdura.risk.migrations.versions.v{version}")
    index = VERSIONS.index(version)
    assert module.revision == version
    assert module.down_revision == (VERSIONS[index - 1] if index else None)
    assert (module.__doc__ or "").strip()
    assert not hasattr(module, "downgrade")  # there is no way down


def test_every_file_of_a_version_is_listed():
    folder = Path(str(migrations.__file__)).parent / "versions"
    assert sorted(file.stem for file in folder.glob("v*.py")) == [f"v{one}" for one in VERSIONS]
