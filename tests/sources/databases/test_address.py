"""Addresses of databases: from the environment, and never repeated with their password."""

from pathlib import Path

import pytest

from perdura.sources.databases.address import BadDatabase, read_address
from perdura.sources.databases.staging import stage_query

FOLDER = Path("/company")
SECRETS = ("hunter2", "hun/ter2", "hun#ter2", "hun%ter2", "hun:ter2", "hun@ter2", "h'un\"ter2")


def test_an_address_and_its_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "BILLING_URL",
        "postgresql+psycopg://ann%40x:hunt%2Fer@db.example.com:5433/shop?sslmode=require",
    )
    address = read_address("$BILLING_URL", FOLDER)
    assert (address.kind, address.host, address.port) == ("postgresql", "db.example.com", 5433)
    assert (address.user, address.password, address.database) == ("ann@x", "hunt/er", "shop")
    assert address.options == {"sslmode": "require"}
    assert address.shown == "postgresql database shop at db.example.com"
    assert "hunt" not in repr(address)


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("sqlite:///shop.db", "/company/shop.db"),
        ("sqlite:////data/shop.db", "/data/shop.db"),
        ("duckdb:///sub/shop.duckdb", "/company/sub/shop.duckdb"),
    ],
)
def test_paths_of_files_start_at_the_mapping(written: str, file: str):
    assert read_address(written, FOLDER).database == file


def test_an_unset_variable_is_named():
    with pytest.raises(BadDatabase, match="variable NO_SUCH_URL, which is not set; set it to an"):
        read_address("$NO_SUCH_URL", FOLDER)


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://ann:hunter2@db/shop",
        "postgresql://ann@db/shop?password=hunter2",
        "mysql://ann:hunter2@db/shop",
    ],
)
def test_a_password_that_is_written_out_is_refused_and_not_repeated(written: str):
    with pytest.raises(BadDatabase, match="holds a password") as error:
        read_address(written, FOLDER)
    assert "hunter2" not in str(error.value)


def test_a_password_may_come_from_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    read = read_address("mysql://ann:$SHOP_PASSWORD@db/shop", FOLDER)
    assert read.secrets == ("hunter2",)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("kind", ["postgresql", "mysql", "oracle"])
def test_no_error_repeats_a_password_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str, kind: str
):
    """A password that was not written as addresses want it breaks the address at odd places."""
    monkeypatch.setenv("BILLING_URL", f"{kind}://ann:{secret}@127.0.0.1:1/shop")

    def ask() -> int:
        address = read_address("$BILLING_URL", tmp_path)
        return stage_query(address, "SELECT 1 AS a", "UTC", tmp_path / "staged.parquet")

    with pytest.raises(BadDatabase) as error:
        ask()
    assert "ter2" not in str(error.value)
    assert "hun" not in str(error.value)
    assert error.value.__cause__ is None
