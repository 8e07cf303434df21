"""Jobs that another system does in its own time, and that we poll until they have ended."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic, sleep
from typing import Any

from perdura.http_calls import RequestPace
from perdura.risk.integrations.help_desks.caller import NotNow

_LONGEST_LOOK = 10.0  # seconds

#: A job as the other system answers it.
Job = dict[str, Any]


def ended(
    job: Job,
    look: Callable[[Job], Job],
    *,
    key: str,
    done: Collection[str],
    pace: RequestPace,
    patience: float,
) -> Job:
    """The job when it has ended; some have by the time they are answered.

    Args:
        job: As it was answered.
        look: The job as it is by now.
        key: Of its state.
        done: States of a job that has ended.
        pace: Of the calls; the first look comes after half of its first wait.
        patience: Seconds to wait at most.

    Raises:
        NotNow: It has not ended in that time.
    """
    until, pause = monotonic() + patience, pace.first_wait / 2
    while job.get(key) not in done:
        if monotonic() > until:
            raise NotNow(
                f"a job of the other system has not ended in {patience:.0f} s; run it again"
            )
        sleep(pause)
        pause = min(pause * 2, _LONGEST_LOOK)
        job = look(job)
    return job
