"""Intercom: custom attributes of the contacts it knows by ``external_id``.

As documented at developers.intercom.com and github.com/intercom/Intercom-OpenAPI in 2026. The bulk
jobs of its first API are gone. A new ``PUT /contacts/bulk`` (at most 100 contacts, answered with a
job to ask after) is in the version "Preview" only, which may change: it was a POST for two months,
and a POST now makes contacts. So where it is not there, and for whatever a job did not do without
errors, contacts are updated one by one, by ``PUT /contacts/{id}`` of a version that stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from perdura.risk.integrations.caller import Caller, NotNow, read_json
from perdura.risk.integrations.fields import Fields
from perdura.risk.integrations.jobs import Job, ended
from perdura.risk.integrations.pushing import Outcome

#: Of a text attribute Intercom keeps so many characters.
LONGEST = 255

STABLE, PREVIEW = {"intercom-version": "2.14"}, {"intercom-version": "Preview"}

_SEARCHED_AT_ONCE = 50
_NO_SUCH_ENDPOINT = {404, 405, 406, 410, 501}
_LOST = "lost"  # ours: it cannot be asked after
_DONE = {"completed", "completed_with_errors", _LOST}


@dataclass(slots=True)
class Intercom:
    """One workspace.

    Attributes:
        caller: Calls its API.
        patience: Seconds to wait for one job.
        problems: How often it refused somebody, by the error it named.
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
        found = str((read_json(answer).get("app") or {}).get("id_code", ""))
        if not found.isalnum():
            raise NotNow(f"Intercom answered {answer.status_code} and no workspace to GET /me")
        return found

    def tell(self, people: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the custom attributes of these people; what became of each."""
        ids = self._ids(list(people))
        known = {ids[who]: fields for who, fields in people.items() if who in ids}
        done = self._tell_known(known)
        return {who: done[ids[who]] if who in ids else "absent" for who in people}

    def _ids(self, people: list[str]) -> dict[str, str]:
        """Intercom's own ids of those whom it knows."""
        found: dict[str, str] = {}
        for start in range(0, len(people), _SEARCHED_AT_ONCE):
            some = people[start : start + _SEARCHED_AT_ONCE]
            found |= self._search(some)
        return found

    def _search(self, people: list[str]) -> dict[str, str]:
        body = {
            "query": {"field": "external_id", "operator": "IN", "value": people},
            "pagination": {"per_page": 150},
        }
        answer = self.caller.call("POST", "/contacts/search", body, headers=STABLE)
        contacts = read_json(answer).get("data")
        if answer.status_code in (400, 422) and len(people) > 1:  # how many it takes, nobody says
            half = len(people) // 2
            return self._search(people[:half]) | self._search(people[half:])
        if not answer.is_success or not isinstance(contacts, list):
            raise NotNow(f"Intercom answered {answer.status_code} when asked whom it knows")
        wanted = set(people)
        return {
            str(one["external_id"]): str(one["id"])
            for one in contacts
            if one.get("external_id") in wanted
        }

    def _tell_known(self, people: Mapping[str, Fields]) -> dict[str, Outcome]:
        """As ``tell``, by Intercom's own ids."""
        if people and self.bulk and self._in_bulk(people):
            return dict.fromkeys(people, "told")
        return {contact: self._one(contact, fields) for contact, fields in people.items()}

    def _in_bulk(self, people: Mapping[str, Fields]) -> bool:
        """Whether all were told at once."""
        contacts = [{"id": who, "custom_attributes": fields} for who, fields in people.items()]
        answer = self.caller.call("PUT", "/contacts/bulk", {"contacts": contacts}, headers=PREVIEW)
        job = read_json(answer)
        if answer.status_code in _NO_SUCH_ENDPOINT:
            self.bulk = False
        if not answer.is_success or "id" not in job:
            return False
        pace = self.caller.pace
        job = ended(job, self._look, says="state", done=_DONE, pace=pace, by=self.patience)
        return job["state"] == "completed"  # it does not say who failed

    def _look(self, job: Job) -> Job:
        answer = self.caller.call("GET", f"/contacts/bulk/{job['id']}", headers=PREVIEW)
        return {"id": job["id"], **(read_json(answer) if answer.is_success else {"state": _LOST})}

    def _one(self, contact: str, fields: Fields) -> Outcome:
        answer = self.caller.call(
            "PUT",
            f"/contacts/{quote(contact, safe='')}",
            {"custom_attributes": fields},
            headers=STABLE,
        )
        if answer.is_success:
            return "told"
        if answer.status_code in (404, 410):  # 410: merged into another contact
            return "absent"
        errors = read_json(answer).get("errors") or [{}]
        self.problems[str(errors[0].get("code") or f"status {answer.status_code}")] += 1
        return "failed"
