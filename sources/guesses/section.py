"""One input of a mapping as TOML: how its file is written, its columns, joins and events."""

import textwrap
from dataclasses import dataclass, field

import polars as pl

from perdura.sources.guesses.columns import SampledColumn
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.toml_text import as_inline_table, as_toml

_WIDTH = 98
#: Days are told without hours: what happened on a day is known by its end.
BY_THE_END_OF_THE_DAY = "23h59m"


@dataclass(slots=True)
class Section:
    """One ``[[TABLE]]``, filled key by key.

    Attributes:
        table: The event table.
        file: The file that it reads.
        comments: What is said above it.
        columns: Columns of the event table, each an expression.
        types: Columns that expressions calculate with, or that stand for a time.
        where: Which rows are events at all.
        reject: Rules of the source, with a comment for each.
        joins: Files looked up: which, by which keys, what is taken.
        events: The kinds of events that a row may hold, with a comment each.
        used: Columns that it reads times of.
    """

    table: str
    file: GuessedFile
    comments: list[str] = field(default_factory=list[str])
    columns: dict[str, str | int] = field(default_factory=dict[str, str | int])
    types: dict[str, str] = field(default_factory=dict[str, str])
    where: str | None = None
    reject: dict[str, str] = field(default_factory=dict[str, str])
    joins: list[tuple[GuessedFile, dict[str, str], dict[str, str], bool]] = field(
        default_factory=list[tuple[GuessedFile, dict[str, str], dict[str, str], bool]]
    )
    events: list[tuple[str, dict[str, str | int]]] = field(
        default_factory=list[tuple[str, dict[str, str | int]]]
    )
    used: list[SampledColumn] = field(default_factory=list[SampledColumn])

    def number(self, column: SampledColumn) -> str:
        """The column in expressions, once its type is said."""
        self.types[column.name] = "integer" if column.is_whole else "number"
        self.used.append(column)
        return sql_name(column.name)

    def time(self, column: SampledColumn, *, typed: bool = False) -> str:
        """The column as the time of an event; ``typed`` where an expression compares it."""
        self.used.append(column)
        if typed:
            self.types[column.name] = "time"
        return sql_name(column.name)

    def lines(self) -> list[str]:
        """As the mapping file has it."""
        lines = [line for comment in self.comments for line in commented(comment)]
        lines.append(f"[[{self.table}]]")
        lines += [f"{key} = {as_toml(value)}" for key, value in self._keys().items()]
        if self.types:
            lines.append(f"types = {as_inline_table(self.types)}")
        if self.where:
            lines.append(f"where = {as_toml(self.where)}")
        if self.reject:
            lines.append(f"reject = {as_inline_table(self.reject)}")
        lines += [f"{name} = {as_toml(sql)}" for name, sql in self.columns.items()]
        for other, on, take, many in self.joins:
            lines += ["", f"[[{self.table}.join]]"]
            lines += [f"{key} = {as_toml(value)}" for key, value in other.sample.keys.items()]
            lines.append(f"on = {as_inline_table(on)}")
            lines += ["many = true"] if many else []
            lines.append(f"take = {as_inline_table(take)}")
        for comment, event in self.events:
            lines += ["", *([f"# {comment}"] if comment else []), f"[[{self.table}.event]]"]
            lines += [f"{name} = {as_toml(sql)}" for name, sql in event.items()]
        return lines

    def _keys(self) -> dict[str, object]:
        """How the file is written, and how its values are."""
        keys = dict(self.file.sample.keys)
        times = [column.times for column in self.used if column.times]
        # Every form of its times; ISO 8601 among others by its name.
        forms = [*dict.fromkeys(form for one in times for form in one.formats or ("iso",))]
        if forms and forms != ["iso"]:
            keys["time_formats"] = forms
        if times and any(not one.tells_hours for one in times):
            keys["known_after"] = BY_THE_END_OF_THE_DAY
        numbers = [column for column in self.used if column.decimal]
        if numbers:
            keys["decimal"] = "," if any(one.decimal == "," for one in numbers) else "."
        if sign := next((column.sign for column in self.used if column.sign), None):
            keys["currency_sign"] = sign
        words = sorted({word for column in self.file.columns for word in column.null_words})
        if words:
            keys["null_words"] = words
        return keys


def commented(text: str) -> list[str]:
    """A comment, in lines that are not too long."""
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH, break_long_words=False)]


def sql_name(name: str) -> str:
    """A column's name in an expression; in quotation marks where it is no word, or one of SQL."""
    if name.isidentifier() and name.isascii():
        try:
            pl.sql_expr(f"{name} = 0")
        except pl.exceptions.PolarsError:
            return f'"{name}"'
        return name
    return f'"{name}"'


def sql_text(text: str) -> str:
    """A text in an expression."""
    return "'" + text.replace("'", "''") + "'"
