"""One person out of everything that is kept, so that they stay out.

It is no Prefect flow: Prefect would keep what it was asked, and so the name. Every step can be done
again after a stop, and the last thing to go is what tells which accounts are one person's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from glob import escape

import polars as pl

from perdura.flows.configuration.dates import today
from perdura.flows.erasure.search import Search, kept_results, search
from perdura.flows.runtime.home_lock import exclusive_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.erased_ids import share_erasures
from perdura.models.registry.affected_versions import Learning, mark_learnt
from perdura.progress import OnProgress
from perdura.risk.integrations.help_desks import push_state
from perdura.risk.records.erase import ErasedAccount, erase, rows_about, scrub
from perdura.risk.records.erased import pseudonym
from perdura.risk.store.postgres import is_postgres
from perdura.risk.store.sqlite import database_file
from perdura.sources.connectors.erasing import erase_fetched_of, fetched_of
from perdura.sources.landing.erase import (
    accounts_of,
    begun,
    erase_landed,
    erase_leftover,
    erase_rejected,
    landed_of,
    leftovers_of,
    rejected_of,
)
from perdura.sources.landing.spellings import is_telling, spellings, standing_alone
from perdura.sources.landing.tombstones import Tombstones, record_erasure
from perdura.sources.states.states import scored_spine


class UnknownSubscriber(LookupError):
    """Nothing is kept about who was asked for, nor were they forgotten. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept about some people.

    Attributes:
        accounts: All their accounts, by what is known of merges.
        rows: How many rows, by place.
        forgotten_on: When the first of them was forgotten, if they were.
    """

    accounts: tuple[str, ...]
    rows: dict[str, int]
    forgotten_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased, and what a search found afterwards.

    Attributes:
        kept: What there was.
        versions: Of the model, that have learnt from them or may have.
        told: Help desks, by account, that had fields about them.
        searched: What still names them.
    """

    kept: Kept
    versions: tuple[Learning, ...]
    told: tuple[str, ...]
    searched: Search


def kept_about(settings: Settings, subscriber_ids: Sequence[str]) -> Kept:
    """What is kept about people, all their accounts together. Nothing is changed.

    Subscribers of an erasure that was stopped in the middle are among them.

    Raises:
        UnknownSubscriber: One of them is known nowhere, and was not forgotten.
        BrokenTombstones: The list of the forgotten cannot be read.
    """
    landing, erased_ids = settings.landing, settings.landing.tombstones()
    accounts = {*begun(landing, erased_ids)}
    rows = _rows(settings, sorted(accounts), erased_ids) if accounts else {}
    for subscriber_id in subscriber_ids:
        own_accounts = accounts_of(landing, subscriber_id)
        found = _rows(settings, own_accounts, erased_ids)
        if not found and not erased_ids.has(subscriber_id):
            raise UnknownSubscriber(
                f"asked for subscriber {subscriber_id!r}; no event, no rejected row and no table "
                f"under {settings.home.absolute()} names them, and they were never forgotten. Give "
                "the id as the sources write it"
            )
        rows |= {place: rows.get(place, 0) + count for place, count in found.items()}
        accounts.update(own_accounts)
    days = [
        erased_ids.days[erased_ids.hash_of(subscriber_id)]
        for subscriber_id in accounts
        if erased_ids.has(subscriber_id)
    ]
    return Kept(accounts=tuple(sorted(accounts)), rows=rows, forgotten_on=min(days, default=None))


def forget(settings: Settings, subscriber_ids: Sequence[str]) -> Forgotten:
    """Erase people from everything that is kept, and search for what may be left.

    First their accounts go on the list by which extracts refuse them. If it is stopped, it can be
    run again; nothing about other subscribers changes.

    Raises:
        UnknownSubscriber: One of them is known nowhere, and was not forgotten.
        HomeBusy: A night, a training or an extract runs. Nothing was done.
        StillRead: A reader holds on to the database as it was.
        PushRunning: A help desk is being told.
    """
    with exclusive_home(settings.home, settings.landing_folder):
        kept = kept_about(settings, subscriber_ids)
        erased_ids = record_erasure(settings.landing_folder, kept.accounts, today())
        accounts, data = accounts_named(kept.accounts, erased_ids), settings.home / "data"
        with step("models", {}):
            wait_for_store(settings.home)
            versions = _learnt(settings, kept.accounts, erased_ids)
        with step("database", {}):
            # First: what a server writes from now on names none of them.
            share_erasures(settings.landing_folder, settings.risk_url)
            erase(settings.risk_url, accounts)
            scrub(settings.risk_url)
            told = {tool for account in kept.accounts for tool in push_state.forget(data, account)}
        with step("files", {}) as on_progress:
            _erase_files(settings, kept.accounts, on_progress)
            for result in kept_results(settings.home, accounts):
                erase_leftover(result)
    with step("search", {}) as on_progress:
        searched = search(settings, accounts, on_progress)
    return Forgotten(
        kept=kept, versions=tuple(versions), told=tuple(sorted(told)), searched=searched
    )


