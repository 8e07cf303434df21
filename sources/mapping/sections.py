"""The sections of a mapping file: which keys they have, and what may stand in each."""

import codecs
import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from perdura.sources.mapping.values.option_types import Delay, Zone, shown_database
from perdura.sources.staged import StagedFrame, Unfetched

Format = Literal["csv", "tsv", "whitespace", "fixed", "parquet", "jsonl"]
Type = Literal["text", "integer", "number", "time", "boolean"]
Value = str | int | float | bool
Normal = Literal["trim", "lower", "upper"]

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "whitespace",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
#: ``stripe:charges``: a frame of a connection.
_FRAME = re.compile(r"(\w[\w-]*):(\w+)")
#: ``s3://bucket/payments/*.parquet``: objects of a store.
_STORE = re.compile(r"(?:s3|s3a|gs|az|abfss?)://")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FixedColumn(_Section):
    """One column of fixed-width text: ``width`` characters from ``start``, counted from 1."""

    name: str
    start: int = Field(ge=1)
    width: int = Field(ge=1)


class SourceFile(_Section):
    """A file, or a pattern that finds several, and how it is written.

    Attributes:
        file: Its path, from the mapping's folder on; ``*`` finds several. Or ``NAME:frame``: a
            frame of the section ``[connect.NAME]``. Or Parquet in a store, as
            ``s3://bucket/payments/*.parquet``, with the rights that the environment gives.
        query: In place of a file: one SELECT, asked of ``database`` in a session that cannot write.
        query_file: The query, in a file of its own.
        database: Where the query is asked: a variable with an address, as ``$BILLING_URL`` with
            ``postgresql://USER:PASSWORD@HOST/DATABASE``, ``mysql://...``, or written out without a
            password, as ``sqlite:///FILE`` or ``duckdb:///FILE``.
        format: csv, tsv, whitespace, fixed, parquet or jsonl; by default as the file's ending says.
        separator: What stands between the fields of a line; by default as the format says.
        encoding: How its text is written, e.g. ``cp1252``.
        has_header: Whether the first line names the columns; by default it does, but for ``fixed``.
        names: Names of the columns, in place of a header's or where there is none.
        fixed: Of format ``fixed``: its columns.
        null_words: Text that says that there is no value. Where absent, the usual ones are no ids.
    """

    file: str = ""
    query: str | None = None
    query_file: str | None = None
    database: str | None = None
    format: Format | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    has_header: bool | None = None
    names: tuple[str, ...] = ()
    fixed: tuple[FixedColumn, ...] = ()
    null_words: tuple[str, ...] | None = None
    _staged: StagedFrame | Unfetched | None = PrivateAttr(default=None)

    @property
    def frame(self) -> tuple[str, str] | None:
        """Of ``file = "stripe:charges"`` the connection and the frame; ``None`` of a file."""
        named = _FRAME.fullmatch(self.file)
        return (named[1], named[2]) if named and self.format in {None, "parquet"} else None

    @property
    def is_in_store(self) -> bool:
        """Whether it lies in an object store."""
        return bool(_STORE.match(self.file))

    @property
    def fetched_as(self) -> str | None:
        """The name of what is fetched before it is read; ``None`` of a file of this machine."""
        if self.query is not None:
            return hashlib.sha256(repr(self._asked).encode()).hexdigest()[:16]
        return self.file if self.frame or self.is_in_store else None

    @property
    def _asked(self) -> tuple[object, ...]:
        """What decides which rows a query gives."""
        return (self.database, self.query)

    @property
    def staged(self) -> StagedFrame | Unfetched | None:
        """What has been fetched of it; ``None`` of a file of this machine."""
        return self._staged

    def with_staged(self, staged: Mapping[str, StagedFrame | Unfetched]) -> Self:
        """The same with what has been fetched, by ``fetched_as``."""
        found, name = self.model_copy(), self.fetched_as
        found._staged = staged.get(name) if name else None
        return found

    @property
    def written_as(self) -> Format | None:
        """Its format as told, or as its ending says; ``None`` if neither does."""
        if self.frame or self.query is not None:
            return "parquet"
        return self.format or ENDINGS.get(Path(self.file).suffix.lower())

    @property
    def starts_with_header(self) -> bool:
        """Whether the first line is not a row."""
        return self.written_as != "fixed" if self.has_header is None else self.has_header

    @model_validator(mode="before")
    @classmethod
    def _file_or_query(cls, given: object) -> object:
        """One of the two; a query goes by its file's name, or its database's."""
        keys = cast("dict[str, Any]", given) if isinstance(given, dict) else None
        if keys is None or ("file" in keys) == ("query" in keys):
            raise ValueError("write either file = '...', or query = '...' with its database")
        if "file" in keys:
            if "database" in keys:
                raise ValueError("database = '...' goes with query = '...', and not with a file")
            return keys
        if "database" not in keys:
            raise ValueError("a query needs database = '$NAME_OF_A_VARIABLE' with its address")
        return {
            **keys,
            "file": keys.get("query_file") or f"query of {shown_database(keys['database'])}",
        }

    @model_validator(mode="after")
    def _columns_have_names(self) -> Self:
        if self.is_in_store and self.written_as != "parquet":
            raise ValueError(f"{self.file!r}: of object stores only Parquet is read")
        if self.written_as is None:
            raise ValueError(f"the ending of {self.file!r} tells no format; add format = 'csv'")
        if (self.written_as == "fixed") != bool(self.fixed):
            raise ValueError("format = 'fixed' and fixed = [{name, start, width}] go together")
        if not (self.starts_with_header or self.names or self.fixed):
            raise ValueError("has_header = false needs names = ['...', ...]")
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(f"no encoding {self.encoding!r}; write for example 'cp1252'") from None
        return self


