"""The effect of contacting: retention of the contacted against that of the control group."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.evaluation.share_difference import Share, difference, sample_sizes
from perdura.models.experiment.contact_outcomes import HELD_OUT, LISTED, OUTCOMES
from perdura.sources.events import CONTACTS

#: The arm of all subscribers that were contacted or made an offer.
BOTH = "contacted or offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Subscribers with the same treatment, each counted once.

    Attributes:
        known: Number with a known outcome.
        stayed: Number of these who stayed for the horizon,
        share: and their share; ``None`` where no outcome is known.
        awaited: Number with an outcome that is not known yet.
        gone: Number who had left already.
    """

    known: int
    stayed: int
    share: float | None
    awaited: int
    gone: int

    @property
    def subscribers(self) -> int:
        """How many there are in all."""
        return self.known + self.awaited + self.gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An arm against the control group.

    Attributes:
        difference: Its retention less that of the control group.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
    """

    difference: float
    low: float
    high: float

    @property
    def says(self) -> bool:
        """Whether the interval excludes zero: contact keeps subscribers, or drives them away."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """The sample sizes to detect a difference with a power of 80 %, present subscribers included.

    Attributes:
        worth: The difference: as large as observed, or the smallest worth detecting.
        contacted: Subscribers to contact, at the present ratio to the control group.
        held_out: Subscribers to hold out.
    """

    worth: float
    contacted: int
    held_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of contacting subscribers.

    Attributes:
        horizon_days: Days that a subscriber must stay to count as retained.
        since: Only subscribers contacted or assigned from then on count; ``None``: all.
        known_until: Only what was known before was read.
        arms: By name: ``contacted or offered``, ``contacted``, ``offered``, ``held_out``,
            ``listed``; the first three without subscribers that were listed before.
        main_arm: The arm of the main comparison: ``listed`` where it is not empty, since the same
            random assignment made it and the control group; else ``contacted or offered``.
        compared: The arms with known outcomes against the control group, by name. Beside
            ``listed`` no other is compared: contacts off the list were not randomised.
        crossed: Number of the control group that was contacted.
        reached: Number of the listed that was contacted within the horizon.
        first_settles: When the next awaited outcome will be known.
        needed: The sample sizes, where the main comparison is too wide to conclude.
    """

    horizon_days: int
    since: datetime | None
    known_until: datetime
    arms: Mapping[str, Arm]
    main_arm: str
    compared: Mapping[str, Compared]
    crossed: int
    reached: int
    first_settles: datetime | None
    needed: Needed | None


def effect(
    people: pl.DataFrame,
    *,
    horizon_days: int,
    since: datetime | None,
    known_until: datetime,
    worth: float | None = None,
) -> Effect:
    """The retention of each arm, its difference from the control group, and the sample sizes.

    Args:
        people: From ``outcomes``, of all parts together.
        horizon_days: As for ``outcomes``.
        since: As for ``outcomes``.
        known_until: As for ``outcomes``.
        worth: The smallest difference of shares worth detecting; by default as large as observed.
    """
    arms = {BOTH: _arm(people.filter(~pl.col("arm").is_in((HELD_OUT, LISTED))))}
    arms |= {kind: _arm(people.filter(arm=kind)) for kind in CONTACTS.kinds}
    main_arm = BOTH if people.filter(arm=LISTED).is_empty() else LISTED
    known = {name: Share(arm.stayed, arm.known) for name, arm in arms.items() if arm.known}
    held_out = known.pop(HELD_OUT, None)
    known = {name: share for name, share in known.items() if main_arm in (BOTH, name)}
    compared: dict[str, Compared] = {}
    for name, share in known.items():
        if held_out is not None:
            interval = difference(share, held_out)
            distance = share.value - held_out.value
            compared[name] = Compared(difference=distance, low=interval.low, high=interval.high)
    unsure = main_arm in compared and not compared[main_arm].says
    contacted = people.filter("contacted")["arm"]
    return Effect(
        horizon_days=horizon_days,
        since=since,
        known_until=known_until,
        arms=arms,
        main_arm=main_arm,
        compared=compared,
        crossed=int((contacted == HELD_OUT).sum()),
        reached=int((contacted == LISTED).sum()),
        first_settles=people.filter(outcome="awaited")["settles"].min(),  # pyright: ignore[reportArgumentType]
        needed=_needed(known[main_arm], held_out, worth) if unsure and held_out else None,
    )


def _arm(people: pl.DataFrame) -> Arm:
    stayed, left, awaited, gone = (people.filter(outcome=name).height for name in OUTCOMES)
    known = stayed + left
    share = stayed / known if known else None
    return Arm(known=known, stayed=stayed, share=share, awaited=awaited, gone=gone)


def _needed(contacted: Share, held_out: Share, worth: float | None) -> Needed | None:
    """The sample sizes; ``None`` without an observed difference and without ``worth``."""
    control, treated = held_out.value, contacted.value
    if worth:  # above the control group's share or, where that is near one, below it
        treated = control + worth if control + worth <= 1 else control - worth
    if treated == control:
        return None
    to_contact, to_hold_out = sample_sizes(treated, control, contacted.total / held_out.total)
    return Needed(worth=abs(treated - control), contacted=to_contact, held_out=to_hold_out)
