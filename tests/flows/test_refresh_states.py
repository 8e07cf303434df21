"""States by now: who left, or came back, since the night; read from what is new alone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import sleep

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.flows.configuration.dates import midnight
from perdura.flows.refresh_states import refresh_states
from perdura.flows.settings import Settings
from perdura.risk.errors import NoNight
from perdura.risk.query.standing import night_states, put_states
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import NIGHTS
from perdura.risk.schema.views import CURRENT
from perdura.risk.store.connect import reading
from perdura.sources.events import MERGES, PAYMENTS, SUBSCRIPTIONS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.locks import read_lock
from perdura.sources.states.changed import changed_states
from perdura.sources.states.states import states_at
from tests.support.made_up_nights import publish_night

NIGHT = date(2026, 11, 1)
AS_OF, HOUR, DAY = midnight(NIGHT), timedelta(hours=1), timedelta(days=1)
NOW = AS_OF + 12 * HOUR

Row = dict[str, object]


def frame(table: EventTable, *rows: Row) -> pl.DataFrame:
    told = [{"known_at": row["happened_at"], **row} for row in rows]
    return pl.DataFrame(told, schema=table.schema)


def subscribed(kind: str, at: datetime, who: str = "ann", **more: object) -> Row:
    told: Row = {"subscriber_id": who, "subscription_id": who, "happened_at": at, "kind": kind}
    return told | more


def billed(kind: str, at: datetime, who: str = "ann") -> Row:
    told: Row = {"subscriber_id": who, "happened_at": at, "kind": kind, "invoice_id": "1"}
    return told


BEGAN = [subscribed("started", AS_OF - 100 * DAY, who) for who in ("ann", "bob")]


def by_now(folder: Path, **business: object) -> list[tuple[str, str, datetime]]:
    return changed_states(Landing(folder), AS_OF, NOW, **business).rows()


def test_someone_who_cancelled_this_morning_is_leaving(tmp_path):
    cancelled = subscribed("cancel_scheduled", AS_OF + HOUR)
    Landing(tmp_path).land(SUBSCRIPTIONS, NIGHT, frame(SUBSCRIPTIONS, *BEGAN))
    Landing(tmp_path).land(SUBSCRIPTIONS, NIGHT + DAY, frame(SUBSCRIPTIONS, cancelled))
    assert by_now(tmp_path) == [("ann", "leaving", AS_OF + HOUR)]


@pytest.mark.parametrize(("at", "found"), [(AS_OF - timedelta(seconds=1), 0), (AS_OF, 1), (NOW, 0)])
def test_new_is_what_became_known_from_the_night_on_and_before_now(tmp_path, at, found):
    rows = [*BEGAN, subscribed("cancel_scheduled", at)]
    Landing(tmp_path).land(SUBSCRIPTIONS, NIGHT, frame(SUBSCRIPTIONS, *rows))
    assert len(by_now(tmp_path)) == found


def test_a_failed_payment_makes_past_due(tmp_path):
    Landing(tmp_path).land(SUBSCRIPTIONS, NIGHT, frame(SUBSCRIPTIONS, *BEGAN))
    Landing(tmp_path).land(PAYMENTS, NIGHT, frame(PAYMENTS, billed("failed", AS_OF + HOUR)))
    assert by_now(tmp_path) == [("ann", "past_due", AS_OF + HOUR)]


def test_an_account_merged_away_is_gone_and_what_it_owes_the_other_owes(tmp_path):
    Landing(tmp_path).land(SUBSCRIPTIONS, NIGHT, frame(SUBSCRIPTIONS, *BEGAN))
    Landing(tmp_path).land(PAYMENTS, NIGHT, frame(PAYMENTS, billed("failed", AS_OF - DAY)))
    merged = subscribed("merged", AS_OF + HOUR) | {"merged_into": "bob"}
    del merged["subscription_id"]
    Landing(tmp_path).land(MERGES, NIGHT, frame(MERGES, merged))
    told = {who: state for who, state, _ in by_now(tmp_path)}
    assert told == {"ann": "gone", "bob": "past_due"}


def test_with_silence_time_alone_makes_people_gone(tmp_path):
    paid = [billed("paid", AS_OF - 29.8 * DAY), billed("paid", AS_OF - DAY, "bob")]
    Landing(tmp_path).land(PAYMENTS, NIGHT, frame(PAYMENTS, *paid))
    assert by_now(tmp_path, churn="silence", active_within_days=30) == [("ann", "gone", NOW)]


PEOPLE = st.sampled_from(["ann", "bob", "cid", "dan"])
WHEN = st.integers(-40, 20).map(lambda hours: AS_OF + hours * HOUR)
KINDS = st.sampled_from([*SUBSCRIPTIONS.kinds, *PAYMENTS.kinds, "merged"])


@given(st.lists(st.tuples(PEOPLE, WHEN, KINDS, PEOPLE), max_size=25))
def test_little_that_is_read_says_the_same_as_everything(tmp_path_factory, happenings):
    folder = tmp_path_factory.mktemp("landing")
    rows: dict[EventTable, list[Row]] = {SUBSCRIPTIONS: [], PAYMENTS: [], MERGES: []}
    for who, at, kind, other in happenings:
        if kind == "merged":
            told: Row = {
                "subscriber_id": who,
                "happened_at": at,
                "kind": kind,
                "merged_into": other,
            }
            rows[MERGES].append(told)
        elif kind in PAYMENTS.kinds:
            rows[PAYMENTS].append(billed(kind, at, who))
        else:
            rows[SUBSCRIPTIONS].append(subscribed(kind, at, who))
    for table, some in rows.items():
        Landing(folder).land(table, NIGHT, frame(table, *some))
    events = Landing(folder).events()
    was, now = (
        dict(states_at(events, moment).select("subscriber_id", "state").iter_rows())
        for moment in (AS_OF, NOW)
    )
    told = {who: state for who, state, _ in by_now(folder)}
    changed = {who for who in {*was, *now} if was.get(who) != now.get(who)}
    assert changed <= told.keys()
    assert all(state == now.get(who, "gone") for who, state in told.items())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a mapping, where ann and bob were active in the newest night."""
    source = [*BEGAN, subscribed("cancel_scheduled", AS_OF + HOUR)]
    frame(SUBSCRIPTIONS, *source).write_parquet(tmp_path / "subscriptions.parquet")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[subscriptions]\nfile = "subscriptions.parquet"\n')
    home = tmp_path / "home"
    home.mkdir()
    home.joinpath("perdura.toml").write_text(f'mapping = "{mapping}"\n')
    publish_night(Settings(home=home).risk_url, NIGHT, {"ann": "high", "bob": "high"})
    return home


