"""Where a database mentions a person: in every table, those of other programs too."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning

SUBSCRIBER_ID = "subscriber_id"
_WITHOUT_TEXT = (sa.Numeric, sa.Integer, sa.Date, sa.DateTime, sa.Boolean, sa.LargeBinary)


@dataclass(frozen=True, slots=True)
class ErasedAccount:
    """An erased account to look for.

    Attributes:
        name: The ``subscriber_id``.
        pseudonym: Replaces it where a row stays.
        spellings: Its forms in a text; none where it cannot be told from other words.
        pattern: Finds any of them where it is no piece of a longer word.
    """

    name: str
    pseudonym: str
    spellings: tuple[str, ...]
    pattern: re.Pattern[str]


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """Every table of the database as it is; of a table in partitions the whole."""
    found, partitions = sa.MetaData(), set[str]()
    if connection.dialect.name == "postgresql":
        query = "SELECT relname FROM pg_class WHERE relispartition"
        partitions = set(connection.scalars(sa.text(query)))
    with warnings.catch_warnings():
        # Prefect's database has indexes of expressions, which are left out: none is needed.
        warnings.simplefilter("ignore", SAWarning)
        found.reflect(connection, only=lambda name, _: name not in partitions)
    return [found.tables[name] for name in sorted(found.tables)]  # keys may go in circles


def instead_of(name: str | None, accounts: Sequence[ErasedAccount]) -> str | None:
    """The id, or its pseudonym where it is an erased account's."""
    return next((account.pseudonym for account in accounts if account.name == name), name)


def masked(value: Any, accounts: Sequence[ErasedAccount]) -> Any:
    """The text, or what JSON holds, with pseudonyms for the accounts that are spelt in it."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {masked(name, accounts): masked(item, accounts) for name, item in fields.items()}
    if isinstance(value, list):
        return [masked(item, accounts) for item in cast("list[Any]", value)]
    if isinstance(value, str):
        for account in (account for account in accounts if account.spellings):
            pseudonym = account.pseudonym.replace("\\", r"\\")
            value = account.pattern.sub(pseudonym, value)
    return value


def mentioning(
    connection: sa.Connection, table: sa.Table, accounts: Sequence[ErasedAccount]
) -> Iterator[sa.RowMapping]:
    """The rows with an account in the column of ids, or anywhere in a text.

    The database finds texts with a spelling in them, and Python whether it is a word of its own.
    """
    names = [column.name for column in text_columns(table)]
    texts = [sa.cast(table.c[name], sa.Text) for name in names]
    position = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    found: list[sa.ColumnElement[bool]] = [
        position(text, spelling) > 0
        for text in texts
        for account in accounts
        for spelling in account.spellings
    ]
    if SUBSCRIBER_ID in table.c:
        found.append(table.c[SUBSCRIBER_ID].in_([account.name for account in accounts]))
    for row in connection.execute(sa.select(table).where(sa.or_(sa.false(), *found))).mappings():
        is_theirs = any(row.get(SUBSCRIBER_ID) == account.name for account in accounts)
        if is_theirs or any(masked(row[name], accounts) != row[name] for name in names):
            yield row


def text_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that hold texts, or may have texts in them."""
    return [column for column in table.columns if not isinstance(column.type, _WITHOUT_TEXT)]
