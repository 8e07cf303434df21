"""Reads without a token, by command line and MCP, are in the same audit as the API's."""

import os
from collections.abc import Sequence
from pathlib import Path
from pwd import getpwuid
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perdura.flows.scheduling.due_pushes import push_flow
from perdura.http_calls import RequestPace
from perdura.risk.api.auditing import Audit
from perdura.risk.integrations.help_desks.caller import Caller
from perdura.risk.integrations.help_desks.intercom import Intercom
from perdura.risk.integrations.help_desks.push_state import read_digests
from perdura.risk.integrations.help_desks.pushing import push
from perdura.risk.night import Night
from perdura.risk.records.audit import insert
from perdura.risk.records.audit_aside import aside, folder_of
from perdura.risk.records.audited_reads import Unaudited, record_read, take_over
from perdura.risk.records.erase import erase, mentions
from perdura.risk.records.erased import record_erasures
from perdura.risk.schema.audit import AUDIT
from perdura.risk.schema.roles import READER
from perdura.risk.store import connect as store
from perdura.risk.store import postgres
from perdura.risk.store.connect import reading, writing
from perdura.risk.store.sqlite import database_file
from tests.risk.integrations.test_mcp import here_at, text
from tests.risk.integrations.test_push import FILLING
from tests.risk.records.test_erase import account
from tests.risk.store.test_roles import as_role
from tests.risk.test_table import MARCH_1, MARCH_2, TWO, put
from tests.support.help_desks import FakeIntercom
from tests.support.out_rows import perdura, serving
from tests.support.schedule_served import environment, run
from tests.support.small_disk import read_only

#: Root may write whatever permissions say, unless this is taken from it.
AS_NO_ROOT = ("setpriv", "--bounding-set=-dac_override") if os.getuid() == 0 else ()
USER = getpwuid(os.getuid()).pw_name
PEOPLE = ["bob", "ann"]


def audit(url: str) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    """Who, what, about whom, and the detail; oldest first."""
    columns = (AUDIT.c.token_name, AUDIT.c.what, AUDIT.c.subscriber_id, AUDIT.c.detail)
    with reading(url) as connection:
        rows = connection.execute(sa.select(*columns).order_by(AUDIT.c.at)).all()
    return [(name, what, who, detail) for name, what, who, detail in rows]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    put(TWO, f"sqlite:///{tmp_path}/home/data/risk.db", MARCH_2)
    return tmp_path / "home"


@pytest.fixture
def url(home: Path) -> str:
    return f"sqlite:///{home}/data/risk.db"


class TestOfTheCommandLine:
    def test_a_list_says_who_read_whom(self, home: Path, url: str):
        assert run(["risk"], environment(home)).returncode == 0
        ((name, what, who, detail),) = audit(url)
        assert (name, what, who) == (f"cli:{USER}", "list", None)
        assert (detail["night"], detail["people"]) == (str(MARCH_2), PEOPLE)

    @pytest.mark.parametrize(
        ("words", "what"),
        [
            (["risk", "--json", "--on", str(MARCH_2)], "list"),
            (["risk", "--offers"], "list"),
            (["risk", "accounts"], "accounts"),
            (["push", "csv", "-"], "export"),
        ],
    )
    def test_every_way_of_reading(self, home: Path, url: str, words: list[str], what: str):
        done = run(words, environment(home))
        assert done.returncode == 0, done.stderr
        assert [(name, w) for name, w, _, _ in audit(url)] == [(f"cli:{USER}", what)]

    def test_who_is_not_who_a_variable_says(self, home: Path, url: str):
        run(["risk"], environment(home) | {"LOGNAME": "eve", "USER": "eve"})
        assert audit(url)[0][0] == f"cli:{USER}"


