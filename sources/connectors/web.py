"""Reading a vendor's API: at a pace, patient with faults that pass, quiet about what is secret."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from perdura.http_calls import (
    LONGEST_ASKED,
    PASSING,
    RequestPace,
    check_address,
    http_moment,
    json_client,
    seconds_to_wait,
)
from perdura.json_values import JsonObject, as_object, as_objects, parse_object
from perdura.sources.connectors.connector import BadConnection, Unavailable

_TRIES = 8
_TIMEOUT = 60.0  # seconds without a byte


class Web(AbstractContextManager["Web"]):
    """One API at one address, of which we only read.

    Attributes:
        server_time: The vendor's own time at its last answer; ``None`` if it told none.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], pace: RequestPace, *, rights: str
    ) -> None:
        """``rights``: what the credentials need, in words that follow "needs"."""
        self._host, self._pace, self._rights = safe_host(url), pace, rights
        self.server_time: datetime | None = None
        self._client = json_client(url, headers, _TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        """The JSON object at a path; faults that pass are waited for.

        Raises:
            Refused: The same request will be refused again.
            Unavailable: It fails after all patience. No message repeats a parameter, a header or
                content.
        """
        import httpx

        outcome = "nothing"
        for attempt in range(_TRIES):
            self._pace.keep()
            try:
                answer = self._client.get(path, params=dict(parameters))
                content = answer.read()
            except httpx.RequestError as error:
                outcome = type(error).__name__  # its text may tell what was sent
                self._pace.back_off(attempt)
                continue
            self.server_time = http_moment(answer.headers.get("date"))
            if answer.status_code not in PASSING:
                found = parse_object(content)
                self._refuse(path, answer.status_code, found or {})
                if found is not None:
                    return found
            outcome = "no JSON object" if answer.is_success else str(answer.status_code)
            # A moment to wait for is one of the vendor's own clock.
            now = self.server_time.timestamp() if self.server_time else None
            after = answer.headers.get("retry-after")
            self._pace.back_off(attempt, seconds_to_wait(after, most=LONGEST_ASKED, now=now))
        raise Unavailable(
            f"{self._host} answered {outcome} to {path} {_TRIES} times; what was fetched before is "
            "kept: extract again, and it goes on from there"
        )

    def _refuse(self, path: str, status: int, content: Mapping[str, Any]) -> None:
        """Raise unless an answer is a success."""
        fault = as_object(content.get("error"))
        if status == 401:
            raise Refused(
                f"{self._host} does not know the credentials (401 to {path}): the token has "
                "expired, was withdrawn or is another account's; make a new one and set it in the "
                "environment",
                status,
                fault,
            )
        if status == 403:
            raise Refused(
                f"{self._host} does not let these credentials read {path} (403): it needs "
                f"{self._rights}",
                status,
                fault,
            )
        if not 200 <= status < 300:
            raise Refused(
                f"{self._host} answered {status} to {path}; is it the address of the account?",
                status,
                fault,
            )


class Refused(Unavailable):
    """An answer that the same request will get again.

    Attributes:
        status: The HTTP status.
        error: What the answer's JSON says under ``error``, if that is an object; it may name people
            or keys and belongs in no message as it is.
    """

    def __init__(self, words: str, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(words)
        self.status, self.error = status, error


def listed(page: Mapping[str, Any], name: str, path: str) -> list[JsonObject]:
    """The objects of the list ``name`` that a page of ``path`` holds.

    Raises:
        Unavailable: It holds no such list.
    """
    if not isinstance(page.get(name), list):
        raise Unavailable(
            f"a page of {path} holds no list {name!r}; it has {', '.join(sorted(page))}. Was the "
            "API changed?"
        )
    return as_objects(page[name])


def safe_host(url: str) -> str:
    """The host of an address that is encrypted, or on this machine.

    Raises:
        BadConnection: It is no address, is not encrypted or has a password in it.
    """
    parts, fault = check_address(url)
    if fault == "no address":
        raise BadConnection("url is no address; write https://HOST")
    if fault == "password":
        raise BadConnection(
            f"the address of {parts.hostname} has a password in it; it belongs in the environment"
        )
    if fault == "not encrypted":
        host = parts.hostname
        raise BadConnection(f"the address of {host} is not encrypted; write https://{host}")
    return parts.netloc
