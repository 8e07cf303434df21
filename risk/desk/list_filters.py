"""The filters of today's list, as the address of the page says them and as its form shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from perdura.risk.query.filters import Filters, OnPage
from perdura.risk.query.list_query import ListQuery

#: Rows of a page.
PAGE = 25

_ON_PAGE = [
    (note.name or name, (name, note))
    for name, info in Filters.model_fields.items()
    for note in info.metadata
    if isinstance(note, OnPage)
]
# As the form shows them; those with words of the page's own come last.
_KINDS = ("select", "checkbox", "hidden")

#: By parameter of the address: name of the filter, and how the page takes it.
ON_PAGE: dict[str, tuple[str, OnPage]] = dict(
    sorted(_ON_PAGE, key=lambda one: (_KINDS.index(one[1][1].control), bool(one[1][1].words)))
)
#: Filters without fixed choices: the form offers the values of the night.
FREE_CHOICES = tuple(
    name for name, how in ON_PAGE.values() if how.control == "select" and not how.choices
)
#: Names and words of the page's own that its form shows: each has a message ``filter_<name>``.
FILTER_LABELS = tuple(
    label
    for name, how in ON_PAGE.values()
    if how.control != "hidden"
    for label in (name, *how.words)
)


@dataclass(frozen=True, slots=True)
class PageFilters:
    """The filters of the page: the word of each parameter, in the order of addresses."""

    words: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    @property
    def query(self) -> str:
        """As a page's address says it: only what is not the default."""
        return urlencode({n: w for n, w in self.words.items() if w != ON_PAGE[n][1].default})

    @property
    def filters(self) -> Filters:
        """The same in the words of ``risk.query.filters``."""
        values: dict[str, Any] = {}
        for name, word in self.words.items():
            field, how = ON_PAGE[name]
            values[field] = how.value(word, Filters.model_fields[field].default)
        return Filters.model_construct(**values)

    def list_query(self, after: str | None = None) -> ListQuery:
        """One page of the list."""
        return ListQuery(filters=self.filters, size=PAGE, after=after)


def page_filters(**words: str) -> PageFilters:
    """The page's filters: these words, and the defaults of all others."""
    return PageFilters({name: words.get(name, how.default) for name, (_, how) in ON_PAGE.items()})


def filters_of(address: Mapping[str, str]) -> PageFilters:
    """The filters of an address; a word that a filter does not take leaves it at its default.

    ``risk.desk.filter_problems`` says which.
    """
    known = {n: w for n, w in address.items() if n in ON_PAGE and ON_PAGE[n][1].takes(w)}
    return page_filters(**known)


def of_account(account: str) -> PageFilters:
    """All subscribers of an account who can still be kept."""
    return page_filters(band="", account=account)
