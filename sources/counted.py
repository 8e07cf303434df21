"""Counts in words: 1 event is, 2 events are. Light: `perdura --help` loads it."""


def counted(number: int, noun: str) -> str:
    """The number with its noun."""
    return f"{number:,} {noun}{either(number, '', 's')}"


def either(number: int, one: str, many: str) -> str:
    """What goes with one, or with any other number."""
    return one if number == 1 else many
