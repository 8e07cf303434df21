"""Zendesk: user fields of the people it knows by ``external_id``.

As documented at developer.zendesk.com in 2026 (Update Many Users; Job Statuses; Rate limits):
``PUT /api/v2/users/update_many`` takes at most 100 users and answers with a job, whose results come
in the order of the users. ``create_or_update_many`` would make users of all subscribers who have
never written to support, and needs imports to be enabled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perdura.risk.integrations.caller import Caller, NotNow, read_json
from perdura.risk.integrations.fields import Fields
from perdura.risk.integrations.jobs import Job, ended
from perdura.risk.integrations.pushing import Outcome

#: Jobs of which so many may be under way in an account; we leave room for others.
_JOBS_AT_ONCE = 4
_DONE = {"completed", "failed", "killed"}


@dataclass(slots=True)
class Zendesk:
    """One account.

    Attributes:
        caller: Calls its API.
        patience: Seconds to wait for one job.
        problems: How often it refused somebody, by the error it named.
    """

    caller: Caller
    patience: float = 600.0
    problems: Counter[str] = field(default_factory=Counter)
    at_once: int = 100
    parallel: int = _JOBS_AT_ONCE

    def tell(self, people: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the user fields of these people; what became of each."""
        users = [{"external_id": who, "user_fields": fields} for who, fields in people.items()]
        answer = self.caller.call("PUT", "/api/v2/users/update_many.json", {"users": users})
        job = read_json(answer).get("job_status", {})
        if not answer.is_success or "id" not in job:
            self.problems[f"status {answer.status_code}"] += len(people)
            return dict.fromkeys(people, "failed")
        return self._outcomes(list(people), self._finished(job))

    def _finished(self, job: Job) -> Job:
        pace = self.caller.pace
        return ended(job, self._look, says="status", done=_DONE, pace=pace, by=self.patience)

    def _look(self, job: Job) -> Job:
        answer = self.caller.call("GET", f"/api/v2/job_statuses/{job['id']}.json")
        if not answer.is_success:
            raise NotNow(f"Zendesk answered {answer.status_code} when asked for its job")
        return {"id": job["id"], **read_json(answer).get("job_status", {})}

    def _outcomes(self, people: Sequence[str], job: dict[str, Any]) -> dict[str, Outcome]:
        """What became of each; whoever is not spoken of failed."""
        outcomes: dict[str, Outcome] = dict.fromkeys(people, "failed")
        results = job.get("results")
        for place, result in enumerate(results if isinstance(results, list) else []):
            number = result.get("index", place)
            if isinstance(number, int) and 0 <= number < len(people):
                outcomes[people[number]] = self._outcome(result)
        unsaid = len(people) - len(results if isinstance(results, list) else [])
        if unsaid > 0:
            self.problems[f"job {job.get('status')}"] += unsaid
        return outcomes

    def _outcome(self, result: dict[str, Any]) -> Outcome:
        if result.get("success") is True or result.get("status") in ("Updated", "Created"):
            return "told"
        error = str(result.get("error") or result.get("status") or "unknown")
        if "notfound" in error.lower().replace(" ", "").replace("_", ""):
            return "absent"
        self.problems[error] += 1
        return "failed"
