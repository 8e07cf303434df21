"""Tuned parameters, kept in a file until the next tuning or ``perdura tune --forget``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from perdura.models.params import TrainingParams
from perdura.models.predictor.target import SETTINGS
from perdura.models.tuning.search_space import SPACE, Values, mistakes, with_values
from perdura.models.tuning.trials import Tuning
from perdura.sources.counted import counted

#: What a tuning is valid for, and the setting of each in ``perdura.toml``.
_AIM = SETTINGS | {"split": "training.split", "contacted": "training.contacted"}


class BrokenTuning(ValueError):
    """The file of tuned parameters is not valid. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Parameters of the trees that beat the defaults, and on which rows.

    Attributes:
        booster: The parameters by name.
        aim: The settings that they were tuned for.
        judged_from: Nothing known from then on was read; earlier rows cannot be a test set for
            these parameters.
        tuned_at: When they were found.
        trials: Number of trials.
        rows: Feature rows that were read.
        digest: Digest of these rows.
        gain: By how much their log loss was below that of the defaults.
        error: The standard error of the gain.
    """

    booster: Values
    aim: Mapping[str, str | int]
    judged_from: datetime
    tuned_at: datetime
    trials: int
    rows: int
    digest: str
    gain: float
    error: float


def tuned_by(tuning: Tuning, tuned_at: datetime) -> Tuned:
    """The parameters of a tuning that beat the defaults."""
    return Tuned(
        booster=tuning.best.values,
        aim={name: getattr(tuning.params, name) for name in _AIM},
        judged_from=tuning.judged_from,
        tuned_at=tuned_at,
        trials=len(tuning.tried),
        rows=tuning.rows,
        digest=tuning.digest,
        gain=tuning.best.gain or 0.0,
        error=tuning.best.error or 0.0,
    )


def keep_tuned(tuned: Tuned, file: Path) -> None:
    """Write the parameters, atomically."""
    values = asdict(tuned) | {name: getattr(tuned, name).isoformat() for name in _MOMENTS}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    draft.replace(file)


def read_tuned(file: Path) -> Tuned | None:
    """The tuned parameters; ``None`` where there are none.

    Raises:
        BrokenTuning: The file is not one, or holds values outside the search space.
    """
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        wrong = mistakes(stored["booster"])
        tuned = Tuned(**stored | {name: _moment(stored[name]) for name in _MOMENTS})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenTuning(_BROKEN.format(file, f"found {error}")) from error
    if wrong:
        raise BrokenTuning(_BROKEN.format(file, "; ".join(wrong)))
    return tuned


def with_tuned_booster(
    params: TrainingParams, tuned: Tuned, first_test_date: datetime | None
) -> TrainingParams:
    """The parameters with trees that grow as tuned; or, in ``tuned``, why they do not.

    The trees that separate the causes keep the defaults: they are fitted on churners only, a few
    percent of the rows that were tuned on.

    Args:
        params: Parameters with the defaults.
        tuned: The tuned parameters.
        first_test_date: The first date of the test set; ``None`` without one.
    """
    if why := _why_unused(params, tuned, first_test_date):
        return replace(params, tuned=f"The tuned parameters are not used: {why}.")
    return replace(
        params,
        booster=with_values(params.booster, tuned.booster),
        cause_booster=params.booster,
        tuned=f"Its trees grow as tuned on {tuned.tuned_at:%Y-%m-%d}: "
        f"{counted(tuned.trials, 'trial')} on {counted(tuned.rows, 'row')}, with nothing known "
        f"from {tuned.judged_from:%Y-%m-%d} on.",
    )


def _why_unused(
    params: TrainingParams, tuned: Tuned, first_test_date: datetime | None
) -> str | None:
    aim = {name: getattr(params, name) for name in _AIM}
    other = [
        f"{setting} {aim[name]}, not {tuned.aim.get(name)}"
        for name, setting in _AIM.items()
        if aim[name] != tuned.aim.get(name)
    ]
    if other:
        return f"what is learnt has {', '.join(other)} as it had then"
    if first_test_date is not None and first_test_date < tuned.judged_from:
        return (
            f"rows from {first_test_date:%Y-%m-%d} on are to be judged, and what came until "
            f"{tuned.judged_from:%Y-%m-%d} was seen when they were found"
        )
    return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without its zone, {text!r}")
    return moment


_MOMENTS = ("judged_from", "tuned_at")

_BROKEN = (
    "asked for the tuned parameters in {}, which should hold "
    f"{', '.join(SPACE)} as perdura tune wrote them; {{}}. Run perdura tune --forget to go "
    "back to the defaults; then perdura tune may find others"
)
