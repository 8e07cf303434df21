"""Values of options in a mapping: lengths of time, time zones, databases."""

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

LENGTHS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def as_delay(text: object) -> object:
    """``6h``, ``1d12h``, ``90m``, ``30s`` as a length of time; what is no text stays.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(text, str):
        return text
    parts = re.findall(r"(\d+)([dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no length of time; write for example '6h' or '1d12h'")
    return timedelta(**{LENGTHS[unit]: int(number) for number, unit in parts})


def as_zone(name: str) -> str:
    """The name of a time zone.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone {name!r}; write for example 'Europe/Madrid'") from None
    return name


def shown_database(database: object) -> str:
    """A database as messages name it: one that is written out may hold a password."""
    written = str(database)
    if re.fullmatch(r"\$\{?\w+\}?", written):
        return written
    return f"a database of {written.partition(':')[0]}" if ":" in written else "a database"


Delay = Annotated[timedelta, BeforeValidator(as_delay)]
Zone = Annotated[str, AfterValidator(as_zone)]
