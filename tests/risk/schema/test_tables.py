"""What no program can put into the tables, and which indexes hold what lists are filtered by."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import CompileError, IntegrityError

from perdura.risk.desk.list_filters import ON_PAGE
from perdura.risk.schema.all_tables import TABLES
from perdura.risk.schema.contacts import ACTIONS, CONTACTS
from perdura.risk.schema.portfolio import PORTFOLIO
from perdura.risk.schema.recent import STATES, STATES_KNOWN
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import ADVICE, BANDS, INDEXED_RANKS, NIGHTS, RISK, SCORED_STATES
from tests.support.bare_rows import NIGHT, bare_night, bare_row, cleared, empty_store, midnight


@pytest.fixture(scope="module")
def whole() -> Iterator[sa.Connection]:
    with empty_store() as connection:
        yield connection


@pytest.fixture
def store(whole: sa.Connection) -> sa.Connection:
    return cleared(whole)


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("risk", [-1e-9, 1.000001, 2.0], "risk_is_a_probability"),
        ("offer", [-0.1, 1.1], "offer_is_a_probability"),
        ("mrr", [-1], "mrr_not_negative"),
        ("state", ["trial", "leaving", "gone", "paused", ""], "state_known"),
        ("band", ["none", "HIGH"], "band_known"),
        ("band_before", ["none", ""], "band_before_known"),
        ("advice", ["retain", "call"], "advice_known"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_its_name(store, column, values, rule):
    for value in values:
        with pytest.raises(IntegrityError, match=rule):
            store.execute(sa.insert(RISK).values(bare_row("ann", **{column: value})))


@pytest.mark.parametrize(
    "values",
    [
        {"risk": 0.0},
        {"risk": 1.0},
        {"mrr": 0, "currency": "EUR"},
        {"mrr": 2**63 - 1},
        {"offer": 0.0},
        {"offer": 1.0},
        *({"state": state} for state in SCORED_STATES),
        *({"band": band} for band in BANDS),
        *({"band_before": band} for band in (*BANDS, None)),
        *({"advice": advice} for advice in (*ADVICE, None)),
        {"reasons": [], "degraded": ["usage"]},
        {"subscriber_id": "", "plan": ""},  # no name is refused here
    ],
)
def test_the_ends_of_what_is_allowed_are_taken(store, values):
    store.execute(sa.insert(RISK).values(bare_row(**{"subscriber_id": "ann"} | values)))
    found = store.execute(sa.select(*(RISK.c[name] for name in values))).one()
    assert dict(zip(values, found, strict=True)) == values


REQUIRED = [column.name for column in RISK_COLUMNS if not column.nullable]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_column_that_may_not_be_unknown_is_refused_without(store, name):
    row = bare_row("ann")
    if name in ("reasons", "degraded"):  # null in JSON is a value; no value is none
        row[name] = sa.null()
    else:
        row[name] = None
    with pytest.raises((IntegrityError, CompileError), match=f"risk.{name}|{name}"):
        store.execute(sa.insert(RISK).values(row))


def test_a_row_holds_null_in_every_other_column(store):
    optional = [column.name for column in RISK_COLUMNS if column.nullable]
    store.execute(sa.insert(RISK).values(bare_row("ann") | dict.fromkeys(optional)))
    found = store.execute(sa.select(*(RISK.c[name] for name in optional))).one()
    assert set(found) == {None}


def test_a_subscriber_is_in_a_night_once_and_in_every_night(store):
    store.execute(sa.insert(RISK).values(bare_row("ann")))
    store.execute(sa.insert(RISK).values(bare_row("ann", NIGHT.replace(day=3))))
    with pytest.raises(IntegrityError, match=r"risk.scored_on, risk.subscriber_id"):
        store.execute(sa.insert(RISK).values(bare_row("ann")))


def test_a_night_is_there_once(store):
    store.execute(sa.insert(NIGHTS).values(bare_night()))
    with pytest.raises(IntegrityError, match=r"nights.scored_on"):
        store.execute(sa.insert(NIGHTS).values(bare_night(fingerprint="other")))


@pytest.mark.parametrize("state", STATES_KNOWN)
def test_a_subscriber_can_stand_in_any_known_state_by_now(store, state):
    row = {"subscriber_id": "ann", "state": state, "since": midnight(NIGHT)}
    store.execute(sa.insert(STATES).values(as_of=midnight(NIGHT), **row))
    assert store.scalar(sa.select(STATES.c.state)) == state


@pytest.mark.parametrize(
    ("table", "values", "rule"),
    [
        (
            STATES,
            {"subscriber_id": "a", "state": "left", "since": NIGHT, "as_of": NIGHT},
            "state_known",
        ),
        (
            CONTACTS,
            {
                "contact_id": "1",
                "subscriber_id": "a",
                "happened_at": NIGHT,
                "known_at": NIGHT,
                "action": "visited",
                "by": "Ana",
                "forced": False,
            },
            "action_known",
        ),
        (
            PORTFOLIO,
            {
                "scored_on": NIGHT,
                "band": "top",
                "currency": "EUR",
                "subscribers": 1,
                "mrr": 1,
                "expected_loss": 1,
                "by_payment": 1,
            },
            "band_known",
        ),
    ],
)
def test_words_that_are_none_are_refused_in_other_tables_too(
    store: sa.Connection, table: sa.Table, values: dict[str, Any], rule: str
):
    dated = {k: midnight(v) if v == NIGHT and k != "scored_on" else v for k, v in values.items()}
    with pytest.raises(IntegrityError, match=rule):
        store.execute(sa.insert(table).values(dated))


def test_every_action_that_a_person_can_log_is_taken(store):
    for number, action in enumerate(ACTIONS):
        contact = {"contact_id": str(number), "subscriber_id": "a", "action": action, "by": "Ana"}
        moments = {"happened_at": midnight(NIGHT), "known_at": midnight(NIGHT)}
        store.execute(sa.insert(CONTACTS).values(forced=False, **contact, **moments))
    assert store.scalar(sa.select(sa.func.count()).select_from(CONTACTS)) == len(ACTIONS)


INDEXES = {index.name: [column.name for column in index.columns] for index in RISK.indexes}


@pytest.mark.parametrize("name", ["riskiest", "dearest", "by_account"])
def test_an_index_of_a_list_holds_whatever_the_page_filters_by(name):
    held = {*INDEXES[name], "account"}  # accounts have an index of their own
    filtered = {column for column, _ in ON_PAGE.values() if column not in ("cause", "new")}
    assert filtered <= held
    assert {"risk_voluntary", "risk_payment", "band", "band_before"} <= held  # cause and new
    assert INDEXES[name][0] == "scored_on"  # a night is found first


def test_no_index_names_a_column_twice():
    for table in TABLES:
        for index in table.indexes:
            names = [column.name for column in index.columns]
            assert len(names) == len(set(names)), index.name


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_partial_indexes_say_the_same_in_both_databases(engine):
    wheres = {index.name: str(index.dialect_options[engine]["where"]) for index in RISK.indexes}
    assert wheres == {
        "riskiest": f"rank <= {INDEXED_RANKS}",
        "dearest": f"rank <= {INDEXED_RANKS}",
        "moved": "band_before != band",
        "by_account": "account IS NOT NULL",
        "likeliest_to_accept": "advice = 'offer'",
    }


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (("SELECT subscriber_id FROM risk WHERE scored_on = '2026-03-02' AND band_before != band"
         " ORDER BY risk"), "moved"),
        (("SELECT subscriber_id FROM risk WHERE scored_on = '2026-03-02' AND advice = 'offer'"
         " ORDER BY offer"), "likeliest_to_accept"),
        (("SELECT sum(mrr) FROM risk WHERE scored_on = '2026-03-02' AND account IS NOT NULL"
         " GROUP BY account"), "by_account"),
    ],
)  # fmt: skip
def test_what_an_index_is_for_is_found_by_it_in_its_order(store, query, index):
    plan = "\n".join(row[-1] for row in store.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
    assert f"INDEX {index} " in plan
    assert "TEMP B-TREE" not in plan
