"""What is asked of the newest night: which rows, in which order, which page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

from perdura.risk.query.filters import Filters

Sort = Literal["worth", "risk", "id"]


class BadQuestion(ValueError):
    """The question makes no sense; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """One page of a list.

    Attributes:
        filters: Which rows.
        sort: ``worth`` of a call or ``risk``, each highest first, or ``id``.
        size: Rows of a page.
        after: The cursor that came with the page before.

    Raises:
        BadQuestion: A minimum of money without a currency.
    """

    filters: Filters = field(default_factory=Filters)
    sort: Sort = "worth"
    size: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        if self.filters.minimum is not None and self.filters.currency is None:
            raise BadQuestion("a minimum of money needs its currency: amounts are never converted")

    @property
    def question(self) -> tuple[Any, ...]:
        """What all pages of one list have in common; cursors are of it."""
        values: list[Any] = [getattr(self.filters, name) for name in Filters.model_fields]
        fixed = (tuple(cast("list[str]", v)) if isinstance(v, list) else v for v in values)
        return (*fixed, self.sort)
