"""Zendesk: user fields of the people it knows by ``external_id``.

As documented at developer.zendesk.com in 2026 (Update Many Users; Job Statuses; Rate limits):
``PUT /api/v2/users/update_many`` takes at most 100 users and answers with a job, with results in
the order of the users. ``create_or_update_many`` would make users of all subscribers who have
never written to support, and needs imports to be enabled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from perdura.risk.integrations.help_desks.caller import Caller, NotNow, read_json
from perdura.risk.integrations.help_desks.fields import Fields
from perdura.risk.integrations.help_desks.jobs import Job, ended
from perdura.risk.integrations.help_desks.pushing import Outcome

#: Jobs under way at once: fewer than an account may have, so that others have room.
_JOBS_AT_ONCE = 4
_DONE = {"completed", "failed", "killed"}


@dataclass(slots=True)
class Zendesk:
    """One account.

    Attributes:
        caller: Calls its API.
        patience: Seconds to wait for one job.
        problems: Number of refused users, by the error that Zendesk named.
    """

    caller: Caller
    patience: float = 600.0
    problems: Counter[str] = field(default_factory=Counter)
    at_once: int = 100
    parallel: int = _JOBS_AT_ONCE

    def update(self, subscribers: Mapping[str, Fields]) -> Mapping[str, Outcome]:
        """Set the user fields of these subscribers; the outcome of each."""
        users = [{"external_id": id_, "user_fields": fields} for id_, fields in subscribers.items()]
        answer = self.caller.call("PUT", "/api/v2/users/update_many.json", {"users": users})
        job: Job = read_json(answer).get("job_status", {})
        if not answer.is_success or "id" not in job:
            self.problems[f"status {answer.status_code}"] += len(subscribers)
            return dict.fromkeys(subscribers, "failed")

        def look(job: Job) -> Job:
            answer = self.caller.call("GET", f"/api/v2/job_statuses/{job['id']}.json")
            if not answer.is_success:
                raise NotNow(f"Zendesk answered {answer.status_code} when asked for its job")
            return {"id": job["id"], **read_json(answer).get("job_status", {})}

        pace = self.caller.pace
        job = ended(job, look, key="status", done=_DONE, pace=pace, patience=self.patience)
        return self._outcomes(list(subscribers), job)

    def _outcomes(self, subscribers: Sequence[str], job: Job) -> dict[str, Outcome]:
        """The outcome of each; a subscriber without a result failed."""
        outcomes: dict[str, Outcome] = dict.fromkeys(subscribers, "failed")
        found = job.get("results")
        results = cast("list[dict[str, Any]]", found) if isinstance(found, list) else []
        for position, result in enumerate(results):
            index = result.get("index", position)
            if isinstance(index, int) and 0 <= index < len(subscribers):
                outcomes[subscribers[index]] = self._outcome(result)
        missing = len(subscribers) - len(results)
        if missing > 0:
            self.problems[f"job {job.get('status')}"] += missing
        return outcomes

    def _outcome(self, result: dict[str, Any]) -> Outcome:
        if result.get("success") is True or result.get("status") in ("Updated", "Created"):
            return "updated"
        error = str(result.get("error") or result.get("status") or "unknown")
        if "notfound" in error.lower().replace(" ", "").replace("_", ""):
            return "absent"
        self.problems[error] += 1
        return "failed"
