"""perdura forget where a connector keeps what it fetched: counted, erased, and not found again."""

from pathlib import Path

import pytest

from perdura.flows.erasure.erase import forget, kept_about
from perdura.flows.settings import Settings
from perdura.sources.connectors.known import mapping_of
from perdura.sources.extract import extract
from tests.support.replay import served
from tests.support.small_sources import UNTIL
from tests.support.zendesk_replay import NOW, TOKEN, Account

CHANGED = int(NOW.timestamp()) - 9999
OPENED = {"created_at": "2026-02-01T00:00:00Z", "status": "open", "changed": CHANGED}
TICKET = OPENED | {"id": 1, "requester_id": 11}
USERS = [
    {"id": 11, "external_id": "cus-ann-77", "email": "ann@x.com", "changed": CHANGED},
    {"id": 12, "external_id": "cus-bob-88", "email": "bob@x.com", "changed": CHANGED},
]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home in which nothing but an extract of an account has run."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("ZENDESK_TOKEN_OF_A_TEST", TOKEN)
    settings = Settings(home=tmp_path / "home")
    mapping = tmp_path / "home" / "mapping.toml"
    mapping.parent.mkdir()
    account = Account({"tickets": [TICKET, TICKET | {"id": 2, "requester_id": 12}], "users": USERS})
    with served(account) as url:
        connect = f'[connect.zendesk]\nurl = "{url}"\ntoken = "$ZENDESK_TOKEN_OF_A_TEST"\n'
        mapping.write_text(f"{connect}calls_per_minute = 60000\n\n{mapping_of('zendesk')}")
        extract(mapping, until=UNTIL, landing=settings.landing)
    return settings


def test_what_was_fetched_is_counted_erased_and_found_no_more(settings: Settings):
    assert kept_about(settings, ["cus-ann-77"]).rows == {
        "data/landing/tickets": 1,
        "data/landing/fetched/zendesk": 2,
    }
    forgotten = forget(settings, ["cus-ann-77"])
    assert forgotten.searched.found == ()
    assert kept_about(settings, ["cus-ann-77"]).rows == {}
    kept = [file for file in settings.landing.fetched.rglob("*") if file.is_file()]
    assert not [file for file in kept if b"ann" in file.read_bytes()]
    assert [file for file in kept if b"cus-bob-88" in file.read_bytes()]
