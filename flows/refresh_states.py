"""Every few minutes: update the states that changed since the newest night."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.recorded import flow
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.progress import step
from perdura.flows.settings import Settings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.contact_events import written_events
from perdura.flows.steps.extract_sources import extract_step
from perdura.risk.query.standing import newest_night, night_states, put_states
from perdura.sources.extract import IncompleteExtract
from perdura.sources.landing.locks import try_write_lock
from perdura.sources.states.changed import changed_states


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """States by now.

    Attributes:
        scored_on: The newest night.
        as_of: Nothing known from then on was used.
        changed: Number of subscribers with another state than in the night.
    """

    scored_on: date
    as_of: datetime
    changed: int


@flow(name="states", flow_run_name=run_names.states)
@shares_home
def refresh_states(home: Path | None = None, *, extract_first: bool = True) -> Refreshed:
    """Say of the newest night's people how they stand by now, where that is not as it says.

    Safe to run again, and at once with a night: what it says is replaced whole, and belongs to
    the night it was asked for.

    Args:
        home: Where everything is kept, if not where the settings say.
        ask: Whether to extract what is new first, where the settings say from what. While a night
            or a training reads the landing nothing is extracted: it is asked for the next time.

    Raises:
        NoNight: Nothing has been published.
    """
    settings, now = Settings.at(home), datetime.now(UTC).replace(microsecond=0)
    if extract_first and settings.mapping:
        # What lands in the middle of a night's parts may move people from one to another.
        with try_write_lock(settings.landing_folder) as free, suppress(IncompleteExtract):
            if free:
                _extract(settings, settings.mapping, now)
    with step("states", {}):
        as_of = min(now, settings.landing.until() or now)
        scored_on, url = newest_night(settings.risk_url), settings.risk_url
        business = business_of(settings.churn, settings.value)
        known = changed_states(
            settings.landing, settings.nights.as_of(scored_on), as_of, **business
        )
        scored = night_states(url, scored_on, known["subscriber_id"].to_list())
        before = pl.DataFrame(
            {"subscriber_id": scored.keys(), "before": scored.values()},
            schema={"subscriber_id": pl.String, "before": pl.String},
        )
        changed = known.join(before, on="subscriber_id").filter(pl.col("state") != pl.col("before"))
        rows = changed.drop("before").with_columns(as_of=pl.lit(as_of).dt.cast_time_unit("us"))
        put_states(url, scored_on, as_of, rows)
        return Refreshed(scored_on=scored_on, as_of=as_of, changed=rows.height)


def _extract(settings: Settings, mapping: Path, now: datetime) -> None:
    extract = extract_step.with_options(retries=0)
    with (
        step("extract", {}) as on_progress,
        written_events(settings.home, settings.risk_url, now) as beside,
    ):
        landing = settings.landing
        extract(mapping, until=now, landing=landing, progress=on_progress, beside=beside)