class TestOfHelpDesks:
    def env(self, address: str) -> dict[str, str]:
        return {"PERDURA_INTERCOM_URL": address, "PERDURA_INTERCOM_TOKEN": "t0ken"}

    def test_a_push_says_who_told_whom_of_which_subscribers(self, home: Path, url: str):
        with serving(FakeIntercom({name: {} for name in PEOPLE})) as desk:
            env = self.env(desk.url)
            perdura("push", "intercom", "--dry-run", home=home, env=env)
            assert audit(url) == []
            perdura("push", "intercom", home=home, env=env)
            found = audit(url)
            perdura("push", "intercom", home=home, env=env)  # nothing changed: nobody is told
        assert audit(url) == found
        assert {entry[:3] for entry in found} == {(f"cli:{USER}", "export", None)}
        (night,) = {detail["night"] for *_, detail in found}
        assert night == str(MARCH_2)
        assert {detail["format"] for *_, detail in found} == {"intercom"}
        assert sorted(who for *_, detail in found for who in detail["people"]) == sorted(PEOPLE)
        assert sum(detail["count"] for *_, detail in found) == len(PEOPLE)

    def test_the_hourly_push_is_in_it_as_the_schedules(self, home: Path, url: str, monkeypatch):
        with serving(FakeIntercom({name: {} for name in PEOPLE})) as desk:
            for name, value in self.env(desk.url).items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("PERDURA_PUSH", '["intercom"]')
            push_flow(home)
        assert {entry[:2] for entry in audit(url)} == {(f"schedule:{USER}", "export")}

    def test_where_the_audit_cannot_be_written_nobody_is_told(self, home: Path, url: str):
        def refuse(_night: Night, _people: Sequence[str]) -> None:
            raise Unaudited("the audit cannot be written")

        fake = FakeIntercom({name: {} for name in PEOPLE})
        with serving(fake) as desk, Caller(desk.url, {}, RequestPace(1e6)) as caller:
            with pytest.raises(Unaudited):
                push(url, FILLING, Intercom(caller), home / "told.jsonl", on_batch=refuse)
            assert desk.calls == []
        assert read_digests(home / "told.jsonl") == {}


class TestOfMcp:
    def test_each_tool_that_names_subscribers(self, url: str):
        for tool in ("who_should_i_call", "who_moved", "freshness"):
            assert not here_at(url, tool).is_error
        here_at(url, "why", subscriber_id="ann")
        found = audit(url)
        assert {name for name, *_ in found} == {f"mcp:{USER}"}
        assert [(what, who) for _, what, who, _ in found] == [
            ("list", None),
            ("moves", None),
            ("subscriber", "ann"),
        ]
        assert sorted(found[0][3]["people"]) == sorted(PEOPLE)

    def test_an_id_that_is_not_there_is_not_named(self, url: str):
        here_at(url, "why", subscriber_id="erased")
        assert audit(url) == []


class TestWhileANightIsPublished:
    def test_a_read_waits_for_nobody_and_is_in_the_audit_afterwards(self, url: str):
        with writing(url):
            begun = monotonic()
            for _ in range(5):
                record_read(url, "cli", "list", people=PEOPLE)
            assert monotonic() - begun < 3
            assert len(aside(database_file(url))) == 5
        record_read(url, "mcp", "list")
        assert len(audit(url)) == 6
        assert aside(database_file(url)) == []

    def test_the_night_takes_over_what_waits(self, url: str):
        with writing(url):
            record_read(url, "cli", "list", people=PEOPLE)
        put(TWO, url, MARCH_1)
        assert len(audit(url)) == 1

    def test_what_was_taken_over_before_a_kill_is_there_once(self, url: str):
        with writing(url):
            record_read(url, "cli", "list", people=PEOPLE)
        ((file, entry),) = aside(database_file(url))
        with writing(url) as connection:
            insert(connection, [entry])  # and killed before the file went
        assert take_over(url) == 1
        assert len(audit(url)) == 1
        assert not file.exists()

    def test_what_is_no_entry_is_set_apart_and_keeps_no_other(self, url: str, caplog):
        with writing(url):
            record_read(url, "cli", "list", people=PEOPLE)
        folder = folder_of(database_file(url))
        for number, content in enumerate((b"", b"{", b"[]", b"\xff", b'{"at": 1}', b"{}")):
            (folder / f"{number}.json").write_bytes(content)
        assert take_over(url) == 1
        assert len(audit(url)) == 1
        assert len(list(folder.glob("*.broken"))) == 6
        assert "is no entry of the audit" in caplog.text

    def test_an_entry_of_another_user_is_left_to_those_who_may(self, url: str, monkeypatch):
        with writing(url):
            record_read(url, "cli", "list", people=PEOPLE)

        def forbidden(*_: Any, **__: Any) -> str:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as patched:
            patched.setattr(Path, "read_text", forbidden)
            record_read(url, "cli", "list")
            assert len(audit(url)) == 1
        assert take_over(url) == 1

    def test_a_server_takes_over_what_waits(self, url: str):
        with writing(url):
            record_read(url, "cli", "list", people=PEOPLE)
        with Audit(url, every=0.05):
            pass
        assert len(audit(url)) == 1

    def test_an_erasure_reaches_what_waits(self, url: str):
        with writing(url):
            record_read(url, "cli", "subscriber", "ann", people=PEOPLE)
        assert mentions(url, [account("ann")])["audit, put aside"] == 1
        erase(url, [account("ann")])
        assert mentions(url, [account("ann")]) == {}
        assert not list(folder_of(database_file(url)).iterdir())
        assert audit(url)[0][2] == "forgotten:c0ffee"

    def test_other_programs_write_it_too(self, home: Path, url: str):
        with writing(url):
            assert run(["risk"], environment(home)).returncode == 0
        assert len(aside(database_file(url))) == 1


