"""A night's and a week's work in parts: as many subscribers at once as memory holds."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import polars as pl

from perdura.flows.configuration.groups import ComputeSettings
from perdura.flows.settings import Settings
from perdura.sources.events import EVENT_TABLES
from perdura.sources.landing.full_disk import room_in
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKETS, Part

# Landed rows of a part, about: a night of as many takes two gigabytes.
_ROWS = 16_000_000


def parts_of(landing: Landing, compute: ComputeSettings) -> list[Part]:
    """Parts of the subscribers, ready to be read: none of them large, two for each worker."""
    events = landing.events()
    rows = sum(events[table.name].select(pl.len()).collect().item() for table in EVENT_TABLES)
    wanted = max(-(-rows // _ROWS), 2 * compute.workers if compute.cluster else 1)
    count = min(wanted, BUCKETS)
    if count > 1:
        landing.gather_moved()
    return [Part(number, count) for number in range(count)]


def with_absolute_paths(settings: Settings) -> Settings:
    """The settings with paths that mean the same in whatever folder a worker was started."""
    actions, rates = settings.support.actions, settings.value.exchange_rates
    support = {"actions": actions and actions.absolute()}
    value = {"exchange_rates": rates and rates.absolute()}
    return settings.model_copy(
        update={
            "home": settings.home.absolute(),
            "support": settings.support.model_copy(update=support),
            "value": settings.value.model_copy(update=value),
        }
    )


def memoised_on_disk(mark: Path, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """What ``work`` gives, kept in ``mark``: a second call reads it from there.

    A worker that is lost takes along what its finished parts gave, and Dask asks for those again;
    the only one to be worked on twice is the one that was not finished.
    """
    if not mark.exists():
        with draft_of(mark) as draft:
            work().write_ipc(draft)
    return pl.read_ipc(mark)


@contextmanager
def draft_of(file: Path) -> Generator[Path]:
    """A file to write that becomes ``file`` when it is whole.

    A worker may end in the middle, and one that was thought lost may be at the same part still.
    """
    draft = file.with_suffix(f".{uuid4().hex[:12]}")
    with room_in(file.parent):
        yield draft
        draft.replace(file)
