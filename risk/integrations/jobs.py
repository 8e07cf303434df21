"""Work that another system does in its own time, and is asked after until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic, sleep
from typing import Any

from perdura.risk.integrations.caller import NotNow, Pace

_LONGEST_LOOK = 10.0  # seconds

#: A job as the other system tells of it.
Job = dict[str, Any]


def ended(
    job: Job, look: Callable[[Job], Job], *, says: str, done: Collection[str], pace: Pace, by: float
) -> Job:
    """The job when it has ended; some have by the time they are answered.

    Args:
        job: As it was answered.
        look: The job as it is by now.
        says: Under which name it says how it stands.
        done: What it says then.
        pace: Of the calls; the first look comes after half as long as the first trying again.
        by: Seconds to wait at most.

    Raises:
        NotNow: It has not ended in that time.
    """
    until, pause = monotonic() + by, pace.first_wait / 2
    while job.get(says) not in done:
        if monotonic() > until:
            raise NotNow(f"a job of the other system has not ended in {by:.0f} s; run it again")
        sleep(pause)
        pause = min(pause * 2, _LONGEST_LOOK)
        job = look(job)
    return job
