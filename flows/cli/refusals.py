"""What a command refuses without Prefect: asked first, as its server takes ten seconds to start.

That the home can be written is asked before anything is imported that may write.
"""

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from perdura.flows.orchestration.prefect_setup import make_folder
from perdura.flows.runtime.writable_home import refuse_read_only
from perdura.flows.settings import Settings, refuse_other_mapping
from perdura.risk.errors import NoNight
from perdura.risk.query.trial import refuse_over_real
from perdura.risk.store.connect import reading


def refuse_extract(settings: Settings, mapping: Path, until: date) -> None:
    """Nothing, if an extract may begin.

    Raises:
        ReadOnlyHome: The home cannot be written.
        NotYet: The date has not come.
        BadMapping: The mapping cannot be read.
        HomeInUse: The home belongs to another mapping.
    """
    _prepare(settings.home)
    from perdura.flows.configuration.dates import refuse_future
    from perdura.sources.connected import refuse_bad_connections
    from perdura.sources.mapping.mapping import read_mapping

    refuse_bad_connections(read_mapping(mapping))
    refuse_future(until)
    refuse_other_mapping(settings, mapping)


def refuse_training(settings: Settings, until: date | None) -> None:
    """Nothing, if there is anything to learn from: of a training, a backtest and a tuning.

    Raises:
        ReadOnlyHome: The home cannot be written.
        NothingLanded: Nothing is known, or not by then.
        BrokenTuning: The file of tuned parameters cannot be read.
        DatabaseHeld, BrokenDatabase: Of MLflow's.
    """
    _prepare(settings.home)
    from perdura.flows.runtime.model_store import wait_for_store
    from perdura.flows.steps.training_window import dates_by_settings, known_history
    from perdura.models.tuning.tuned_params import read_tuned

    known_until = known_history(settings.landing, settings.churn, until)
    dates_by_settings(settings.landing.events(), settings.churn, settings.training, known_until)
    read_tuned(settings.tuned)
    wait_for_store(settings.home)


def refuse_night(settings: Settings, scored_on: date | None, *, trial: bool) -> None:
    """Nothing, if a night may be scored: it has come, there is a model, and something was read.

    Raises:
        Exception: As ``score_nightly``, and ``ReadOnlyHome``.
    """
    _prepare(settings.home)
    from perdura.flows.score_nightly import model_of, refuse_unread, wait_until

    day = scored_on or settings.nights.newest_known(datetime.now(UTC))
    wait_until(as_of := settings.nights.as_of(day), day)
    if trial:
        _refuse_trial(settings.risk_url, day)
    model_of(settings, None, trial=trial)
    if settings.mapping is None:  # else the night extracts first
        from perdura.flows.steps.training_window import NothingLanded

        if not settings.landing_folder.exists():
            raise NothingLanded(
                f"asked to score {day}; nothing has been extracted into {settings.landing_folder}, "
                "and the settings name no mapping. Run perdura extract --mapping FILE"
            )
        refuse_unread(settings, as_of)


def refuse_states(settings: Settings) -> None:
    """Nothing, if there is a night with states to update.

    Raises:
        ReadOnlyHome: The home cannot be written.
        NoNight: Nothing has been published.
    """
    _prepare(settings.home)
    from perdura.risk.query.standing import newest_night

    newest_night(settings.risk_url)


def refuse_effect(settings: Settings) -> None:
    """Nothing, if there are contacts to estimate the effect of.

    Raises:
        ReadOnlyHome: The home cannot be written.
        NothingLanded: No contacts have landed, or nothing that tells who left.
    """
    _prepare(settings.home)
    from perdura.flows.steps.contact_effect import refuse_without_contacts
    from perdura.flows.steps.training_window import known_history

    known_history(settings.landing, settings.churn, None)
    refuse_without_contacts(settings.landing)


def refuse_demo(settings: Settings) -> None:
    """Nothing, if a company can be simulated in the home.

    Raises:
        ReadOnlyHome: The home cannot be written.
        HomeInUse: The home, or the risk table, is another business's.
    """
    _prepare(settings.home)
    from perdura.flows.cli.demo import company_mapping, refuse_shared_table

    refuse_shared_table(settings.risk_url)
    refuse_other_mapping(settings, company_mapping(settings.home))


def _prepare(home: Path) -> None:
    """Before Prefect is first imported."""
    refuse_read_only(home)
    make_folder()


def _refuse_trial(url: str, day: date) -> None:
    """A champion has scored that night, where the table knows of trials."""
    from perdura.risk.schema.all_tables import columns_of
    from perdura.risk.schema.tables import NIGHTS

    with suppress(NoNight), reading(url) as connection:
        if NIGHTS.c.trial.name in columns_of(connection, NIGHTS):
            refuse_over_real(connection, day)
