"""Intercom: custom attributes of the contacts it knows by ``external_id``.

As documented at developers.intercom.com and github.com/intercom/Intercom-OpenAPI in 2026. The bulk
jobs of its first API are gone. A new ``PUT /contacts/bulk`` (at most 100 contacts, answered with a
job to ask after) is in the version "Preview" only, which may change: it was a POST for two months,
and a POST now makes contacts. So where it is not there, and for whatever a job did not do without
errors, contacts are updated one by one, by ``PUT /contacts/{id}`` of a version that stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

from perdura.risk.integrations.help_desks.caller import Caller, NotNow, read_json
from perdura.risk.integrations.help_desks.fields import Fields
from perdura.risk.integrations.help_desks.jobs import Job, ended
from perdura.risk.integrations.help_desks.pushing import Outcome

#: Characters that Intercom keeps of a text attribute.
LONGEST = 255

STABLE, PREVIEW = {"intercom-version": "2.14"}, {"intercom-version": "Preview"}

_SEARCHED_AT_ONCE = 50
_NO_SUCH_ENDPOINT = {404, 405, 406, 410, 501}
_LOST = "lost"  # ours: its state cannot be read
_DONE = {"completed", "completed_with_errors", _LOST}


@dataclass(slots=True)
class Intercom:
    """One workspace.

    Attributes:
        caller: Calls its API.
        patience: Seconds to wait for one job.
        problems: Number of refused contacts, by the error that Intercom named.
        bulk: Whether the bulk endpoint is there, as far as is known.
    """

    caller: Caller
    patience: float = 600.0
    problems: Counter[str] = field(default_factory=Counter)
    bulk: bool = True
    at_once: int = 100
    parallel: int = 4

    def workspace(self) -> str:
        """The id of the workspace that the token opens.

        Raises:
            NotNow: It does not say.
        """
        answer = self.caller.call("GET", "/me", headers=STABLE)
        app: dict[str, Any] = read_json(answer).get("app") or {}
        found = str(app.get("id_code", ""))
        if not found.isalnum():
            raise NotNow(f"Intercom answered {answer.status_code} and no workspace to GET /me")
        return found

    def update(self, subscribers: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the custom attributes of these subscribers; the outcome of each."""
        names, ids = list(subscribers), dict[str, str]()
        for start in range(0, len(names), _SEARCHED_AT_ONCE):
            ids |= self._search(names[start : start + _SEARCHED_AT_ONCE])
        contacts = {ids[id_]: fields for id_, fields in subscribers.items() if id_ in ids}
        done: dict[str, Outcome]
        if contacts and self.bulk and self._updated_in_bulk(contacts):
            done = dict.fromkeys(contacts, "updated")
        else:
            done = {contact: self._update_one(contact, f) for contact, f in contacts.items()}
        return {id_: done[ids[id_]] if id_ in ids else "absent" for id_ in subscribers}

    def _search(self, subscribers: Sequence[str]) -> dict[str, str]:
        """Intercom's own ids, of the subscribers that it knows."""
        body = {
            "query": {"field": "external_id", "operator": "IN", "value": list(subscribers)},
            "pagination": {"per_page": 150},
        }
        answer = self.caller.call("POST", "/contacts/search", body, headers=STABLE)
        contacts = read_json(answer).get("data")
        if answer.status_code in (400, 422) and len(subscribers) > 1:  # its limit is not documented
            half = len(subscribers) // 2
            return self._search(subscribers[:half]) | self._search(subscribers[half:])
        if not answer.is_success or not isinstance(contacts, list):
            raise NotNow(
                f"Intercom answered {answer.status_code} when asked which contacts it knows"
            )
        return {
            str(contact["external_id"]): str(contact["id"])
            for contact in cast("list[dict[str, Any]]", contacts)
            if contact.get("external_id") in subscribers
        }

    def _updated_in_bulk(self, subscribers: Mapping[str, Fields]) -> bool:
        """Whether one call updated them all."""
        contacts = [{"id": id_, "custom_attributes": fields} for id_, fields in subscribers.items()]
        answer = self.caller.call("PUT", "/contacts/bulk", {"contacts": contacts}, headers=PREVIEW)
        job = read_json(answer)
        if answer.status_code in _NO_SUCH_ENDPOINT:
            self.bulk = False
        if not answer.is_success or "id" not in job:
            return False

        def look(job: Job) -> Job:
            answer = self.caller.call("GET", f"/contacts/bulk/{job['id']}", headers=PREVIEW)
            return {
                "id": job["id"],
                **(read_json(answer) if answer.is_success else {"state": _LOST}),
            }

        pace = self.caller.pace
        job = ended(job, look, key="state", done=_DONE, pace=pace, patience=self.patience)
        return job["state"] == "completed"  # it does not say which contacts failed

    def _update_one(self, contact: str, fields: Fields) -> Outcome:
        answer = self.caller.call(
            "PUT",
            f"/contacts/{quote(contact, safe='')}",
            {"custom_attributes": fields},
            headers=STABLE,
        )
        if answer.is_success:
            return "updated"
        if answer.status_code in (404, 410):  # 410: merged into another contact
            return "absent"
        errors: list[dict[str, Any]] = read_json(answer).get("errors") or [{}]
        self.problems[str(errors[0].get("code") or f"status {answer.status_code}")] += 1
        return "failed"
