"""SQL of the mapping file as Polars expressions, checked against the columns that are there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from perdura.sources.error_texts import first_line
from perdura.sources.mapping.mapping import BadMapping, or_rather
from perdura.sources.mapping.sections import Value
from perdura.sources.mapping.values.casts import Cast, lenient

#: How Polars writes what reads more than the row at hand: aggregates and windows.
_NOT_BY_ROW = re.compile(
    r"(?<!list)(?<!arr)\.(sum|mean|median|min|max|count|first|last|std|var|n_unique|quantile|over"
    r"|shift|cum_\w+|rank)\(|(?<![.\w])len\(\)"
)


class NoColumn(BadMapping):
    """A file has not the column that the mapping names: one of the two is not what it was."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name: the columns of one file, and where the mapping says so.

    Attributes:
        location: File and section, for messages.
        columns: Columns of the input, of its joins, and its row number.
    """

    location: str
    columns: Sequence[str]

    def compile(self, key: str, sql: Value) -> pl.Expr:
        """The expression that ``key`` tells, as ``cast`` has it."""
        return self.cast(key, sql).value

    def cast(self, key: str, sql: Value) -> Cast:
        """The expression that ``key`` tells; numbers, true and false stand for themselves.

        Raises:
            BadMapping: It is no SQL.
            NoColumn: It names a column that is not there.
        """
        if not isinstance(sql, str):
            return Cast(pl.lit(sql))
        if sql in self.columns:  # whatever signs and words its name is made of
            return Cast(pl.col(sql))
        try:
            expression = pl.sql_expr(sql)
        except pl.exceptions.PolarsError as error:
            raise BadMapping(
                f"{self.location}: {key} = {sql!r} is no SQL expression ({first_line(error)})"
                f"{self._reserved(key, sql)}"
            ) from None
        if _NOT_BY_ROW.search(str(expression)):
            raise BadMapping(
                f"{self.location}: {key} = {sql!r} looks at many rows at once, and so at what was "
                "not known yet; write it over the columns of one row"
            )
        for name in expression.meta.root_names():
            if name not in self.columns:
                raise NoColumn(self._no_column(key, sql, name))
        return lenient(expression)

    def column(self, key: str, name: str) -> pl.Expr:
        """The column of that very name.

        Raises:
            NoColumn: There is none.
        """
        if name not in self.columns:
            raise NoColumn(self._no_column(key, f'"{name}"', name))
        return pl.col(name)

    def names(self, sql: Value) -> set[str]:
        """The columns that an expression reads."""
        if sql in self.columns:
            return {str(sql)}
        return set(pl.sql_expr(sql).meta.root_names()) if isinstance(sql, str) else set()

    def _reserved(self, key: str, sql: str) -> str:
        """How to write columns that are named by words of SQL, if that is what is wrong."""
        quoted, words = sql, list[str]()
        for name in self.columns:
            bare = re.compile(rf"""(?<![\w"'.]){re.escape(name)}(?![\w"'(])""")
            changed = bare.sub(f'"{name}"', quoted)
            if changed != quoted and not _parses(name):
                quoted, words = changed, [*words, name]
        if not words or not _parses(quoted):
            return ""
        names = " and ".join(repr(name) for name in words)
        quotation = "'" if "'" not in quoted else "'''"
        return (
            f": {names} {'is a word' if len(words) == 1 else 'are words'} of SQL; put the column's "
            f"name in quotation marks: {key} = {quotation}{quoted}{quotation}"
        )

    def _no_column(self, key: str, sql: str, name: str) -> str:
        if any("\ufffd" in column for column in self.columns):
            return (
                f"{self.location}: {key} = {sql!r} reads a column {name!r}, which is not there; "
                "names in the header are no UTF-8, write for example encoding = 'cp1252'"
            )
        quoted = f"; for the text itself write {key} = \"'{sql}'\"" if sql == name else ""
        return (
            f"{self.location}: {key} = {sql!r} reads a column {name!r}, which is not there"
            f"{or_rather(name, self.columns)}{quoted}"
        )


def _parses(sql: str) -> bool:
    try:
        pl.sql_expr(f"{sql} = 0")
    except pl.exceptions.PolarsError:
        return False
    return True