class Join(SourceFile):
    """Columns of another file, looked up row by row.

    Attributes:
        on: The key's name, or ``{ours = "theirs"}``; each a column or an expression, such as
            ``LOWER(TRIM(mail))``. Keys are compared as ids: 17850.0 is 17850.
        take: ``{new_name = "their_column"}``.
        many: Whether the other file may have a key several times. A row then becomes one
            row for each; otherwise a key found twice is a fault.
    """

    on: str | dict[str, str]
    take: dict[str, str]
    many: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """Our column to theirs."""
        return {self.on: self.on} if isinstance(self.on, str) else self.on


class Numbered(_Section):
    """Rows numbered from 1 within what they are about, in order.

    Attributes:
        by: The column, or columns, that say what a row is about.
        order: A column with a type: rows are in its order, and in the file's where it is the same.
        previous: Columns; their value in the row before is there as ``<column>_before``.
        column: The number's own column; written ``as``.
    """

    by: str | tuple[str, ...]
    order: str
    previous: tuple[str, ...] = ()
    column: str = Field(default="nth", alias="as")

    @property
    def keys(self) -> list[str]:
        """The columns that say what a row is about."""
        return [self.by] if isinstance(self.by, str) else [*self.by]


class Grouped(_Section):
    """Rows of one thing put together: invoices from their lines.

    Attributes:
        by: The column, or columns, that say what a row is about.
        sum: Columns with a type that are added up. If one of them cannot be read in a line, the
            whole is refused. Of all others the first row tells.
    """

    by: str | tuple[str, ...]
    sum: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The columns that say what a row is about."""
        return [self.by] if isinstance(self.by, str) else [*self.by]


class Series(_Section):
    """Rows repeated every few months, or days, from one time until before another.

    Attributes:
        start: The column of the first time; written ``from``. Its type is ``time``.
        until: The column of the end, which is not reached any more; without it, and where it is
            empty, the series goes on until the extract's end. Nothing later is made.
        months: How many months lie between two rows.
        days: How many days, instead.
        column: The column of each row's time; written ``as``.
    """

    start: str = Field(alias="from")
    until: str | None = None
    months: int = Field(default=0, ge=0)
    days: int = Field(default=0, ge=0)
    column: str = Field(default="series_at", alias="as")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if bool(self.months) == bool(self.days):
            raise ValueError("a series needs months = 1, or days = 7, and not both")
        return self


class Input(SourceFile):
    """One input of one event table.

    Attributes:
        optional: Whether the file may be missing; the table then counts as degraded.
        known_share: The share of its subscribers that subscriptions or payments have to name; with
            fewer the table counts as degraded.
        snapshot: Of an input of ``[subscriptions]``: whether it shows the latest state of each
            subscription alone. What vanished from it or changed in it is then inferred as events.
            Other inputs may be logs: their rows never vanish.
        watermark: Of a query that is a log: a column of it, or an expression in the database's SQL,
            that tells when a row last changed. Only rows that changed since the last extract are
            read then. Rows with events to come need ``GREATEST(updated_at, ends_at)``.
        overlap: How long before the end of the last extract rows are read again, as some are
            written late.
        most_vanished: Of a snapshot: the greatest share of the running subscriptions that may be
            missing from it. With more missing it is taken for broken, and nothing lands.
        timezone: Where times without an offset were written down.
        time_formats: strptime formats, ``iso``, ``epoch_s``, ``epoch_ms``, ``epoch_us`` or
            ``epoch_ns``; of several a time is read by the first that is plausible. ISO 8601 where
            absent.
        known_after: ``known_at`` is ``happened_at`` plus this, unless it is mapped.
        ends: ``inclusive`` where the end of a subscription is its last paid day: it then ended with
            that day. An end that tells an hour is taken as it is.
        types: Columns that expressions calculate with, and what they hold.
        decimal: What stands before the decimals of numbers: ``.`` or ``,``.
        thousands: What may stand between groups of digits; where only ``decimal`` is told, the
            other of the two, a blank or an apostrophe.
        currency_sign: What may stand before or after amounts: ``€``.
        currency_digits: Of currencies whose amounts the source gives in other minor units than
            ISO 4217: how many digits it takes, as ``{ ISK = 2, UGX = 2 }`` of Stripe.
        normalise: What is done to texts, by column: ``{ subscriber_id = ["trim", "lower"] }``.
        where: Only rows for which this holds are events at all.
        reject: Rows that break the rules of this source: a name and when it is broken.
        join: Other files to look columns up in, in this order.
        group_by: Puts rows of one thing together, after ``where``: invoices from their lines. The
            others count as dropped.
        numbered: Numbers rows within what they are about: the first row of a case has ``nth = 1``.
        series: Repeats rows between two times: an invoice for each month of a contract.
        event: The kinds of events that one row may hold, each at its own ``happened_at``.
            Columns given here come before those of the input.
        attributes: Of ``[subscribers]``: the columns that are attributes of theirs, or a table of
            names and expressions: each row then tells all of them.
        columns: Columns of the event table, each an expression.
    """

    optional: bool = False
    known_share: float = Field(default=0.05, ge=0, le=1)
    snapshot: bool = False
    watermark: str | None = None
    overlap: Delay = timedelta(days=1)
    most_vanished: float = Field(default=0.5, ge=0, le=1)
    timezone: Zone = "UTC"
    time_formats: tuple[str, ...] = ()
    known_after: Delay = timedelta(0)
    ends: Literal["exclusive", "inclusive"] = "exclusive"
    types: dict[str, Type] = Field(default_factory=dict)
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    currency_sign: str | None = Field(default=None, min_length=1)
    currency_digits: dict[str, Annotated[int, Field(ge=0, le=6)]] = Field(default_factory=dict)
    normalise: dict[str, tuple[Normal, ...]] = Field(default_factory=dict)
    where: str | None = None
    reject: dict[str, str] = Field(default_factory=dict)
    join: tuple[Join, ...] = ()
    group_by: Grouped | None = None
    numbered: Numbered | None = None
    series: Series | None = None
    event: tuple[dict[str, Value], ...] = ()
    attributes: dict[str, Value] | tuple[str, ...] = ()
    columns: dict[str, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands and self.thousands == self.decimal:
            raise ValueError(
                f"decimal and thousands are both {self.thousands!r}; a number such as 1.299,99 has "
                "decimal = ',' and thousands = '.'"
            )
        return self

    @model_validator(mode="after")
    def _watermark_of_a_log(self) -> Self:
        if self.watermark is None:
            return self
        if self.query is None:
            raise ValueError("watermark = '...' is for a query")
        whole = {
            "snapshot": self.snapshot,
            "numbered": self.numbered,
            "group_by": self.group_by,
            "series": self.series,
        }
        if odd := next((name for name, value in whole.items() if value), None):
            raise ValueError(
                f"{odd} looks at all rows, and with watermark only those are read that changed; "
                "leave one of the two out"
            )
        return self

    @property
    def _asked(self) -> tuple[object, ...]:
        formats = self.time_formats if self.watermark else ()
        asked = (*super()._asked, self.watermark, self.timezone, formats)
        return (*asked, self.overlap if self.watermark else None)

    def with_staged(self, staged: Mapping[str, StagedFrame | Unfetched]) -> Self:
        """The same, its joins among it, with what has been fetched, by ``fetched_as``."""
        joins = tuple(join.with_staged(staged) for join in self.join)
        return super().with_staged(staged).model_copy(update={"join": joins})

    @property
    def events(self) -> tuple[dict[str, Value], ...]:
        """The expressions of each kind of event, at least one."""
        columns = self.attributes
        named = columns.items() if isinstance(columns, dict) else zip(columns, columns, strict=True)
        attributes = tuple({"name": f"'{name}'", "value": value} for name, value in named)
        return tuple({**self.columns, **event} for event in (*self.event, *attributes) or ({},))
