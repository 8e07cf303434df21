"""On demand: what contact did, by those whom support contacted and those it held out."""

from datetime import date, datetime
from pathlib import Path

import polars as pl

from flows.at_work import at_work
from flows.history import NothingLanded, known_history, training_params
from flows.moments import midnight
from flows.parts import parts_of
from flows.private_runs import private_flow
from flows.progress import step
from flows.settings import Settings
from models.contacted import outcomes
from models.effect import Effect, effect
from sources.events import CONTACTS
from sources.landing import landed_files, read_events


@private_flow(name="effect")
@at_work
def contact_effect(
    since: date | None = None, home: Path | None = None, worth: float | None = None
) -> Effect:
    """How many of the contacted stayed, against those held out, by all that has landed.

    Args:
        since: The first day of contacts that count; by default all do.
        home: Where everything is kept, if not where the settings say.
        worth: The smallest difference of shares worth seeing; by default as large as seen.

    Raises:
        NothingLanded: No contacts have landed, or nothing that tells who left.
    """
    settings = Settings.at(home)
    known_until = known_history(settings, None)
    refuse_without_contacts(settings)
    begins = midnight(since) if since else None
    return effect(
        _people(settings, begins, known_until),
        horizon_days=settings.horizon_days,
        since=begins,
        known_until=known_until,
        worth=worth,
    )


def refuse_without_contacts(settings: Settings) -> None:
    """Nothing, if contacts have landed.

    Raises:
        NothingLanded: None has.
    """
    if not landed_files(settings.landing, CONTACTS):
        raise NothingLanded(
            f"no contacts have landed in {settings.landing}, and they tell what support did; give "
            "the mapping a section [contacts] with the kinds contacted, offered and held_out, and "
            "run `perdura extract`"
        )


def _people(settings: Settings, since: datetime | None, known_until: datetime) -> pl.DataFrame:
    """What became of everybody, part by part of the subscribers."""
    params, parts, found = training_params(settings), parts_of(settings), []
    with step("effect", {}) as tell:
        for part in parts:
            tell(part.number, part.of, f"part {part.number + 1} of {part.of}")
            events = read_events(settings.landing, part)
            found.append(outcomes(events, params, since=since, known_until=known_until))
    return pl.concat(found)
