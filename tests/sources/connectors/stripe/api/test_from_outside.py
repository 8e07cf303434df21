"""``perdura extract`` of a live account: killed, out of room, and asked to forget."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from perdura.sources.connectors.known import mapping_of
from perdura.sources.landing.full_disk import DiskFull
from perdura.sources.landing.landing import Landing
from tests.flows.cli.test_command_line import perdura
from tests.sources.connectors.stripe.api.test_account import TODAY, VARIABLE, Live, things
from tests.support.replay import served
from tests.support.small_disk import fill, small_disk
from tests.support.stripe_replay import LIVE_KEY, StripeAccount


def test_a_run_that_is_killed_goes_on_and_forgets_whom_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, LIVE_KEY)
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    account = StripeAccount(things("ann", "bob", "cat", "dan", "eve"))
    home, mapping = tmp_path / "home", tmp_path / "mapping.toml"
    there, go_on = Event(), Event()

    def hold(number: int) -> None:
        if number == 11:  # in the middle of the invoices
            there.set()
            go_on.wait(60)

    account.on_request = hold
    with served(account) as url:
        connect = f'[connect.stripe]\nkey = "${VARIABLE}"\nurl = "{url}"\n'
        mapping.write_text(connect + mapping_of("stripe"))
        words = [sys.executable, "-m", "perdura.flows.cli.app", "extract", "--mapping"]
        env = os.environ | {"PERDURA_HOME": str(home)}
        process = subprocess.Popen(
            [*words, str(mapping)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert there.wait(120)
        process.send_signal(signal.SIGKILL)
        process.wait()
        go_on.set()
        account.requests.clear()
        said = perdura("extract", "--mapping", str(mapping), home=home)
        said_again = perdura("extract", "--mapping", str(mapping), home=home)
    assert account.asked("invoices")[0]["starting_after"].startswith("in_")
    landing = Landing(home / "data" / "landing")
    counts = {name: rows.collect().height for name, rows in landing.events().items()}
    assert (counts["subscriptions"], counts["payments"]) == (5, 10)
    for text in (said.stdout, said.stderr, said_again.stdout, said_again.stderr):
        assert LIVE_KEY[8:] not in text
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if LIVE_KEY.encode() in file.read_bytes()]

    forgotten = perdura("forget", "cus_ann", "--yes", home=home)
    assert "fetched/stripe" in forgotten.stdout + forgotten.stderr
    assert "nothing names them" in forgotten.stdout + forgotten.stderr
    kept = b"".join(file.read_bytes() for file in landing.fetched.rglob("*.jsonl"))
    assert b"ann" not in kept
    assert b"cus_bob" in kept


def test_a_full_disk_is_said_to_be_full_and_what_was_fetched_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, LIVE_KEY)
    account = StripeAccount(things("ann", "bob", "cat", "dan", "eve"))
    with small_disk(tmp_path / "disk", 3_000) as disk, served(account) as url:
        business = Live(disk).maps_to(url)
        ballast: list[Path] = []

        def no_room(number: int) -> None:
            if number == 8:
                before = {*disk.rglob("*")}
                fill(disk, 0)
                ballast.extend({*disk.rglob("*")} - before)

        account.on_request = no_room
        with pytest.raises(DiskFull, match="is full; make room there"):
            business.extract(TODAY)
        for file in ballast:
            file.unlink(missing_ok=True)
        account.on_request = lambda _number: None
        account.requests.clear()
        business.extract(TODAY)
        assert account.asked("customers") == []  # they were read to their end
        assert "starting_after" in account.asked("subscriptions")[0]
        assert len(business.events("payments")) == 10