def look_for(settings: Settings, subscriber_ids: Sequence[str]) -> Search:
    """Every place that names one of the people, or an account of theirs. Nothing is changed."""
    known = {
        account
        for subscriber_id in subscriber_ids
        for account in accounts_of(settings.landing, subscriber_id)
    }
    erased_ids = settings.landing.tombstones()
    with step("search", {}) as on_progress:
        return search(settings, accounts_named(sorted(known), erased_ids), on_progress)


def accounts_named(names: Sequence[str], erased_ids: Tombstones) -> list[ErasedAccount]:
    """The accounts as the database is asked for them."""
    return [
        ErasedAccount(
            name=name,
            pseudonym=pseudonym(erased_ids.hash_of(name)),
            spellings=spellings(name) if is_telling(name) else (),
            pattern=standing_alone(name),
        )
        for name in names
    ]


def _rows(settings: Settings, accounts: Sequence[str], erased_ids: Tombstones) -> dict[str, int]:
    """How many rows there are about one person, by place."""
    rows: dict[str, int] = {}
    landing = settings.landing
    files = landed_of(landing, accounts) | rejected_of(landing, accounts)
    files |= fetched_of(landing, accounts)
    for file, count in files.items():
        place = str(file.parent.relative_to(settings.home))
        rows[place] = rows.get(place, 0) + count
    for file in (settings.home / "data").glob("push-*.jsonl"):
        if count := len(push_state.read_digests(file).keys() & {*accounts}):
            rows[str(file.relative_to(settings.home))] = count
    tables = rows_about(settings.risk_url, accounts_named(accounts, erased_ids))
    return rows | {f"table {table}": count for table, count in tables.items()}


def _learnt(settings: Settings, accounts: Sequence[str], erased_ids: Tombstones) -> list[Learning]:
    """The versions that were asked about them at a date at which they were active."""
    events = {
        name: table.filter(pl.col("subscriber_id").is_in([*accounts])).collect().lazy()
        for name, table in settings.landing.events().items()
    }
    known = pl.concat([table.select("known_at") for table in events.values()]).collect()["known_at"]
    # The midnights (UTC) by which each event was known.
    changes = {*known.dt.truncate("1d").dt.offset_by("1d").unique().to_list()}
    business = business_of(settings.churn, settings.value)

    def learnt(version: Learning) -> bool:
        # Between events no subscriber becomes active: one active at a date was at one of these.
        between = {moment for moment in changes if version.first <= moment <= version.last}
        dates = sorted({version.first, *between})
        return not scored_spine(events, dates, **business).is_empty()

    return mark_learnt(
        settings.home, [erased_ids.hash_of(account) for account in accounts], today(), learnt
    )


def _erase_files(settings: Settings, accounts: Sequence[str], on_progress: OnProgress) -> None:
    """What was made of landed rows, what connectors keep, then these; merges come last."""
    landing = settings.landing
    unfinished = [*(settings.home / "data").glob("scratch/*")]  # of killed flows, as none runs now
    if not is_postgres(settings.risk_url):
        file = database_file(settings.risk_url)
        unfinished += file.parent.glob(f"{escape(file.name)}-staged*")
    for path in [*leftovers_of(landing), *unfinished]:
        erase_leftover(path)
    erase_fetched_of(landing, accounts, today())
    rejected, landed = rejected_of(landing, accounts), landed_of(landing, accounts)
    steps = [(file, erase_rejected) for file in rejected] + [
        (file, erase_landed) for file in landed
    ]
    for index, (file, erase_from) in enumerate(steps):
        on_progress(index, len(steps), f"{file.parent.name}, {file.stem}")
        erase_from(file, accounts)
