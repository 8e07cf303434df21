"""A server that answers as Zendesk's API does: incremental exports, their limits and their faults.

Objects are invented; their shapes, pages, cursors and errors are those of its documentation.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.replay import Answer

TOKEN = "zt-0123456789-very-secret"  # noqa: S105
NOW = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)


@dataclass
class Account:
    """What the account holds, and how its server behaves.

    Attributes:
        things: Objects by list, each with the second in which it last changed (``changed``).
        now: The server's clock.
        page_size: Objects of a page.
        faults: What is answered first, in this order.
        forbidden: Paths that the token may not read.
        token: The one that is let in.
        on_request: Called with the number of each request, before it is answered.
        requests: Path and parameters of every request.
    """

    things: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    now: datetime = NOW
    page_size: int = 2
    faults: deque[Answer] = field(default_factory=deque)
    forbidden: set[str] = field(default_factory=set)
    token: str = TOKEN
    on_request: Callable[[int], object] = lambda _number: None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def answer(self, path: str, query: dict[str, str], authorization: str) -> Answer:
        self.requests.append((path, query))
        self.on_request(len(self.requests))
        if self.faults:
            return self.faults.popleft()
        if authorization != f"Bearer {self.token}":
            return Answer(401, body=b'{"error": "Couldn\'t authenticate you"}')
        if path in self.forbidden:
            return Answer(403, body=b'{"error": "Forbidden"}')
        return self._page(path, query)

    def _page(self, path: str, query: dict[str, str]) -> Answer:
        name = path.rsplit("/", maxsplit=1)[-1].removesuffix(".json")
        if name == "cursor":
            return self._ok(self._by_cursor(path.split("/")[-2], query))
        if name == "satisfaction_ratings":
            return self._ok(self._listed(name, query))
        if path.startswith("/api/v2/incremental/"):
            return self._ok(self._by_time(name, query))
        return Answer(404)

    def _ok(self, page: dict[str, Any]) -> Answer:
        return Answer(body=json.dumps(page).encode())

    def _visible(self, name: str) -> list[dict[str, Any]]:
        """What is a minute old, in the order of its changes."""
        seen = [one for one in self.things.get(name, []) if one["changed"] <= self._second - 60]
        return sorted(seen, key=lambda one: (one["changed"], int(one["id"])))

    @property
    def _second(self) -> int:
        return int(self.now.timestamp())

    def _by_cursor(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        if "cursor" in query:
            changed, number = map(int, query["cursor"].split("."))
            after = (changed, number)
        else:
            after = (int(query["start_time"]) - 1, 0)
        rest = [o for o in self._visible(name) if (o["changed"], int(o["id"])) > after]
        page = rest[: self.page_size]
        last = (page[-1]["changed"], page[-1]["id"]) if page else after
        return {
            name: page,
            "after_cursor": f"{last[0]}.{last[1]}",
            "end_of_stream": len(rest) <= self.page_size,
        }

    def _by_time(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """From a second on, and to the end of the second of the last object of the page."""
        start = int(query["start_time"])
        rest = [one for one in self._visible(name) if one["changed"] >= start]
        edge = rest[: self.page_size][-1]["changed"] if rest else start
        page = [one for one in rest if one["changed"] <= edge]
        is_last = len(page) == len(rest)
        return {
            name: page,
            "count": len(page),
            "end_time": edge if page else None,
            "end_of_stream": is_last,
            "next_page": None if is_last else "...",
        }

    def _listed(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        every = [o for o in self.things.get(name, []) if o["changed"] >= int(query["start_time"])]
        begin = int(query.get("page[after]", "0"))
        page = every[begin : begin + self.page_size]
        more = begin + self.page_size < len(every)
        after = str(begin + self.page_size) if more else None
        return {name: page, "meta": {"has_more": more, "after_cursor": after}}
