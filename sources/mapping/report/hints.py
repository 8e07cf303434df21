"""Why a row broke a rule, and what to write in the mapping: one or two sentences."""

import re
from collections.abc import Callable

from perdura.sources.mapping.report.fault import Fault, null_words
from perdura.sources.mapping.report.time_hints import implausible, unparseable
from perdura.sources.mapping.values.ids import is_id
from perdura.sources.mapping.values.meaning import MONEY


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


def _bad_type(fault: Fault) -> str:
    value, source, column = (fault.value or "").strip(), fault.source, fault.column
    if words := null_words(fault):
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
    "unparseable_time": unparseable,
    "implausible_time": implausible,
    "bad_type": _bad_type,
    "null_word": lambda fault: f"{null_words(fault)}, or null_words = [] if it is a real id",
}
