"""A table read by another version of its connector than before: corrected, or refused.

Everything is read again. What it gives as before lands once, and what it tells otherwise of the
same thing, moment and kind is a correction, known since it could have been read. What it gives at
another moment or as another kind would count beside what landed.
"""

from collections.abc import Sequence

from perdura.sources.events import EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.earlier import EarlierExtracts
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.report.outcomes import Outcome
from perdura.sources.mapping.vanished import example

#: A few may have changed at the vendor's; from this share of what landed on the connector did it.
_FEW = 0.01


def refuse_moved(
    table: EventTable, past: EarlierExtracts, outcomes: Sequence[Outcome], landing: Landing
) -> None:
    """Refuse a changed connector by which events that landed would count twice.

    Raises:
        BadSource: It gives too many of them otherwise. Nothing of it has landed.
    """
    moved = sum(outcome.vanished.moved for outcome in outcomes)
    if past.changed is None or moved <= _FEW * past.landed_rows:
        return
    names, day = past.changed
    oldest = example([outcome.vanished for outcome in outcomes])
    raise BadSource(
        f"the connector of {', '.join(names)} has changed since {day}, and gives {moved:,} of the "
        f"{past.landed_rows:,} events that landed at another moment, as another kind or under "
        f"another id, such as {oldest}; they would count twice. To land the table afresh, all of "
        f"it, delete the folder {landing.folder / table.name}"
    )


def by_changed_connector(past: EarlierExtracts) -> list[str]:
    """What the report says of a changed connector."""
    if past.changed is None:
        return []
    names, day = past.changed
    note = (
        f"the connector of {', '.join(names)} has changed since {day}: all was read again, and "
        "what it tells otherwise counts as a correction"
    )
    return [note]
