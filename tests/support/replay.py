"""A server of this machine that answers as another system's API does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """An answer; ``cut`` of its bytes at the end are never sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


class ReplayedAccount(Protocol):
    """What is served: answers, by the account's own clock."""

    def clock(self) -> datetime: ...

    def answer(self, path: str, query: dict[str, str], authorization: str) -> Answer: ...


@contextmanager
def served(account: ReplayedAccount) -> Iterator[str]:
    """The address at which an account is served."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            found = account.answer(parts.path, query, self.headers.get("authorization", ""))
            self.send_response_only(found.status)
            headers = {
                "date": format_datetime(account.clock(), usegmt=True),
                "content-type": "application/json",
                "content-length": str(len(found.body)),
                **found.headers,
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body[: len(found.body) - found.cut])
            self.close_connection = self.close_connection or found.cut > 0

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
