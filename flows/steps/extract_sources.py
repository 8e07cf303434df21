"""Ask the sources what they have come to know, and land it."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perdura.flows.configuration.dates import midnight, refuse_future
from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.recorded import RecordedStep, flow, step_of_flow
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.progress import STDERR, step
from perdura.flows.settings import Settings, keep
from perdura.flows.steps.contact_events import written_events
from perdura.progress import OnProgress
from perdura.sources.extract import IncompleteExtract, extract
from perdura.sources.mapping.mapping import BadMapping, read_mapping
from perdura.sources.mapping.report.report import Report

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


def _may_be_mended(_task: object, _run: object, state: "State[Any]") -> bool:
    return not isinstance(state.result(raise_on_failure=False), BadMapping)


# The one step that asks other systems, and so the one that is tried again. A mapping that is
# wrong stays wrong.
extract_step = step_of_flow(
    extract,
    "extract",
    retries=3,
    retry_delay_seconds=[30, 120, 600],
    retry_condition_fn=_may_be_mended,
)


@flow(name="extract", flow_run_name=run_names.extract)
@shares_home
def extract_sources(
    mapping: Path, until: date, home: Path | None = None, *, patient: bool = True
) -> Report:
    """Land everything that was known before ``until`` (00:00 UTC) and has not landed yet.

    Safe to run again: a day's extract replaces itself. The first extract of a home keeps the
    mapping's settings in its ``perdura.toml``.

    Args:
        mapping: The mapping file.
        until: The first day that is left for later.
        home: Where everything is kept, if not where the settings say.
        patient: Whether to ask a source that cannot be read again, after 30 s, 2 and 10 min.

    Raises:
        BadMapping: The mapping asks for something that is not there. Nothing has landed.
        IncompleteExtract: A source could not be read. The other tables have landed.
    """
    refuse_future(until)
    settings = Settings.at(home)
    written = keep(settings, mapping, read_mapping(mapping).settings)
    read = extract_step_for(patient=patient)
    moment, landing = midnight(until), settings.landing
    with (
        step("extract", {}) as on_progress,
        written_events(settings.home, settings.risk_url) as beside,
    ):
        try:
            return read(mapping, until=moment, landing=landing, progress=on_progress, beside=beside)
        except BadMapping:
            if written:  # nothing has landed, so the home is not this mapping's yet
                written.unlink()
            raise


def extract_step_for(*, patient: bool) -> RecordedStep[..., Report]:
    """The step; without patience a source that cannot be read is reported at once."""
    return extract_step if patient else extract_step.with_options(retries=0)


def extract_missing(
    settings: Settings, as_of: datetime, on_progress: OnProgress, *, patient: bool
) -> None:
    """Load what is new for a night, where the settings name a mapping and it is not done in full.

    A source that cannot be read does not stop the night: the scores say what they lack. The
    night done again asks it again.
    """
    newest = max(settings.landing.days().values(), key=lambda day: day.until, default=None)
    done = newest is not None and newest.until >= as_of and not newest.degraded
    if settings.mapping is None or done:
        return
    read, landing = extract_step_for(patient=patient), settings.landing
    try:
        with written_events(settings.home, settings.risk_url) as beside:
            read(
                settings.mapping, until=as_of, landing=landing, progress=on_progress, beside=beside
            )
    except IncompleteExtract as error:
        STDERR.print(f"  the night goes on without: {error}", markup=False)
