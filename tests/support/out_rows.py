"""Rows of the risk table, written as publishing writes them, and a server that other tools are."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store.connect import create_partition, writing

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
FAILED = {"signal": "payment_failures", "text": "2 payments failed in the last 30 days"}
WAITED = {"signal": "slow_support", "text": "Waited 41 hours for a first reply"}


def person(who: str, risk: float = 0.5, **others: Any) -> dict[str, Any]:
    """One row of a night; the rank is given when all are known."""
    return {
        "subscriber_id": who,
        "state": "active",
        "risk": risk,
        "risk_voluntary": risk / 2,
        "risk_payment": risk / 2,
        "band": "high" if risk >= 0.3 else "medium" if risk >= 0.1 else "low",
        "mrr": 1000,
        "currency": "EUR",
        "expected_loss": round(1000 * risk),
        "reasons": [FAILED, WAITED],
        "action": "fix_payment",
        "action_text": "Ask for another card",
        **others,
    }


def put_night(url: str, *people: dict[str, Any], on: date = TODAY, language: str = "en") -> None:
    """Replace one night."""
    night = {
        "scored_on": on,
        "model_version": "7",
        "valid_until": datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(hours=26),
        "degraded": [],
    }
    ranked = sorted(people, key=lambda row: (-row["risk"], row["subscriber_id"]))
    names = {name for row in people for name in row}
    dearest = sorted(ranked, key=lambda row: -(row["expected_loss"] or 0))
    rows = [
        dict.fromkeys(names) | row | night | {"rank": rank, "call_rank": dearest.index(row) + 1}
        for rank, row in enumerate(ranked, 1)
    ]
    with writing(url) as connection:
        create_partition(connection, on)
        for table in (RISK, NIGHTS):
            connection.execute(sa.delete(table).where(table.c.scored_on == on))
        whole = {"published_at": night["valid_until"], "rows": len(rows), "language": language}
        connection.execute(sa.insert(NIGHTS).values(**night, **whole, fingerprint=str(on)))
        if rows:
            connection.execute(sa.insert(RISK), rows)


def now_stands(url: str, who: str, state: str) -> None:
    """Somebody's state has changed since the newest night."""
    now = datetime.now(UTC)
    with writing(url) as connection:
        row = {"subscriber_id": who, "state": state, "since": now, "as_of": now}
        connection.execute(sa.insert(STATES).values(**row))


def perdura(
    *words: str, home: Path, env: Mapping[str, str] | None = None, ok: bool = True
) -> subprocess.CompletedProcess[str]:
    """What ``perdura WORDS`` says, in ``home``."""
    done = subprocess.run(
        [sys.executable, "-m", "perdura.flows.cli.app", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PERDURA_HOME": str(home), "COLUMNS": "120"} | dict(env or {}),
    )
    assert (done.returncode == 0) is ok, done.stderr
    return done


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


#: What is answered: a status, what is told, and headers.
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Server:
    """A real HTTP server on this machine, which keeps what came."""

    answer: Callable[[Call], Answer]
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    connections: int = 0


@contextmanager
def serving(answer: Callable[[Call], Answer]) -> Iterator[Server]:
    """A server that answers as told, each call on a thread of its own."""
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # else headers and body go apart, and wait for each other

        def respond(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, self.path, headers, self.rfile.read(length))
            server.calls.append(call)
            status, told, more = server.answer(call)
            body = json.dumps(told).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **more}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = respond  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        # Two senders open 16 connections at once. Python's queue of 5 turns some of them away for
        # seconds, on a busy machine for longer than a sender waits; receivers have 128 and more.
        request_queue_size = 128

        def verify_request(self, request: Any, client_address: Any) -> bool:
            server.connections += 1
            return True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that has lost patience is no fault."""

    httpd = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
