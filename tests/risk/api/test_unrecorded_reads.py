"""A read that cannot be recorded in the audit is not answered; one that can be later, is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
import sqlalchemy as sa

from perdura.risk.api import auditing
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.api.auditing import Audit
from perdura.risk.records.audit import newest
from perdura.risk.records.audit_aside import aside
from perdura.risk.records.audited_reads import take_over
from perdura.risk.records.tokens import Holder
from perdura.risk.store import postgres
from perdura.risk.store.connect import reading, writing
from tests.risk.integrations.test_mcp import here_at, text
from tests.risk.records.test_audited_reads import AS_NO_ROOT
from tests.risk.test_table import MARCH_2, TWO, put
from tests.support.api_served import asking, at_work, token
from tests.support.schedule_served import environment
from tests.support.small_disk import read_only

ONLOOKER = "onlooker"
DESK = Holder(token_id="t", name="desk", scopes=frozenset({"read"}))  # noqa: S106 - an id
#: A store that cannot be written, a token for it, and what lets it be written again.
Unwritable = tuple[str, str, Callable[[], None]]


def entries(url: str) -> list[str]:
    with reading(url) as connection:
        return [row["what"] for row in newest(connection)]


def until(question: Callable[[], bool]) -> bool:
    """Whether it comes true within some seconds."""
    last = monotonic() + 10
    while not (true := question()) and monotonic() < last:
        sleep(0.1)
    return true


@pytest.fixture(params=["a read-only mount", "a role without INSERT"])
def unwritable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Unwritable]:
    if request.param == "a role without INSERT":
        yield from _of_onlooker(request.getfixturevalue("postgres_url"))
        return
    url = f"sqlite:///{tmp_path}/home/data/risk.db"
    put(TWO, url, MARCH_2)
    held = token(url, "read")
    with read_only(tmp_path / "home", tmp_path / "mounted") as mounted:
        remount = ["mount", "-o", "remount,bind,rw", str(mounted)]
        yield (
            f"sqlite:///{mounted}/data/risk.db",
            held,
            lambda: subprocess.run(remount, check=True).check_returncode(),
        )


def _of_onlooker(owner: str) -> Iterator[Unwritable]:
    put(TWO, owner, MARCH_2)
    held = token(owner, "read")
    mine = sa.make_url(owner).set(username=ONLOOKER).render_as_string(hide_password=False)

    def as_owner(words: str) -> None:
        with writing(owner) as connection:
            connection.exec_driver_sql(words)

    as_owner(f"CREATE ROLE {ONLOOKER} LOGIN")
    as_owner(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ONLOOKER}")
    try:
        yield mine, held, lambda: as_owner(f"GRANT INSERT ON audit TO {ONLOOKER}")
    finally:
        postgres.close(mine)
        as_owner(f"DROP OWNED BY {ONLOOKER}")
        as_owner(f"DROP ROLE {ONLOOKER}")


def test_nothing_is_answered_from_a_store_that_can_never_be_written(unwritable, caplog):
    url, held, allow = unwritable
    bearer = {"Authorization": f"Bearer {held}"}
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        httpx.Client(base_url=base, headers=bearer, timeout=60) as api,
    ):
        assert [message[:19] for message in caplog.messages] == ["no read is answered"]
        for path in ("current", "subscribers/bob", "export", "moves", "health"):
            answer = api.get(f"/v1/{path}")
            assert answer.status_code == 503, path
            assert "recorded in the audit, which cannot be written" in answer.json()["found"]
            assert set(answer.json()) == {
                "type",
                "title",
                "status",
                "detail",
                "asked",
                "found",
                "todo",
            }
        todo = answer.json()["todo"]
        assert "mount the home" in todo or "perdura risk init --roles" in todo
        desk = api.get("/desk", headers={"Cookie": f"perdura_desk={held}"})
        assert desk.status_code == 503
        assert "Perdura records who reads what" in desk.text
        assert "bob" not in desk.text
        refused = here_at(url, "who_should_i_call")
        assert refused.is_error
        assert todo in text(refused)
        sleep(1.2)  # the writer has tried again
        assert len(caplog.messages) == 1

        allow()
        assert until(lambda: api.get("/v1/subscribers/ann").status_code == 200)
        assert api.get("/v1/health").status_code == 200
        assert until(lambda: entries(url) == ["subscriber"])
    assert caplog.messages[1:] == ["the audit is written again"]


def test_serve_says_it_once_when_it_starts(tmp_path):
    home = tmp_path / "home"
    put(TWO, f"sqlite:///{home}/data/risk.db", MARCH_2)
    (home / "data" / "risk.db").chmod(0o400)
    (home / "data").chmod(0o500)
    words = [*AS_NO_ROOT, sys.executable, "-m", "perdura.flows.cli.app", "serve", "--port", "0"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, env=environment(home))
    said = (tmp_path / "log").read_text
    try:
        assert until(lambda: "The desk page" in said())
        assert said().startswith("no read is answered: each is recorded in the audit, and ")
        assert "let the user who runs perdura write the folder of the risk table" in said()
        sleep(2.2)
    finally:
        server.terminate()
        server.wait()
    assert said().count("no read is answered") == 1
    assert "lost" not in said()


def test_a_store_that_is_away_for_a_while_is_read_until_no_more_can_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(auditing, "_MOST_WAITING", 3)
    url = f"sqlite:///{tmp_path}/risk.db"
    put(TWO, url, MARCH_2)
    with asking(url, "read") as api:
        with writing(url):  # another program's lock, as while a night is published
            answers = [api.get("/v1/subscribers/ann").status_code for _ in range(5)]
            health = api.get("/v1/health").status_code
        assert (answers, health) == ([200, 200, 200, 503, 503], 503)
        assert until(lambda: api.get("/v1/subscribers/ann").status_code == 200)
    assert entries(url) == ["subscriber"] * 4


def test_a_file_that_cannot_be_written_in_a_folder_that_can_has_its_entries_beside_it(
    tmp_path, caplog
):
    put(TWO, f"sqlite:///{tmp_path}/risk.db", MARCH_2)
    with read_only(tmp_path / "risk.db", tmp_path / "mounted" / "risk.db") as file:
        url = f"sqlite:///{file}"
        with Audit(url, every=0.05) as audit:
            audit.check()
            assert audit.refusal is None
            for count in (1, 2):
                audit.note(DESK, "list")
                assert until(lambda n=count: len(aside(file)) == n)
        (file.parent / "risk.db-audit").rename(tmp_path / "risk.db-audit")
    assert take_over(f"sqlite:///{tmp_path}/risk.db") == 2
    assert len(caplog.messages) == 1
    assert "the audit waits for its database" in caplog.text
