"""Pages of Stripe's lists: the next one of a list, and the rest of lists that objects hold."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from perdura.json_values import JsonObject, as_object
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.stripe.api.lists import ObjectList
from perdura.sources.connectors.stripe.api.state import Draft
from perdura.sources.connectors.web import Refused, Web, listed

_PAGE = 100
_ID = re.compile(r"[\w-]{1,255}")


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of the lists of one account.

    Attributes:
        web: Its API.
    """

    web: Web
    _plain: set[str] = field(default_factory=set[str], init=False)

    def next(self, one: ObjectList, draft: Draft) -> tuple[list[JsonObject], bool]:
        """The objects of the page at the place of a draft, and whether there are more.

        Raises:
            Unavailable: It is no page, or cannot be read.
        """
        # What was created while the list was read stands before its first page.
        since = draft.began - 1 if draft.is_whole else draft.since
        window = {} if since is None else {"created[gte]": since}
        if draft.after is None:
            return _objects(self._get(one, window), one.path)
        try:
            page = self._get(one, {**window, "starting_after": draft.after})
        except Refused as refused:
            if refused.error.get("param") != "starting_after" or draft.created is None:
                raise
            # It was deleted in the meantime: what was created then and before comes after it.
            page = self._get(one, {**window, "created[lte]": draft.created})
        return _objects(page, one.path)

    def _get(self, one: ObjectList, where: Mapping[str, str | int]) -> JsonObject:
        asked: dict[str, str | int] = {"limit": _PAGE, **one.parameters, **where}
        if one.expand is None or one.kind in self._plain:
            return self.web.get(one.path, asked)
        try:
            return self.web.get(one.path, {**asked, "expand[]": one.expand})
        except Refused as refused:
            if refused.status != 400 or "expand" not in str(refused.error):
                raise
        self._plain.add(one.kind)  # ids alone, then
        return self._get(one, where)

    def complete(self, one: ObjectList, things: list[JsonObject]) -> None:
        """Fetch the rest of the lists that objects hold."""
        if (inner := one.inner) is None:
            return
        for thing in things:
            if not as_object(thing.get(inner.name)).get("has_more"):
                continue
            try:
                rest = [*self._all(inner.path, inner.by, str(thing["id"]))]
            except Refused as refused:
                if refused.status != 404:  # it was deleted in the meantime
                    raise
                continue
            thing[inner.name] = {"data": rest, "has_more": False}

    def _all(self, path: str, by: str | None, of: str) -> Generator[JsonObject]:
        own: dict[str, str | int] = {"limit": _PAGE} | ({by: of} if by else {})
        after: str | None = None
        while True:
            where = {"starting_after": after} if after else {}
            things, more = _objects(self.web.get(path.format(id=of), {**own, **where}), path)
            yield from things
            if not more or not things or things[-1]["id"] == after:
                return
            after = str(things[-1]["id"])


def _objects(page: JsonObject, path: str) -> tuple[list[JsonObject], bool]:
    """The objects of a page, and whether there are more."""
    things = listed(page, "data", path)
    for thing in things:
        if not isinstance(thing.get("id"), str) or not _ID.fullmatch(thing["id"]):
            raise Unavailable(f"a page of {path} holds an object without id. Was the API changed?")
    return things, bool(page.get("has_more"))
