"""Work for the workers of a cluster that leaves a line in ``begun`` whenever a part is begun."""

import os
from datetime import datetime
from pathlib import Path
from time import sleep

from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import gather_results
from perdura.flows.settings import Settings
from perdura.flows.steps.score_parts import ScoredPart, score_part
from perdura.sources.landing.partition import Part

#: Who works on this part for the first time waits for its end.
DOOMED = 2


def watched(part: Part, as_of: datetime, settings: Settings, folder: Path) -> ScoredPart:
    """The part scored as in every night."""
    if part.number == DOOMED and not (folder / "victim").exists():
        note(folder, part)
        (folder / "draft").write_text(str(os.getpid()))
        (folder / "draft").rename(folder / "victim")
        sleep(120)
    before = written(folder, part)
    scored = score_part(part, as_of, settings, folder)
    if written(folder, part) != before:
        note(folder, part)
    return scored


def written(folder: Path, part: Part) -> set[tuple[str, int]]:
    """The files of a part, and when they were written."""
    return {
        (file.name, file.stat().st_mtime_ns) for file in folder.glob(f"part-{part.number:03}.*")
    }


def note(folder: Path, part: Part) -> None:
    """Say that the part has been begun."""
    with (folder / "begun").open("a") as begun:
        begun.write(f"{part.number}\n")


watched_step = step_of_flow(watched, "watched")


@flow(name="watched-parts", validate_parameters=False)
def watched_parts(
    parts: list[Part], as_of: datetime, settings: Settings, folder: Path
) -> list[ScoredPart]:
    """Every part."""
    asked = [watched_step.submit(part, as_of, settings, folder) for part in parts]
    return gather_results(asked, lambda _done, _of, _what: None, "watch")


def refuse(number: int, folder: Path) -> int:
    """The number; the first is none that anybody takes."""
    (folder / f"begun-{number}").touch()
    sleep(0.5)
    if number == 0:
        raise Refused("number 0")
    return number


class Refused(ValueError):
    """Said of a number."""


refuse_step = step_of_flow(refuse, "refuse")


@flow(name="refusing", validate_parameters=False)
def refusing(folder: Path) -> list[int]:
    """Sixty numbers, of which the first is refused."""
    asked = [refuse_step.submit(number, folder) for number in range(60)]
    return gather_results(asked, lambda _done, _of, _what: None, "refuse")
