"""Lists of Stripe's API, read into the store page after page, from where the last run stopped."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

from perdura.sources.connectors.connection import ApiSample
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.stripe.api.lists import LISTS, ObjectList
from perdura.sources.connectors.stripe.api.narrowed import Narrowing
from perdura.sources.connectors.stripe.api.pages import Pages
from perdura.sources.connectors.stripe.api.state import Draft
from perdura.sources.connectors.stripe.api.store import StripeStore
from perdura.sources.connectors.web import Refused, Web

#: A list that was begun so long ago is begun anew: what was read of it is no longer so.
_STALE = timedelta(days=2)
#: A run that was stopped goes on for so long; then lists that it had read are read again.
_RUN = timedelta(hours=6)
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
    sample: ApiSample | None = None

    @property
    def _now(self) -> int:
        if self.web.server_time is None:
            raise Unavailable("Stripe's answers do not say when they were given (Date)")
        return int(self.web.server_time.timestamp())

    def fetch(self, kinds: Collection[str]) -> Fetched:
        """Read into the store what the account has of some kinds.

        Raises:
            Unavailable: A list cannot be read to its end. What was read is kept.
        """
        fetched = Fetched()
        stopped = self.store.begin_run(self._now, int(_RUN.total_seconds()))
        for one in (one for one in LISTS if one.kind in kinds):
            if self.store.was_read_since(one.kind, self.narrowing.shape(one.kind), stopped):
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
        wanted = {*kinds} - {*fetched.refused}
        if "subscriptions" in wanted and not self.store.count("subscriptions"):
            fetched.refused["subscriptions"] = Unavailable(
                f"the account {self.store.account} has no subscriptions, of whatever status; is "
                "it the right one, and the right key? Of an account without subscriptions there "
                "is nothing to predict"
            )
        return fetched

    def _read(self, one: ObjectList) -> None:
        draft, pages, count = self._draft(one), Pages(self.web), 0
        while not draft.is_read:
            things, more = pages.next(one, draft)
            pages.complete(one, things)
            if more and (not things or things[-1]["id"] == draft.after):
                raise Unavailable(
                    f"{one.path} names the same page again and says that it is not the last; "
                    "extract again later"
                )
            count += len(things)
            if more and self.sample and self.sample.cut(count, one.kind):
                more, draft.is_whole = False, True
            draft.advance(things[-1] if more else None)
            draft.read_at = self._now
            self.store.append(one.kind, self.narrowing.of(one.kind, things))
            self.on_objects(one.kind, count)

    def _draft(self, one: ObjectList) -> Draft:
        """Where the last run stopped, or the beginning."""
        shape, now = self.narrowing.shape(one.kind), self._now
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


def not_allowed(one: ObjectList, refused: Refused) -> str:
    """What to say of a list that the key may not read."""
    named = _PERMISSION.search(str(refused.error.get("message")))
    stripes = f" ({named[1]})" if named else ""
    return (
        f"the key may not read {one.path} (403): give it the permission {one.permission}: "
        f"Read{stripes} in Stripe's dashboard, under API keys, and extract again"
    )