def standing(home: Path) -> dict[str, str]:
    with reading(Settings(home=home).risk_url) as connection:
        query = sa.select(CURRENT.c.subscriber_id, CURRENT.c.state)
        return {row.subscriber_id: row.state for row in connection.execute(query)}


def test_the_current_list_shows_who_left_since_the_night(home):
    assert standing(home) == {"ann": "active", "bob": "active"}
    done = refresh_states(home)
    assert (done.scored_on, done.changed) == (NIGHT, 1)
    assert standing(home) == {"ann": "leaving", "bob": "active"}
    assert refresh_states(home).changed == 1


def test_when_it_was_asked_is_kept_with_the_night(home):
    before = datetime.now(UTC).replace(microsecond=0)
    done = refresh_states(home)
    with reading(Settings(home=home).risk_url) as connection:
        as_of = connection.scalar(sa.select(NIGHTS.c.states_as_of))
    assert before <= done.as_of == as_of


def test_who_stands_again_as_the_night_says_is_told_of_no_more(home):
    refresh_states(home)
    source = home.parent / "subscriptions.parquet"
    back = frame(SUBSCRIPTIONS, subscribed("cancel_withdrawn", AS_OF + 2 * HOUR))
    pl.concat([pl.read_parquet(source), back]).write_parquet(source)
    assert refresh_states(home, extract_first=False).changed == 1  # it has not been asked for
    sleep(1.1)  # what is known is asked for by the second, and refreshing takes less than one
    assert refresh_states(home).changed == 0
    assert standing(home)["ann"] == "active"


def test_while_a_night_reads_the_landing_nothing_is_extracted(home):
    landing = Settings(home=home).landing
    folder = landing.folder
    with read_lock(folder), read_lock(folder):  # nights and trainings read beside each other
        assert refresh_states(home).changed == 0
    assert not landing.files(SUBSCRIPTIONS)
    assert refresh_states(home).changed == 1


def test_a_source_that_cannot_be_read_stops_nothing(home):
    refresh_states(home)
    home.parent.joinpath("subscriptions.parquet").write_bytes(b"no Parquet")
    assert refresh_states(home).changed == 1


def test_what_was_found_for_an_older_night_is_not_written_beside_a_newer(store_url):
    row = {"subscriber_id": "ann", "state": "leaving", "since": AS_OF + HOUR, "as_of": NOW}
    rows = pl.DataFrame([row])
    for day in (NIGHT, NIGHT + DAY):
        publish_night(store_url, day, {"ann": "high", "bob": "high"})
    assert not put_states(store_url, NIGHT, NOW, rows)
    assert put_states(store_url, NIGHT + DAY, NOW + DAY, rows)
    with reading(store_url) as connection:
        nights = sa.select(NIGHTS.c.states_as_of).order_by(NIGHTS.c.scored_on)
        assert connection.scalars(nights).all() == [None, NOW + DAY]
        told = connection.execute(sa.select(STATES)).one()
    assert tuple(told) == ("ann", "leaving", AS_OF + HOUR, NOW)


def test_of_a_whole_night_only_those_asked_about_are_looked_up(store_url):
    people = {f"subscriber {n:04}": "low" for n in range(1_200)}
    publish_night(store_url, NIGHT, people, states={"subscriber 0700": "past_due"})
    assert night_states(store_url, NIGHT, [*people, "nobody"])["subscriber 0700"] == "past_due"
    assert night_states(store_url, NIGHT, ["nobody"]) == {}


def test_before_any_night_there_is_nothing_to_say(tmp_path):
    with pytest.raises(NoNight):
        refresh_states(tmp_path)
