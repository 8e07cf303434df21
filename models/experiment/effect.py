"""What contact does: how many of the contacted stayed, against the control group."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perdura.models.evaluation.share_difference import Share, difference, people_needed
from perdura.models.experiment.contact_outcomes import HELD_OUT, LISTED, OUTCOMES
from perdura.sources.events import CONTACTS

#: The arm of all that were contacted, or made an offer.
BOTH = "contacted or offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """People who were treated alike, each once.

    Attributes:
        known: Of how many it is known whether they stayed for the horizon.
        stayed: How many of these did,
        share: and which share; ``None`` where it is known of nobody.
        awaited: Of how many it is not known yet.
        gone: How many had left already.
    """

    known: int
    stayed: int
    share: float | None
    awaited: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An arm against those held out.

    Attributes:
        difference: The share of it who stayed, less that of the held out.
        low: The true difference lies from here on in 95 of 100 such samples,
        high: and up to here.
    """

    difference: float
    low: float
    high: float

    @property
    def says(self) -> bool:
        """Whether it is narrow enough to say that contact keeps people, or that it does not."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How many people it takes to see a difference in 4 of 5 trials, those there are included.

    Attributes:
        worth: The difference: as large as seen, or the smallest worth seeing.
        contacted: People to contact, at the present ratio to those held out.
        held_out: People to hold out.
    """

    worth: float
    contacted: int
    held_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What contact did.

    Attributes:
        horizon_days: Stayed is who had not left so many days later.
        since: Whoever was contacted or held out from then on counts; ``None``: everybody.
        known_until: Only what was known before was read.
        arms: By name: ``contacted or offered``, ``contacted``, ``offered``, ``held_out``,
            ``listed``; of the first three whoever was not listed before.
        asked: The arm that is compared in the first place: ``listed`` where there is anybody in it,
            since the lot that listed them is the one that held the others out, at the same moment;
            else ``contacted or offered``.
        compared: The arms of which something is known against the held out, by name. Beside
            ``listed`` no other is: whom support called unlisted no lot chose.
        crossed: How many were contacted although held out.
        reached: How many of the listed were contacted within the horizon.
        first_settles: When the first outcome that is awaited will be known.
        needed: How many it takes, where the first comparison is too wide to say.
    """

    horizon_days: int
    since: datetime | None
    known_until: datetime
    arms: Mapping[str, Arm]
    asked: str
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
    """How many stayed of each arm, how far that is from the held out, and how many it takes.

    Args:
        people: As of ``outcomes``, of all parts together.
        horizon_days: By which they were found.
        since: As it was for them.
        known_until: As it was for them.
        worth: The smallest difference of shares worth seeing; by default as large as seen.
    """
    arms = {BOTH: _arm(people.filter(~pl.col("arm").is_in((HELD_OUT, LISTED))))}
    arms |= {kind: _arm(people.filter(arm=kind)) for kind in CONTACTS.kinds}
    asked = BOTH if people.filter(arm=LISTED).is_empty() else LISTED
    known = {name: Share(arm.stayed, arm.known) for name, arm in arms.items() if arm.known}
    held_out = known.pop(HELD_OUT, None)
    known = {name: share for name, share in known.items() if asked in (BOTH, name)}
    compared = {name: _compared(share, held_out) for name, share in known.items() if held_out}
    unsure = asked in compared and not compared[asked].says
    contacted = people.filter("contacted")["arm"]
    return Effect(
        horizon_days=horizon_days,
        since=since,
        known_until=known_until,
        arms=arms,
        asked=asked,
        compared=compared,
        crossed=int((contacted == HELD_OUT).sum()),
        reached=int((contacted == LISTED).sum()),
        first_settles=people.filter(outcome="awaited")["settles"].min(),  # pyright: ignore[reportArgumentType]
        needed=_needed(known[asked], held_out, worth) if unsure and held_out else None,
    )


def _arm(people: pl.DataFrame) -> Arm:
    stayed, left, awaited, gone = (people.filter(outcome=name).height for name in OUTCOMES)
    known = stayed + left
    share = stayed / known if known else None
    return Arm(known=known, stayed=stayed, share=share, awaited=awaited, gone=gone)


def _compared(share: Share, held_out: Share) -> Compared:
    lies = difference(share, held_out)
    return Compared(difference=share.value - held_out.value, low=lies.low, high=lies.high)


def _needed(contacted: Share, held_out: Share, worth: float | None) -> Needed | None:
    """``None`` where no difference was seen, and none is said to be worth seeing."""
    there, then = held_out.value, contacted.value
    if worth:  # seen above the share of those held out or, where that is near one, below it
        then = there + worth if there + worth <= 1 else there - worth
    if then == there:
        return None
    reached, left_alone = people_needed(then, there, contacted.of / held_out.of)
    return Needed(worth=abs(then - there), contacted=reached, held_out=left_alone)