class TestWhereTheAuditCannotBeWritten:
    def test_mounted_read_only_it_is_said_that_the_read_is_not_in_it(self, home, tmp_path):
        with read_only(home, tmp_path / "mounted") as mounted:
            done = run(["risk"], environment(mounted))
            refused = here_at(f"sqlite:///{mounted}/data/risk.db", "who_should_i_call")
        assert "ann" in done.stdout
        assert "this read is not in the audit" in done.stderr
        assert "mounted read-only" in text(refused)  # an assistant hears no warning
        assert "ann" not in text(refused)

    def test_without_the_right_nothing_is_shown(self, home: Path):
        (home / "data" / "risk.db").chmod(0o400)
        (home / "data").chmod(0o500)
        done = run(["risk"], environment(home), *AS_NO_ROOT)
        assert done.returncode == 1
        assert "ann" not in done.stdout
        assert "let the user who runs perdura write the folder" in done.stderr
        assert "that a user who may write there serves" in done.stderr


class TestInPostgres:
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        put(TWO, postgres_url, MARCH_2)
        store.init(postgres_url, with_roles=True)
        return postgres_url

    def test_the_reader_adds_to_the_audit_and_can_do_nothing_else_with_it(self, url: str):
        mine = as_role(url, READER)
        assert not here_at(mine, "who_should_i_call").is_error
        assert [(name, what) for name, what, *_ in audit(url)] == [(f"mcp:{USER}", "list")]
        for told in (
            "SELECT * FROM audit",
            "DELETE FROM audit",
            "UPDATE audit SET token_name = 'x'",
            "TRUNCATE audit",
        ):
            refused = pytest.raises(DBAPIError, match="permission denied")
            with refused, postgres.recording(mine) as connection:
                connection.exec_driver_sql(told)
        postgres.close(mine)

    def test_a_role_of_before_is_told_what_to_do_and_the_next_upgrade_does_it(self, url: str):
        mine = as_role(url, READER)
        with writing(url) as connection:
            connection.exec_driver_sql(f"REVOKE INSERT ON audit FROM {READER}")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0006'")
        refused = here_at(mine, "why", subscriber_id="ann")
        assert refused.is_error
        assert "perdura risk init --roles" in text(refused)
        assert "ann" not in text(refused)
        with writing(url):
            pass
        assert not here_at(mine, "why", subscriber_id="ann").is_error
        postgres.close(mine)

    def test_the_owner_names_no_erased_id(self, url: str):
        from datetime import date
        from hashlib import blake2b

        key = b"k" * 16
        hashed = blake2b(b"ann", key=key, digest_size=16).hexdigest()
        with writing(url) as connection:
            record_erasures(connection, key, {hashed: date(2026, 3, 3)})
        record_read(url, "cli", "list", people=PEOPLE)
        assert audit(url)[0][3]["people"] == ["bob", f"forgotten:{hashed}"]

    def test_a_table_that_is_being_changed_is_not_waited_for(self, url: str):
        with writing(url) as connection:
            connection.exec_driver_sql("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE")
            begun = monotonic()
            with pytest.raises(Unaudited, match="try again in a moment"):
                record_read(url, "cli", "list")
            assert monotonic() - begun < 3
