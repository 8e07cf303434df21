"""The server's socket."""

import socket

from perdura.flows.cli.commands.serve import listen


def test_the_body_of_an_answer_does_not_wait_for_the_header_to_be_acknowledged():
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
