"""Why a row broke a rule, and what to write in the mapping: one or two sentences."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from perdura.sources.events import EventTable
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.forms import EPOCHS
from perdura.sources.mapping.values.ids import is_id
from perdura.sources.mapping.values.meaning import MONEY, USUAL


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that broke a rule, and where.

    Attributes:
        rule: The rule.
        table: The contract.
        source: The input.
        column: The column in which it broke the rule.
        value: What stands there.
        values: The commonest values that broke it, and how many have each.
    """

    rule: str
    table: EventTable | None = None
    source: Input | None = None
    column: str | None = None
    value: str | None = None
    values: dict[str, int] = field(default_factory=dict)


def hint(fault: Fault) -> str:
    """What to say of it."""
    if fault.rule in _BY_VALUE:
        return _BY_VALUE[fault.rule](fault)
    if fault.rule not in _WORDS:
        sql = fault.source.reject.get(fault.rule) if fault.source else None
        return f"a rule of the mapping: reject.{fault.rule} = {sql!r}"
    scales = fault.table.ranges if fault.table else {}
    least, most = scales.get(fault.column or "", (1, 5))
    return _WORDS[fault.rule].format(
        column=fault.column,
        table=fault.table.name if fault.table else "the table",
        kinds=", ".join(fault.table.kinds) if fault.table else "",
        found=", ".join(f"{value!r} ({count:,})" for value, count in fault.values.items()),
        least=least,
        most=most,
    )


_WORDS = {
    "no_subscriber": "nothing says whose row it is; if such rows are none write where = "
    "'... IS NOT NULL'",
    "no_time": "nothing says when it happened; if such rows are none write where = "
    "'... IS NOT NULL'",
    "no_length": "the term starts and ends at one moment, and another row of the subscription "
    "starts or ends then, which counts; leave such rows out by where, or map times of day if the "
    "term was real",
    "duplicate": "the same as another row in all that is mapped; if both happened map what tells "
    "them apart, such as an id or row_number",
    "forgotten": "names somebody who was erased",
    "broken_line": "has too few or too many fields, or is no JSON object, or names a key twice; "
    'fields that hold the separator need quotation marks: "a, b"',
    "merged_into_itself": "is merged into itself; leave such rows out by where",
    "merged_in_circle": "is merged into an account that was to live on as this one; leave out by "
    "where the row that does not hold",
    "merged_twice": "was merged into another account at the same moment; leave out by where the "
    "row that does not hold, or give the one that corrects the other its own time",
    "cut_off": "the last line is broken and has no line end; fetch the file again",
    "in_the_future": "happened after it was known; map known_at to when it was written down, or "
    "set timezone",
    "known_before_happened": "was known before it happened; map happened_at and known_at the "
    "other way round, or leave known_at out",
    "negative_amount": "is below zero; the kind says which way money goes: write ABS(...) and "
    "kind = \"CASE WHEN ... < 0 THEN 'refunded' ELSE 'paid' END\"",
    "imprecise_id": "digits may have been lost: the id went through a float (past 2^53) or a "
    "spreadsheet. Export ids as text",
    "ambiguous_number": "is one number if the comma stands before decimals, as in others here, "
    "and another if the point does; write decimal = ',' or decimal = '.'",
    "unknown_kind": 'found {found}; kinds of {table} are {kinds}. Write kind = "CASE ... WHEN '
    "'theirs' THEN 'ours' END\", or leave such rows out by where",
    "missing_required": "{column} may not be empty; map it, or leave such rows out by where",
    "whole_units": "most amounts of the column have decimals, so none is in minor units (cents); "
    "write types = {{ ... = 'number' }} and {column} = \"ROUND(... * 100)\"",
    "off_scale": "{column} goes from {least:g} to {most:g}; leave out what is not rated by where, "
    'or bring another scale to this one: "1 + ... / 25.0" of 0 to 100',
    "bad_currency": "found {found}; a currency has three letters, such as EUR. Write for example "
    "currency = \"CASE ... WHEN '€' THEN 'EUR' END\"",
}


