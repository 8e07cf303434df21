"""The server's socket."""

import socket
from pathlib import Path

from perdura.flows.cli.commands.serve import listen, made_token
from perdura.risk.records.tokens import create, listed
from perdura.risk.store.connect import reading, writing
from tests.risk.test_table import MARCH_2, TWO, put


def test_the_body_of_an_answer_does_not_wait_for_the_header_to_be_acknowledged():
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_token_of_a_server_has_no_phrase_in_its_name_and_older_ones_go(tmp_path: Path):
    """Contacts are shown "by" that name, in English and in Spanish."""
    url, here = f"sqlite:///{tmp_path}/risk.db", socket.gethostname()
    put(TWO, url, MARCH_2)
    with writing(url) as connection:
        create(connection, f"serve on {here} at 127.0.0.1:9", ["read"])  # of a killed 0.1
    with made_token(url, "127.0.0.1:8", wanted=True), reading(url) as connection:
        names = {known.name for known in listed(connection) if known.revoked_at is None}
    assert names == {f"perdura serve {here} 127.0.0.1:8"}
