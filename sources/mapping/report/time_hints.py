"""Why a value is no time, and what to write in the mapping."""

import re

from perdura.sources.mapping.report.fault import Fault, null_words
from perdura.sources.mapping.values.clocks import was_skipped
from perdura.sources.mapping.values.forms import EPOCHS

_COUNTS = {
    "epoch_s": "seconds",
    "epoch_ms": "milliseconds",
    "epoch_us": "microseconds",
    "epoch_ns": "nanoseconds",
}


def unparseable(fault: Fault) -> str:
    """What to say of a value that is no time in any form of its input."""
    value = (fault.value or "").strip()
    source = fault.source
    if words := null_words(fault):
        return words
    if re.fullmatch(r"\d{10}|\d{13}|\d{16}|\d{19}", value) and not (source and source.time_formats):
        unit = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}[len(value)]
        return f"may be a time since 1970; write time_formats = ['{unit}']"
    if re.fullmatch(r"[1-9]\d{4}([.,]\d+)?", value):
        return "may be a spreadsheet's number of a day; export dates as 2026-01-31"
    if re.search(r"[A-Z]{3,4}$", value):
        return "its zone's letters may mean several; export times in UTC, or with +02:00"
    formats = ", ".join(source.time_formats) if source and source.time_formats else "ISO 8601"
    zone = source.timezone if source else "UTC"
    if was_skipped(value, zone):
        return (
            f"clocks in {zone} were put forward over this time, which was never shown; if the "
            "times are in UTC, or of another zone, write timezone = '...'"
        )
    skipped = "" if zone == "UTC" else f", or one that clocks in {zone} skipped"
    return f"is no time as {formats}{skipped}; write time_formats, such as ['{_example(value)}']"


def _example(value: str) -> str:
    """A format that looks like the value, if it looks like a date."""
    mark = re.fullmatch(r"\d+([/.-])\d+\1\d+(.*)", value)
    if not mark:
        return "%d.%m.%Y %H:%M"
    return mark[1].join(("%d", "%m", "%Y")) + (" %H:%M" if ":" in mark[2] else "")


def implausible(fault: Fault) -> str:
    """What to say of a time before 1990 or more than 50 years ahead."""
    try:
        number = float(fault.value or "")
    except ValueError:
        number = 0.0
    for unit, many in EPOCHS.items():
        if 631_152_000 <= number / many < 4_000_000_000:
            formats = [*(fault.source.time_formats if fault.source else ()), unit]
            return (
                f"is not between 1990 and 50 years ahead, and is if it counts {_COUNTS[unit]}; "
                f"write time_formats = ['{unit}'], or {formats} if the column mixes them"
            )
    return "is not between 1990 and 50 years ahead; if it stands for never write it into null_words"
