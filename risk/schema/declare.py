"""What tables are declared with: columns with their meaning, moments in UTC, allowed values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()


class Utc(sa.TypeDecorator[datetime]):
    """A moment, kept without its zone in UTC, given and returned with it."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC, without zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """The moment with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


#: Types in Python, by types of columns; the first that fits.
_PYTHON_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], Any], ...] = (
    (sa.JSON, list[Any]),
    (sa.Boolean, bool),
    (sa.Integer, int),
    (sa.Float, float),
    (sa.Date, date),
    (sa.types.TypeDecorator, datetime),
    (sa.Text, str),
)


def python_type(column: sa.ColumnElement[Any]) -> Any:
    """The type of a column's values, without null; JSON is a list."""
    return next(kind for known, kind in _PYTHON_TYPES if isinstance(column.type, known))


def column(
    name: str, kind: Any, comment: str, *, nullable: bool = False, key: bool = False
) -> sa.Column[Any]:
    """A column; what its comment says is the contract."""
    return sa.Column(name, kind, comment=comment, nullable=nullable, primary_key=key)


def one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    """The rule that a column holds one of these."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
