"""The same small shop in each database that a query may ask."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.debian import mariadb

SHOP = (
    """CREATE TABLE payments (id INTEGER, customer VARCHAR(20), cents INTEGER,
    price NUMERIC(10, 2), paid_at TIMESTAMP NULL, day DATE)""",
    """INSERT INTO payments VALUES
    (1, 'ann', 500, 5.00, '2026-01-05 10:00:00', '2026-01-05'),
    (2, 'bob', 1250, 12.50, '2026-02-03 23:30:00', '2026-02-03'),
    (3, 'eve', NULL, NULL, NULL, NULL)""",
)


@dataclass(frozen=True)
class Shop:
    """A database with a table of payments, asked by the variable ``SHOP_URL``."""

    kind: str
    url: str
    folder: Path

    def run(self, *statements: str) -> None:
        """Statements that change it."""
        with self._connected() as connection:
            for statement in statements:
                connection.execute(statement)

    def _connected(self) -> Any:
        if self.kind == "postgresql":
            return psycopg.connect(self.url, autocommit=True)
        if self.kind == "mysql":
            return _MySql(self.url.partition("unix_socket=")[2])
        if self.kind == "sqlite":
            return sqlite3.connect(self.folder / "shop.sqlite", isolation_level=None)
        return pytest.importorskip("duckdb").connect(str(self.folder / "shop.duckdb"))


class _MySql:
    """A connection of root's."""

    def __init__(self, socket: str) -> None:
        connect = pytest.importorskip("pymysql").connect
        self._connection = connect(unix_socket=socket, user="root", autocommit=True)

    def __enter__(self) -> Any:
        return self._connection.cursor()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@pytest.fixture(scope="session")
def mysql_socket() -> Iterator[Path]:
    """The socket of a real MariaDB of this session's own."""
    pytest.importorskip("pymysql", reason="the extra mysql is not installed")
    with mariadb.started() as socket:
        yield socket


@pytest.fixture(params=["sqlite", "postgresql", "duckdb", "mysql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop in a database of each kind."""
    made = _shop(request, tmp_path)
    if made.kind == "sqlite":  # as SQLite takes any type, so does it say what it stores
        (made.folder / "shop.sqlite").unlink(missing_ok=True)
    if made.kind == "mysql":
        made.run(
            "DROP DATABASE IF EXISTS shop",
            "CREATE DATABASE shop",
            "CREATE OR REPLACE USER reader@localhost IDENTIFIED BY 's3cr%t/w''ord'",
            "GRANT SELECT ON shop.* TO reader@localhost",
            "USE shop",
            *SHOP,
        )
    else:
        made.run(*SHOP)
    monkeypatch.setenv("SHOP_URL", made.url)
    return made


def _shop(request: pytest.FixtureRequest, folder: Path) -> Shop:
    kind = request.param
    if kind == "postgresql":
        return Shop(kind, request.getfixturevalue("postgres_url"), folder)
    if kind == "mysql":
        socket = request.getfixturevalue("mysql_socket")
        password = "s3cr%25t%2Fw%27ord"  # noqa: S105
        url = f"mysql://reader:{password}@localhost/shop?unix_socket={socket}"
        return Shop(kind, url, folder)
    if kind == "duckdb":
        pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    return Shop(kind, f"{kind}:///shop.{kind}", folder)
