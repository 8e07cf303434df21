"""Where a database mentions a person: every table is asked, those of other programs too."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning

WHO = "subscriber_id"
_WORDLESS = (sa.Numeric, sa.Integer, sa.Date, sa.DateTime, sa.Boolean, sa.LargeBinary)


@dataclass(frozen=True, slots=True)
class ErasedAccount:
    """Whom to look for.

    Attributes:
        name: The ``subscriber_id``.
        pseudonym: What stands in for it where a row stays.
        spellings: How it may stand in a text; none where it cannot be told from other words.
        pattern: Finds any of them where it is no piece of a longer word.
    """

    name: str
    pseudonym: str
    spellings: tuple[str, ...]
    pattern: re.Pattern[str]


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """Every table that there is, as it is there; of those in partitions the whole."""
    found, partitions = sa.MetaData(), set()
    if connection.dialect.name == "postgresql":
        query = "SELECT relname FROM pg_class WHERE relispartition"
        partitions = set(connection.scalars(sa.text(query)))
    with warnings.catch_warnings():
        # Prefect's database has indexes of expressions, which are left out: none is asked for.
        warnings.simplefilter("ignore", SAWarning)
        found.reflect(connection, only=lambda name, _: name not in partitions)
    return [found.tables[name] for name in sorted(found.tables)]  # keys may go in circles


def instead_of(name: str | None, accounts: Sequence[ErasedAccount]) -> str | None:
    """The id, or what stands in for it where it is an account's."""
    return next((account.pseudonym for account in accounts if account.name == name), name)


def masked(value: Any, accounts: Sequence[ErasedAccount]) -> Any:
    """The text, or what JSON holds, with what stands in for the accounts that can be told in it."""
    if isinstance(value, Mapping):
        return {masked(name, accounts): masked(each, accounts) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each, accounts) for each in value]
    if isinstance(value, str):
        for account in (account for account in accounts if account.spellings):
            value = account.pattern.sub(lambda _found, by=account.pseudonym: by, value)
    return value


def mentioning(
    connection: sa.Connection, table: sa.Table, accounts: Sequence[ErasedAccount]
) -> Iterator[sa.RowMapping]:
    """The rows with an account in the column of ids, or anywhere in a text.

    Which texts have a spelling in them is asked of the database, and whether it is a word of its
    own of Python.
    """
    columns = wordy(table)
    texts = [sa.cast(column, sa.Text) for column in columns]
    wanted = [_has(connection, text, account) for text in texts for account in accounts]
    if WHO in table.c:
        wanted.append(table.c[WHO].in_([account.name for account in accounts]))
    for row in connection.execute(sa.select(table).where(sa.or_(sa.false(), *wanted))).mappings():
        named = any(row.get(WHO) == account.name for account in accounts)
        if named or any(masked(row[each.name], accounts) != row[each.name] for each in columns):
            yield row


def _has(
    connection: sa.Connection, text: sa.ColumnElement[str], account: ErasedAccount
) -> sa.ColumnElement[bool]:
    place = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    return sa.or_(sa.false(), *(place(text, spelt) > 0 for spelt in account.spellings))


def wordy(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that hold texts, or what may have texts in it."""
    return [column for column in table.columns if not isinstance(column.type, _WORDLESS)]
