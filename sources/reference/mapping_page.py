"""The reference page of the mapping language, written from the declarations."""

import inspect
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from pydantic import BaseModel

from perdura.sources.events import EVENT_TABLES, MOMENT, EventTable
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.sections import FixedColumn, Input, Join, Numbered, Series, SourceFile
from perdura.sources.reference.recipes import RECIPES, MappingRecipe

PAGE = Path(__file__).resolve().parents[2] / "docs" / "MAPPING.md"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)

_HEAD = """# The mapping language

A mapping is a TOML file that says how your own tables become events. `make docs` writes this page
from the declarations in `sources/`, and a test fails when it is not current.
`perdura extract --mapping my.toml` reads a mapping.

- One section per event table: `[payments]`; with several inputs, `[[payments]]` for each.
- A column of the event table is an SQL expression over the columns of the file. So a column's name
  is itself, and a text is quoted twice: `kind = "'paid'"`. Numbers, `true` and `false` stand for
  themselves. `row_number` is the line. A column that is named by a word of SQL goes in quotation
  marks: `happened_at = '"date"'`.
- `timezone` above all sections is that of every input. `[settings]` is kept in `perdura.toml`.
- In place of `file` an input or a join may have `query = "SELECT ..."` (or `query_file`) and
  `database = "$BILLING_URL"`: PostgreSQL, SQLite, and with `pip install 'perdura[mysql,duckdb]'`
  MySQL and DuckDB. The session cannot write. With `watermark` only rows that changed are read.
- `$NAME` in a path is an environment variable; paths start at the mapping's folder; `*` finds
  several files.
- `[connect.NAME]` says where a vendor's data are (`folder = "..."`, or `key = "$VARIABLE"`), and
  `connector = "..."` which vendor, where NAME is not its name. `file = "NAME:frame"` of an input or
  a join is then a frame of that connector: docs/CONNECTORS.md. What was fetched is removed
  when the extract ends.
- Every row is accounted for: landed, had before, for later, left out by `where`, or rejected with
  the rule it broke and an example.
"""

#: What each column of an event table holds, by name, or by table and name where tables differ.
MEANINGS = {
    "subscribers.name": "which attribute: segment, channel, country, account",
    "subscribers.value": "what it is from then on; empty: no longer known",
    "subscriber_id": "the subscriber it happened to",
    "happened_at": "when it happened; places the event in a window",
    "known_at": "when we could first have read it; by default `happened_at` plus `known_after`",
    "kind": "what happened",
    "subscription_id": "the subscription",
    "plan": "the plan's name, after the event",
    "interval_months": "months that are billed at once, or in words: `week`, `14 days`, `P1Y`",
    "subscriptions.quantity": "seats, after the event",
    "usage.quantity": "how much was used",
    "mrr": "monthly recurring revenue after the event: minor units, after discount, before tax",
    "currency": "ISO 4217 code",
    "reason": "why it ended: voluntary, payment, other, unknown",
    "country": "ISO 3166-1 alpha-2 code",
    "payment_id": "the payment or charge",
    "invoice_id": "the invoice that a payment is for",
    "amount": "minor units of `currency`",
    "method": "how it is paid, e.g. card, sepa_debit",
    "failure_code": "why it failed, as the vendor says, e.g. card_declined",
    "ticket_id": "the ticket or conversation",
    "priority": "its priority, as the event left it",
    "channel": "email, chat, phone",
    "topic": "what it is about; `outage` and `how_to` have features of their own",
    "hours": "hours since it was opened: to the first reply, to resolution",
    "score": "satisfaction (CSAT), 1 to 5",
    "action": "what support did",
    "by": "who did it",
    "merged_into": "the account that lives on",
}

#: What breaks each rule. Rows that do are kept under `rejected/`, and counted.
RULES = {
    "no_subscriber": "there is no subscriber id",
    "null_word": "a word such as NULL stands where an id should be",
    "imprecise_id": "the id is a number too large to be exact (beyond 2^53)",
    "unparseable_time": "the value is no time in any of the formats",
    "implausible_time": "the time lies before 1990 or more than 50 years ahead",
    "ambiguous_number": "1.299 may be a thousand or a fraction, and `decimal` does not say which",
    "whole_units": "most amounts of the column have decimals, so none is in minor units",
    "bad_type": "the value does not fit the column's type",
    "bad_currency": "the currency is not three letters",
    "no_time": "there is no time",
    "missing_required": "a required column is empty",
    "unknown_kind": "the kind is none of the table's",
    "bad_encoding": "the text is not in the stated encoding",
    "in_the_future": "it happened after the extract's end, and claims to be known before",
    "known_before_happened": "it was known before it happened",
    "negative_amount": "a number that cannot be negative is",
    "off_scale": "the value lies outside its scale, as a rating of 97 does of 1 to 5",
    "no_length": "a term that starts and ends at one moment, where another row of the subscription "
    "starts or ends then: it never was",
    "duplicate": "the same event stands in the source more than once",
    "merged_into_itself": "the account is merged into itself",
    "merged_in_circle": "the merge closes a circle with those known before it",
    "merged_twice": "the account was merged into another one at the same moment",
    "cut_off": "the file ends in the middle of a line",
    "broken_line": "the line has more or fewer fields than the header, or names a JSON key twice",
}


