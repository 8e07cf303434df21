"""Lists of Stripe's API, read into the store page after page, from where the last run stopped."""

import re
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from perdura.sources.connectors.connection import Sample
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.stripe.api.lists import LISTS, ObjectList
from perdura.sources.connectors.stripe.api.narrowed import Narrowing, Object
from perdura.sources.connectors.stripe.api.store import Draft, StripeStore
from perdura.sources.connectors.web import Refused, Web

_PAGE = 100
#: A list that was begun so long ago is begun anew: what was read of it is no longer so.
_STALE = timedelta(days=2)
#: A run that was stopped goes on for so long; then lists that it had read are read again.
_RUN = timedelta(hours=6)
_ID = re.compile(r"[\w-]{1,255}")
_PERMISSION = re.compile(r"'(\w+_read)'")

OnObjects = Callable[[str, int], object]


@dataclass(slots=True)
class Fetched:
    """What a run has read.

    Attributes:
        refused: Of the kinds that cannot be had, why.
        notes: What the report says of the others.
    """

    refused: dict[str, Unavailable] = field(default_factory=dict[str, Unavailable])
    notes: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one account.

    Attributes:
        web: Its API.
        store: What was fetched of it before.
        narrowing: What is kept of objects.
        on_objects: Called after each page with the kind and how many objects were read of it.
        sample: How much of each list to read; ``None``: all.
    """

    web: Web
    store: StripeStore
    narrowing: Narrowing
    on_objects: OnObjects
    sample: Sample | None = None
    _plain: set[str] = field(default_factory=set[str], init=False)

    def fetch(self, kinds: Collection[str]) -> Fetched:
        """Read into the store what the account has of some kinds.

        Raises:
            Unavailable: A list cannot be read to its end. What was read is kept.
        """
        fetched = Fetched()
        stopped = self.store.begin_run(self._now(), int(_RUN.total_seconds()))
        for one in (one for one in LISTS if one.kind in kinds):
            if stopped is not None and self._was_read(one, stopped):
                continue
            try:
                self._read(one)
            except Refused as refused:
                if refused.status != 403:
                    raise
                fetched.refused[one.kind] = Unavailable(not_allowed(one, refused))
                continue
            self.store.forget(self.narrowing.gone)
            objects, fresh = self.store.finish(one.kind, is_log=one.is_log)
            name = one.kind.replace("_", " ")
            fetched.notes.append(f"{objects:,} {name} fetched, {fresh:,} of them new or changed")
        self.store.end_run()
        if "subscriptions" in kinds and not {*fetched.refused} & {"subscriptions"}:
            self._refuse_none(fetched)
        return fetched

    def _was_read(self, one: ObjectList, stopped: int) -> bool:
        """Whether the run that was stopped has read a list to its end."""
        before = self.store.began_before(one.kind, self.narrowing.shape(one.kind))
        return before is not None and before >= stopped and self.store.draft(one.kind) is None

    def _refuse_none(self, fetched: Fetched) -> None:
        if not self.store.count("subscriptions"):
            fetched.refused["subscriptions"] = Unavailable(
                f"the account {self.store.account} has no subscriptions, of whatever status; is "
                "it the right one, and the right key? Of an account without subscriptions there "
                "is nothing to predict"
            )

    def _read(self, one: ObjectList) -> None:
        draft, count = self._draft(one), 0
        while not draft.is_read:
            page = self._page(one, draft)
            things, more = _objects(page, one.path)
            self._complete(one, things)
            if more and (not things or things[-1]["id"] == draft.after):
                raise Unavailable(
                    f"{one.path} names the same page again and says that it is not the last; "
                    "extract again later"
                )
            count += len(things)
            if more and self.sample and self.sample.cut(count, one.kind):
                more, draft.is_whole = False, True
            _advance(draft, things, more=more)
            draft.read_at = self._now()
            self.store.append(one.kind, self.narrowing.of(one.kind, things))
            self.on_objects(one.kind, count)

    def _draft(self, one: ObjectList) -> Draft:
        """Where the last run stopped, or the beginning."""
        shape, now = self.narrowing.shape(one.kind), self._now()
        draft = self.store.draft(one.kind)
        if draft and draft.shape == shape and now - draft.began < _STALE.total_seconds():
            return draft
        before = self.store.began_before(one.kind, shape)
        since = None
        if one.settles is not None and before is not None:
            since = before - int(one.settles.total_seconds())
        draft = Draft(began=now, since=since, shape=shape, read_at=now)
        self.store.begin(one.kind, draft)
        return draft

    def _now(self) -> int:
        if self.web.server_time is None:
            raise Unavailable("Stripe's answers do not say when they were given (Date)")
        return int(self.web.server_time.timestamp())

    def _page(self, one: ObjectList, draft: Draft) -> Object:
        # What was created while the list was read stands before its first page.
        since = draft.began - 1 if draft.is_whole else draft.since
        window = {} if since is None else {"created[gte]": since}
        if draft.after is None:
            return self._get(one, window)
        try:
            return self._get(one, {**window, "starting_after": draft.after})
        except Refused as refused:
            if refused.error.get("param") != "starting_after" or draft.created is None:
                raise
        # It was deleted in the meantime: what was created then and before comes after it.
        return self._get(one, {**window, "created[lte]": draft.created})

    def _get(self, one: ObjectList, where: Mapping[str, str | int]) -> Object:
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

    def _complete(self, one: ObjectList, things: list[Object]) -> None:
        """Fetch the rest of the lists that objects hold."""
        if (inner := one.inner) is None:
            return
        for thing in things:
            held = thing.get(inner.name)
            if not isinstance(held, dict) or not cast("Object", held).get("has_more"):
                continue
            try:
                rest = [*self._all(inner.path, inner.by, str(thing["id"]))]
            except Refused as refused:
                if refused.status != 404:  # it was deleted in the meantime
                    raise
                continue
            thing[inner.name] = {"data": rest, "has_more": False}

    def _all(self, path: str, by: str | None, of: str) -> Generator[Object]:
        own: dict[str, str | int] = {"limit": _PAGE} | ({by: of} if by else {})
        after: str | None = None
        while True:
            where = {"starting_after": after} if after else {}
            things, more = _objects(self.web.get(path.format(id=of), {**own, **where}), path)
            yield from things
            if not more or not things or things[-1]["id"] == after:
                return
            after = str(things[-1]["id"])


def _advance(draft: Draft, things: list[Object], *, more: bool) -> None:
    """Set the place after a page."""
    if more:
        last = things[-1]
        created = last.get("created")
        draft.after, draft.created = last["id"], created if isinstance(created, int) else None
        return
    draft.after = draft.created = None
    draft.is_read, draft.is_whole = draft.is_whole, True


def _objects(page: Object, path: str) -> tuple[list[Object], bool]:
    """The objects of a page, and whether there are more."""
    found: Any = page.get("data")
    if not isinstance(found, list):
        raise Unavailable(
            f"a page of {path} holds no list 'data'; it has {', '.join(sorted(page))}. Was the API "
            "changed?"
        )
    things = [cast("Object", one) for one in cast("list[Any]", found) if isinstance(one, dict)]
    for thing in things:
        if not isinstance(thing.get("id"), str) or not _ID.fullmatch(thing["id"]):
            raise Unavailable(f"a page of {path} holds an object without id. Was the API changed?")
    return things, bool(page.get("has_more"))


def not_allowed(one: ObjectList, refused: Refused) -> str:
    """What to say of a list that the key may not read."""
    named = _PERMISSION.search(str(refused.error.get("message")))
    stripes = f" ({named[1]})" if named else ""
    return (
        f"the key may not read {one.path} (403): give it the permission {one.permission}: "
        f"Read{stripes} in Stripe's dashboard, under API keys, and extract again"
    )
