"""Estimate the effect of contacts by all that has landed, and keep it in the risk table."""

from datetime import datetime

import polars as pl

from perdura.flows.runtime.parts import parts_of
from perdura.flows.runtime.progress import STDERR, step
from perdura.flows.settings import Settings
from perdura.flows.steps.training_window import NothingLanded, known_history, training_params
from perdura.models.experiment.contact_outcomes import HELD_OUT, outcomes
from perdura.models.experiment.effect import Effect, effect
from perdura.risk.records.contact_effect import ContactEffect, write_contact_effect
from perdura.risk.store.connect import Unreachable, writing
from perdura.risk.table import published_dates
from perdura.sources.events import CONTACTS
from perdura.sources.landing.landing import Landing


def update_effect(settings: Settings) -> None:
    """Keep the newest estimate in the risk table, where any contacts have landed.

    A night cannot do it: an estimate needs outcomes, and a night must not read them.
    """
    if not settings.landing.files(CONTACTS):
        return
    try:
        if published_dates(settings.risk_url):
            keep_estimate(settings.risk_url, estimate(settings, None, None))
    except Unreachable as error:
        STDERR.print(f"  the effect of contacts was not updated: {error}", markup=False)


def estimate(settings: Settings, begins: datetime | None, worth: float | None) -> Effect:
    """The effect of contacts from ``begins`` on, by all that has landed."""
    known_until = known_history(settings.landing, settings.churn, None)
    params, parts = training_params(settings), parts_of(settings.landing, settings.compute)
    found: list[pl.DataFrame] = []
    with step("effect", {}) as on_progress:
        for part in parts:
            on_progress(part.number, part.count, f"part {part.number + 1} of {part.count}")
            events = settings.landing.events(part)
            found.append(outcomes(events, params, since=begins, known_until=known_until))
    return effect(
        pl.concat(found),
        horizon_days=settings.churn.horizon_days,
        since=begins,
        known_until=known_until,
        worth=worth,
    )


def keep_estimate(url: str, found: Effect) -> None:
    """Write the estimate; before the first contact or assignment there is none."""
    arm, control = found.arms[found.main_arm], found.arms[HELD_OUT]
    if not any((arm.known, arm.awaited, control.known, control.awaited)):
        return
    compared = found.compared.get(found.main_arm)
    with writing(url) as connection:
        write_contact_effect(
            connection,
            ContactEffect(
                known_until=found.known_until,
                horizon_days=found.horizon_days,
                group_compared=found.main_arm,
                known=arm.known,
                stayed=arm.stayed,
                awaited=arm.awaited,
                reached=found.reached,
                control_known=control.known,
                control_stayed=control.stayed,
                control_awaited=control.awaited,
                difference=compared.difference if compared else None,
                low=compared.low if compared else None,
                high=compared.high if compared else None,
            ),
        )


def refuse_without_contacts(landing: Landing) -> None:
    """Nothing, if contacts have landed.

    Raises:
        NothingLanded: None has.
    """
    if not landing.files(CONTACTS):
        raise NothingLanded(
            f"no contacts have landed in {landing.folder}, and they tell what support "
            "did; give the mapping a section [contacts] with the kinds contacted, offered and "
            "held_out, and run `perdura extract`"
        )
