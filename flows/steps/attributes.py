"""Which attributes of subscribers are learnt from."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from perdura.features.topics.attributes import NAME
from perdura.sources.events import SUBSCRIBERS
from perdura.sources.mapping.mapping import or_rather
from perdura.sources.merges import Events
from perdura.sources.states.accounts import ACCOUNT

#: An attribute with more values than these is taken for an id or a free text.
_MOST_VALUES = 100


class UnknownAttribute(ValueError):
    """The settings name an attribute that no subscriber has."""


def learnt_attributes(
    wanted: Sequence[str] | None, events: Events, known_until: datetime
) -> tuple[str, ...]:
    """The ``wanted`` attributes of the settings; without that those with 2 to 100 values.

    The account that a subscriber belongs to is an id and is learnt from only where it is named.

    Raises:
        UnknownAttribute: The setting names one that no subscriber has.
    """
    known = events[SUBSCRIBERS.name].filter(
        pl.col("known_at") < known_until, pl.col("value").is_not_null()
    )
    values = dict(
        known.group_by("name").agg(pl.col("value").n_unique()).collect(engine="streaming").rows()
    )
    if wanted is None:
        return tuple(
            name
            for name, many in sorted(values.items())
            if name != ACCOUNT and 2 <= many <= _MOST_VALUES and NAME.fullmatch(name)
        )
    for name in wanted:
        if name not in values:
            raise UnknownAttribute(
                f"training.attributes names {name!r}, which no subscriber has by "
                f"{known_until:%Y-%m-%d}{or_rather(name, values)}"
            )
    return tuple(wanted)
