"""The effect of contacting subscribers, as a person sees it."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from perdura.flows.cli.console import OUT
from perdura.models.experiment.contact_outcomes import HELD_OUT, LISTED
from perdura.models.experiment.effect import BOTH, Effect
from perdura.sources.counted import counted, either

_NAMES = {
    BOTH: "contacted",
    "contacted": "  no offer",
    "offered": "  an offer",
    HELD_OUT: "control group",
}
# With a control group, first the subscribers assigned to the list.
_WITH_LOT = {LISTED: "listed", **_NAMES}
_ARMS = {BOTH: "contacted", LISTED: "listed"}

_NO_CONTROL_GROUP = (
    "There is no control group, so the effect of contacting cannot be measured: subscribers who "
    "are called differ from the others. Assign a few of those to be called at random to a control "
    "group, and write them back into contacts as held_out, each at the moment of the call that was "
    "not made."
)

# Who leaves before their turn is never called: marked when the list was made, the held out would
# hold such people, and the called would not.
_HOLDS = (
    "This holds if the control group was drawn at random from those to be called, and marked when "
    "their turn came."
)


def print_effect(found: Effect, console: Console = OUT) -> None:
    """How many stayed, how far that is from the held out, and what it says."""
    since = f", from {found.since:%Y-%m-%d} on" if found.since else ""
    table = Table(
        title=f"Still there {counted(found.horizon_days, 'day')} later{since}, as known before "
        f"{found.known_until:%Y-%m-%d}",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    for name in ("known", "stayed", "share", "less control", "awaited", "had left"):
        table.add_column(name, justify="right", no_wrap=True)
    shown_names = _WITH_LOT if found.main_arm == LISTED else _NAMES
    for name, shown in shown_names.items():
        table.add_row(shown, *_cells(found, name))
    console.print(table)
    for sentence in in_words(found):
        console.print(sentence)


def in_words(found: Effect) -> list[str]:
    """What contact did, one sentence each, or why that is unknown."""
    reached, held_out = found.arms[found.main_arm], found.arms[HELD_OUT]
    if not reached.subscribers and not held_out.subscribers:
        since = f" from {found.since:%Y-%m-%d} on" if found.since else ""
        return [f"No contacts, offers or control group are recorded{since}."]
    if not held_out.subscribers:
        return [_NO_CONTROL_GROUP]
    if not reached.subscribers:
        return ["There is a control group, but no contacts or offers are recorded."]
    said = _verdict(found) if found.main_arm in found.compared else _not_known(found)
    if found.crossed:
        said.append(
            f"{found.crossed:,} of the control group {either(found.crossed, 'was', 'were')} "
            f"contacted, and still {either(found.crossed, 'counts', 'count')} as control."
        )
    if found.main_arm != LISTED:
        return [*said, _HOLDS]
    listed = found.arms[LISTED].subscribers
    random = (
        f"The groups were assigned at random. Of the {listed:,} listed, {found.reached:,} "
        f"{either(found.reached, 'was', 'were')} contacted within the horizon"
    )
    if not found.reached:
        return [*said, f"{random}."]
    times = f"{listed / found.reached:.1f}"
    return [*said, f"{random}, so the effect on these is about {times} times as large."]


def _verdict(found: Effect) -> list[str]:
    compared = found.compared[found.main_arm]
    points = f"{_points(compared.difference)} ({_points(compared.low)} to {_points(compared.high)})"
    seen = f"{points} points more of the {_ARMS[found.main_arm]} than of the control group stayed"
    if compared.says:
        does = (
            "Contacting keeps subscribers"
            if compared.low > 0
            else "Contacting makes subscribers leave"
        )
        return [f"{does}: {seen}."]
    return [
        f"The interval is too wide to say whether contacting keeps subscribers: {seen}.",
        *_takes(found),
    ]


def _takes(found: Effect) -> list[str]:
    """How many more are needed, in words."""
    if not (needed := found.needed):
        return [
            "There is no difference to look for; give the smallest worth detecting: --worth 0.02."
        ]
    more = {
        "to contact": needed.contacted - found.arms[found.main_arm].known,
        "for the control group": needed.held_out - found.arms[HELD_OUT].known,
    }
    if max(more.values()) <= 0:
        enough = (
            f"There are enough to detect a difference of {100 * needed.worth:.1f} points in 4 of 5 "
            "such trials: most likely it is smaller."
        )
        return [enough]
    missing = " and ".join(f"{max(0, count):,} more {what}" for what, count in more.items())
    coming = found.arms[found.main_arm].awaited, found.arms[HELD_OUT].awaited
    awaited = (
        f", of whom {coming[0]:,} and {coming[1]:,} are awaited already" if any(coming) else ""
    )
    takes = (
        f"To detect a difference of {100 * needed.worth:.1f} points in 4 of 5 such trials takes "
        f"{needed.contacted:,} contacted and {needed.held_out:,} control: {missing}{awaited}."
    )
    return [takes]


def _not_known(found: Effect) -> list[str]:
    """Why one of the arms says nothing yet."""
    if found.first_settles is None:
        return [f"All of the {_ARMS[found.main_arm]}, or of the control group, had left already."]
    early = (
        f"Too early to tell: of {found.arms[found.main_arm].awaited:,} {_ARMS[found.main_arm]} and "
        f"{found.arms[HELD_OUT].awaited:,} control it is not known yet whether they stay for "
        f"{counted(found.horizon_days, 'day')}; the first will be known on "
        f"{found.first_settles:%Y-%m-%d}."
    )
    return [early]


def _cells(found: Effect, name: str) -> list[str]:
    arm, compared = found.arms[name], found.compared.get(name)
    return [
        f"{arm.known:,}",
        f"{arm.stayed:,}",
        "" if arm.share is None else f"{arm.share:.1%}",
        ""
        if compared is None
        else f"{_points(compared.difference)} ({_points(compared.low)}, {_points(compared.high)})",
        f"{arm.awaited:,}",
        f"{arm.gone:,}",
    ]


def _points(difference: float) -> str:
    """In hundredths, with its sign."""
    return f"{100 * difference:+.1f}"
