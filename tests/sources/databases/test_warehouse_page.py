"""docs/WAREHOUSE.md: its SQL and its mapping are run as they stand, on a real PostgreSQL."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.small_sources import Business, at

TEXT = (Path(__file__).parents[3] / "docs" / "WAREHOUSE.md").read_text("utf-8")
TABLES = """
CREATE TABLE plans (id INT, name TEXT, cents_a_month INT, updated_at TIMESTAMPTZ);
CREATE TABLE subscriptions (id TEXT, customer_id TEXT, plan_id INT, seats INT, currency TEXT,
    started_at TIMESTAMPTZ, cancelled_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, end_reason TEXT,
    updated_at TIMESTAMPTZ);
CREATE TABLE payments (id TEXT, customer_id TEXT, email TEXT, charged_at TIMESTAMPTZ, cents INT,
    currency TEXT, status TEXT, updated_at TIMESTAMPTZ);
INSERT INTO plans VALUES (1, 'pro', 1500, '2026-01-01Z');
INSERT INTO subscriptions VALUES
    ('s1', 'ann', 1, 2, 'eur', '2026-01-05Z', NULL, NULL, NULL, '2026-01-05Z'),
    ('s2', 'bob', 1, 1, 'eur', '2026-01-06Z', NULL, NULL, NULL, '2026-01-06Z');
INSERT INTO payments VALUES
    ('p1', 'ann', 'ann@example.com', '2026-01-05Z', 3000, 'eur', 'ok', '2026-01-05Z'),
    ('p2', 'bob', 'bob@example.com', '2026-02-06Z', 1500, 'eur', 'declined', '2026-02-06Z');
"""
LATER = """
UPDATE subscriptions SET ended_at = '2026-02-19Z', end_reason = 'unpaid',
    updated_at = '2026-02-19Z' WHERE id = 's2';
INSERT INTO payments VALUES
    ('p3', 'ann', 'ann@example.com', '2026-02-18Z', 3000, 'eur', 'ok', '2026-02-18Z'),
    ('p0', 'ann', 'ann@example.com', '2026-01-01Z', 1, 'eur', 'ok', '2026-01-01Z');
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[str]:
    """A warehouse with two customers, the page's views and its role."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        for block in blocks("sql"):
            connection.execute(block.encode())
    yield postgres_url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY perdura_reader")
        connection.execute("DROP ROLE perdura_reader")  # roles are the whole server's


def test_it_lands_what_changed_and_the_role_sees_the_views_alone(
    warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    reader = warehouse.replace("postgres@", "perdura_reader@")
    assert reader != warehouse
    monkeypatch.setenv("WAREHOUSE_URL", reader)
    (mapping,) = blocks("toml")
    business = Business(tmp_path).maps(mapping)
    business.extract(at(10))
    columns = ("subscriber_id", "kind", "mrr", "currency", "reason")
    assert business.events("subscriptions", columns) == [
        ("ann", "started", 3000, "EUR", None),
        ("bob", "started", 1500, "EUR", None),
    ]
    with psycopg.connect(warehouse, autocommit=True) as connection:
        connection.execute(LATER.encode())
    business.extract(at(20))
    assert ("bob", "ended", 0, "EUR", "payment") in business.events("subscriptions", columns)
    # What was written further back than the overlap is what a watermark does not see.
    assert business.events("payments", ("payment_id", "kind")) == [
        ("p1", "paid"), ("p3", "paid"), ("p2", "failed"),
    ]  # fmt: skip
    with psycopg.connect(reader, autocommit=True) as connection:
        for forbidden in ("SELECT email FROM payments", "DELETE FROM perdura.payments"):
            with pytest.raises(psycopg.Error, match=r"permission denied|read-only"):
                connection.execute(forbidden.encode())