def page() -> str:
    """The page as Markdown."""
    parts = [
        _HEAD,
        "## Event tables\n",
        "Every table has these four:\n",
        _columns(EVENT_TABLES[0], _EVERY),
        *(
            f"### `[{table.name}]`\n\n"
            f"Kinds: {', '.join(f'`{kind}`' for kind in table.kinds) or 'any'}.\n\n"
            f"{_columns(table, (*table.columns,))}"
            for table in EVENT_TABLES
        ),
        "## Keys of an input\n",
        _keys(Input, without={"columns"}),
        "## Keys of a join: `[[TABLE.join]]`\n",
        "With all keys of a file: `file`, `format`, `separator`, `encoding` and so on.\n",
        _keys(Join, without={*SourceFile.model_fields}),
        "## Rows in order: `numbered = { ... }`\n",
        _keys(Numbered, without=set()),
        "## Rows every so often: `series = { ... }`\n",
        _keys(Series, without=set()),
        "## Columns of fixed width: `fixed = [{ name, start, width }]`\n",
        f"{' '.join((inspect.getdoc(FixedColumn) or '').split())}\n",
        "## Rules that rows may break\n",
        "| rule | broken where |\n|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in RULES.items()),
        "\n## Recipes\n",
        *(_of_recipe(recipe) for recipe in RECIPES),
    ]
    return "\n".join(parts).rstrip() + "\n"


def meaning(table: EventTable, column: str) -> str:
    """What a column of a table holds, in words."""
    return MEANINGS.get(f"{table.name}.{column}") or MEANINGS[column]


_EVERY = ("subscriber_id", "happened_at", "known_at", "kind")


def _columns(table: EventTable, names: Sequence[str]) -> str:
    always = {"subscriber_id", "happened_at", "kind", *table.required}
    types: dict[pl.DataType, str] = {MOMENT: "time", pl.String(): "text", pl.Float64(): "number"}
    rows = [
        f"| `{name}` | {types.get(table.schema[name], 'whole number')} "
        f"| {'yes' if name in always else ''} | {meaning(table, name)} |"
        for name in names
    ]
    return "\n".join(["| column | type | required | what it holds |\n|---|---|---|---|", *rows, ""])


def _keys(section: type[BaseModel], without: set[str]) -> str:
    """The keys of a section, with what its docstring and those of its bases say of each."""
    documented, rows = dict[str, str](), list[str]()
    for one in reversed(section.__mro__):
        attributes = (inspect.getdoc(one) or "").partition("Attributes:\n")[2]
        said = re.findall(r"^    (\w+): ((?:.+\n?(?:        .*\n?)*))", attributes, re.M)
        for name, text in said:
            documented[name] = " ".join(text.split()).replace("``", "`").replace("|", "\\|")
    for name, field in section.model_fields.items():
        if name not in without:
            value = field.get_default(call_default_factory=True)
            value = str(value).lower() if isinstance(value, bool) and value else value
            default = "required" if field.is_required() else f"`{value}`" if value else ""
            rows.append(f"| `{field.alias or name}` | {default} | {documented[name]} |")
    return "\n".join(["| key | by default | what it says |\n|---|---|---|", *rows, ""])


def _of_recipe(recipe: MappingRecipe) -> str:
    files = [f"`{name}`:\n\n```\n{text.rstrip()}\n```\n" for name, text in recipe.files.items()]
    return "\n".join(
        [
            f"### {recipe.title}\n",
            f"{recipe.why}\n",
            *files,
            f"```toml\n{recipe.mapping.strip()}\n```\n",
            "What lands:\n",
            *_landed(recipe),
            "",
        ]
    )


def _landed(recipe: MappingRecipe) -> Iterator[str]:
    """The events that the recipe's own files give, as a table, and what was rejected."""
    with TemporaryDirectory() as folder:
        for name, text in recipe.files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        mapping = Path(folder) / "mapping.toml"
        mapping.write_text(recipe.mapping, encoding="utf-8")
        landing = Landing(Path(folder) / "landing")
        report = extract(mapping, until=UNTIL, landing=landing)
        events = landing.events()
        for example in report.tables:
            rows = events[example.table].sort("happened_at", "subscriber_id").collect()
            texts = rows.select(
                (pl.col(name).dt.to_string("%Y-%m-%d %H:%M") if kind == MOMENT else pl.col(name))
                .cast(pl.String)
                .fill_null("")
                for name, kind in rows.select(recipe.shows).schema.items()
            )
            yield f"| {' | '.join(recipe.shows)} |\n|{'---|' * texts.width}"
            yield from (f"| {' | '.join(row)} |" for row in texts.rows())
            for rule, count in example.rejected.items():
                yield f"\nRejected: {count} `{rule}`."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
