"""A run of the schedule ends with the schedule, however that ends."""

import os
import signal
from functools import cache
from threading import Thread
from time import sleep

from perdura.flows.configuration.setting_names import SCHEDULE_PROCESS

_EVERY = 0.5  # seconds


def be_the_schedule() -> None:
    """Let the runs that this process starts end with it."""
    os.environ[SCHEDULE_PROCESS] = str(os.getpid())


def end_with_schedule() -> None:
    """End this process at once when the schedule that started it has ended; else do nothing.

    Without it a run would go on until its server answers no more, and the next night would wait
    for it. Nothing of ours is half done after a kill: what it was doing is done again.
    """
    schedule = int(os.environ.get(SCHEDULE_PROCESS, "0"))
    if schedule and schedule != os.getpid():
        _watch(schedule)


@cache
def _watch(schedule: int) -> None:
    is_child = os.getppid() == schedule

    def wait() -> None:
        while os.getppid() == schedule if is_child else _is_there(schedule):
            sleep(_EVERY)
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
