"""Zendesk and Intercom as their public documentation says they answer, on a real local server.

Zendesk: developer.zendesk.com, "Update Many Users", "Job Statuses", "Rate limits"; a failed result
is as in "Create or Update Many Users response specifications" at support.zendesk.com.
Intercom: developers.intercom.com, "Search contacts", "Update a contact", and of version Preview
"Bulk update contacts", "Get a bulk update job"; and the pull requests 469, 549 and 610 of
github.com/intercom/Intercom-OpenAPI.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.out_rows import Answer, Call


@dataclass
class FakeZendesk:
    """An account with some users; ``known`` says who, and holds their fields."""

    known: dict[str, dict[str, Any]]
    refused: set[str] = field(default_factory=set)
    looks: int = 1  # so often a job is still working
    first: list[Answer] = field(default_factory=list)  # answered before anything else
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    status: str = "completed"

    def __call__(self, call: Call) -> Answer:
        if self.first:
            return self.first.pop(0)
        if call.path == "/api/v2/users/update_many.json" and call.method == "PUT":
            return self._update(call.json["users"])
        job = call.path.removeprefix("/api/v2/job_statuses/").removesuffix(".json")
        return self._job(job) if job in self.jobs else (404, {"error": "RecordNotFound"}, {})

    def _update(self, users: list[dict[str, Any]]) -> Answer:
        if len(users) > 100:
            return 400, {"error": "TooManyUsers"}, {}
        job = f"8b726e606741012ffc2d782bcb7848f{len(self.jobs)}"
        self.batches.append(len(users))
        self.jobs[job] = [self._set(user) for user in users]
        return 200, {"job_status": self._told(job, "queued")}, {}

    def _set(self, user: dict[str, Any]) -> dict[str, Any]:
        who = user["external_id"]
        if who not in self.known:
            return {"id": 0, "error": "UserNotFound", "details": "", "status": "Failed"}
        if who in self.refused:
            details = f"Name: {who} is not properly formatted"
            return {"id": 2, "error": "UserUpdateError", "details": details, "status": "Failed"}
        self.known[who].update(user["user_fields"])
        return {"action": "update", "id": 244, "status": "Updated", "success": True}

    def _job(self, job: str) -> Answer:
        self.looked[job] = self.looked.get(job, 0) + 1
        if self.looked[job] <= self.looks:
            return 200, {"job_status": self._told(job, "working")}, {}
        results = self.jobs[job] if self.status == "completed" else None
        return 200, {"job_status": self._told(job, self.status) | {"results": results}}, {}

    @staticmethod
    def _told(job: str, status: str) -> dict[str, Any]:
        url = f"https://example.zendesk.com/api/v2/job_statuses/{job}.json"
        told = {"id": job, "url": url, "total": None, "progress": None, "message": None}
        return {**told, "status": status, "results": None}


@dataclass
class FakeIntercom:
    """A workspace with some contacts, by their external ids."""

    known: dict[str, dict[str, Any]]
    bulk: bool = True
    refused: set[str] = field(default_factory=set)
    most_searched: int = 50
    first: list[Answer] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    singles: int = 0

    def __call__(self, call: Call) -> Answer:
        if self.first:
            return self.first.pop(0)
        if call.path == "/me":
            return 200, {"type": "admin", "app": {"type": "app", "id_code": "w0rk"}}, {}
        return self._contacts(call, call.headers.get("intercom-version"))

    def _contacts(self, call: Call, version: str | None) -> Answer:
        match call.method, call.path.split("/")[1:]:
            case "POST", ["contacts", "search"]:
                return self._search(call.json)
            case "PUT", ["contacts", "bulk"] if self.bulk and version == "Preview":
                return self._bulk(call.json["contacts"])
            case "GET", ["contacts", "bulk", job] if self.bulk:
                return 200, self._job(self.jobs[int(job.removeprefix("job_v2_"))], job), {}
            case "PUT", ["contacts", contact] if contact.startswith("id-"):
                self.singles += 1
                return self._single(contact.removeprefix("id-"), call.json["custom_attributes"])
        return _errors(404, "not_found")

    def _search(self, body: dict[str, Any]) -> Answer:
        query = body["query"]
        if (query["field"], query["operator"]) != ("external_id", "IN"):
            return _errors(400, "parameter_invalid")
        if len(query["value"]) > self.most_searched:
            return _errors(400, "parameter_invalid")
        found = [who for who in query["value"] if who in self.known]
        data = [{"type": "contact", "id": f"id-{who}", "external_id": who} for who in found]
        pages = {"type": "pages", "page": 1, "per_page": 150, "total_pages": 1}
        return 200, {"type": "list", "data": data, "total_count": len(data), "pages": pages}, {}

    def _bulk(self, contacts: list[dict[str, Any]]) -> Answer:
        if len(contacts) > 100:
            return _errors(422, "parameter_invalid")
        state = "completed"
        for contact in contacts:
            who = contact["id"].removeprefix("id-")
            if who in self.refused:
                state = "completed_with_errors"
            else:
                self.known[who].update(contact["custom_attributes"])
        self.jobs.append(state)
        return 202, self._job("pending", f"job_v2_{len(self.jobs) - 1}"), {}

    def _single(self, who: str, attributes: dict[str, Any]) -> Answer:
        if who in self.refused:
            return _errors(422, "custom_data_invalid")
        self.known[who].update(attributes)
        return 200, {"type": "contact", "id": f"id-{who}"}, {}

    @staticmethod
    def _job(state: str, job: str) -> dict[str, Any]:
        return {"type": "contacts.bulk.job", "id": job, "state": state, "tasks": []}


def _errors(status: int, code: str) -> Answer:
    return status, {"type": "error.list", "errors": [{"code": code, "message": "no"}]}, {}
