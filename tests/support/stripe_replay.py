"""A server that answers as Stripe's API does: lists, their pages, their refusals and their faults.

Objects are invented; shapes, pages, parameters and errors are those of its documentation.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.replay import Answer

Object = dict[str, Any]

LIVE_KEY = "rk_live_51ReplayVerySecretIndeed0123456789"
TEST_KEY = "rk_test_51ReplayVerySecretIndeed0123456789"


def refusal(status: int, **error: str) -> Answer:
    """An answer that says why a request is refused."""
    return Answer(status, json.dumps({"error": {"type": "x", **error}}).encode())


@dataclass
class StripeAccount:
    """What an account holds, and how its server behaves.

    Attributes:
        objects: Objects by the last word of their list's path, in any order.
        name: The account's id.
        key: The key that is let in.
        page_size: The most objects of a page.
        forbidden: Lists that the key may not read.
        faults: What is answered first, in this order.
        clock: The server's clock.
        on_request: Called with the number of each request, before it is answered.
        requests: Path and parameters of every request.
    """

    objects: dict[str, list[Object]] = field(default_factory=dict)
    name: str = "acct_1Replay"
    key: str = LIVE_KEY
    page_size: int = 2
    forbidden: set[str] = field(default_factory=set)
    faults: deque[Answer] = field(default_factory=deque)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_request: Callable[[int], object] = lambda _number: None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str], authorization: str) -> Answer:
        self.requests.append((path, query))
        self.on_request(len(self.requests))
        if self.faults:
            return self.faults.popleft()
        if authorization != f"Bearer {self.key}":
            return refusal(401, message=f"Invalid API Key provided: {authorization[7:20]}***")
        name = path.removeprefix("/v1/")
        if name in self.forbidden:
            return refusal(
                403,
                message=f"The provided key 'rk_live_***' does not have the required permissions "
                f"for this endpoint on account '{self.name}'. Having the 'rak_{name[:-1]}_read' "
                "permission would allow this request to continue.",
            )
        if name == "account":
            return Answer(body=json.dumps({"id": self.name, "email": "owner@acme.com"}).encode())
        if name.endswith("/lines"):
            invoice = next(o for o in self.objects["invoices"] if o["id"] == name.split("/")[1])
            return self._page(invoice["all_lines"], query)
        return self._page(self._listed(name, query), query)

    def _listed(self, name: str, query: dict[str, str]) -> list[Object]:
        found = self.objects.get(name, [])
        if name == "subscriptions" and query.get("status") != "all":
            found = [one for one in found if one["status"] != "canceled"]
        if "created[gte]" in query:
            found = [one for one in found if one["created"] >= int(query["created[gte]"])]
        if "created[lte]" in query:
            found = [one for one in found if one["created"] <= int(query["created[lte]"])]
        return sorted(found, key=lambda one: one.get("created", 0), reverse=True)

    def _page(self, found: list[Object], query: dict[str, str]) -> Answer:
        begin = 0
        if after := query.get("starting_after"):
            ids = [one["id"] for one in found]
            if after not in ids:
                return refusal(
                    400, code="resource_missing", param="starting_after", message=f"No such {after}"
                )
            begin = ids.index(after) + 1
        size = min(int(query["limit"]), self.page_size)
        shown = [
            {name: own for name, own in one.items() if name != "all_lines"}
            for one in found[begin : begin + size]
        ]
        more = begin + size < len(found)
        return Answer(body=json.dumps({"object": "list", "data": shown, "has_more": more}).encode())

    def asked(self, name: str) -> list[dict[str, str]]:
        """The parameters of every request for a list."""
        return [query for path, query in self.requests if path == f"/v1/{name}"]