def _encoding(fault: Fault) -> str:
    if fault.source and fault.source.written_as == "parquet":
        return "are bytes that are no text in UTF-8; export the column as text"
    encoding = fault.source.encoding if fault.source else "utf-8"
    return (
        f"some bytes are no {encoding.upper()}; write the file's encoding, for example encoding = "
        "'cp1252' (Western European, Latin-1)"
    )


def _null_words(fault: Fault) -> str | None:
    """What to write where values look like none; ``None`` if they do not."""
    words = [value.strip() for value in (fault.value or "", *fault.values)]
    words = [word for word in dict.fromkeys(words) if word.lower() in USUAL]
    if not words or words[0] != (fault.value or "").strip():
        return None
    return f"looks like no value; write null_words = {words!r}".replace("\\\\", "\\")


def _unparseable(fault: Fault) -> str:
    value = (fault.value or "").strip()
    source = fault.source
    if words := _null_words(fault):
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
    if _was_skipped(value, zone):
        return (
            f"clocks in {zone} were put forward over this time, which was never shown; if the "
            "times are in UTC, or of another zone, write timezone = '...'"
        )
    return (
        f"is no time as {formats}, or one that clocks in {zone} skipped; write time_formats, such "
        "as ['%d.%m.%Y %H:%M']"
    )


def _was_skipped(value: str, zone: str) -> bool:
    """Whether clocks of a zone never showed a time."""
    try:
        local, there = datetime.fromisoformat(value), ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    if local.tzinfo:
        return False
    shown = local.replace(tzinfo=there).astimezone(UTC).astimezone(there)
    return shown.replace(tzinfo=None) != local


def _implausible(fault: Fault) -> str:
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


_COUNTS = {
    "epoch_s": "seconds",
    "epoch_ms": "milliseconds",
    "epoch_us": "microseconds",
    "epoch_ns": "nanoseconds",
}


def _bad_type(fault: Fault) -> str:
    value, source, column = (fault.value or "").strip(), fault.source, fault.column
    if words := _null_words(fault):
        return words
    if source and fault.column in MONEY and source.currency_digits:
        return "is no whole amount in minor units by currency_digits"
    if column == "interval_months":
        return (
            "is no number of months above 0 and no period such as 'week', '14 days', 'P1Y', "
            "'quarterly'; where 0 says that nothing is billed again write NULLIF(..., 0)"
        )
    if is_id(column or ""):
        return "is a list, an object, or true or false, and no id; map a column with one id a row"
    advice = next((words for pattern, words in _OF_NUMBERS if re.search(pattern, value)), None)
    wanted = source.types.get(column or "") if source else None
    return (
        advice or f"is no {wanted or 'number'}, or has marks that decimal and thousands do not name"
    )


#: What a value looks like that is no number as declared, and what to write.
_OF_NUMBERS = (
    (
        r"^(?:true|false)$",
        "is true or false, and no number; if 1 and 0 are meant write CAST(... AS INTEGER)",
    ),
    (
        r"^[-+(]?[\d.  ']*,\d+\)?-?$",
        "write decimal = ',' if a comma stands before decimals, or thousands = ','",
    ),
    (
        r"^[-+]?\d+\.\d+$",
        (
            "has decimals, and the column is whole, such as minor units (cents); write types = "
            "{ ... = 'number' } and ROUND(... * 100)"
        ),
    ),
    (r"[€$£¥%]", "is a number and a sign; write decimal = '.' and currency_sign = '...'"),
)

_BY_VALUE: dict[str, Callable[[Fault], str]] = {
    "bad_encoding": _encoding,
    "unparseable_time": _unparseable,
    "implausible_time": _implausible,
    "bad_type": _bad_type,
    "null_word": lambda fault: f"{_null_words(fault)}, or null_words = [] if it is a real id",
}
