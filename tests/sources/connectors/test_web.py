"""Addresses that are safe to ask, and requests that wait: the rest is tested against a server."""

import pytest

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.connectors.web import Web, safe_host


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://acme.zendesk.com", "acme.zendesk.com"),
        ("https://acme.zendesk.com:8443/api", "acme.zendesk.com:8443"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost", "localhost"),
    ],
)
def test_an_address_is_encrypted_or_on_this_machine(url: str, host: str):
    assert safe_host(url) == host


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://acme.zendesk.com", "is not encrypted; write https://acme.zendesk.com"),
        ("https://me:secret@acme.zendesk.com", "of acme.zendesk.com has a password in it"),
        ("ftp://acme.zendesk.com", "is no address"),
        ("https://", "is no address"),
        ("https://acme\n.com", "is no address"),
        ("https://[::1", "is no address"),
        ("https://acme.com:port", "is no address"),
    ],
)
def test_any_other_address_is_refused_without_its_password(url: str, says: str):
    with pytest.raises(BadConnection, match=says) as refused:
        safe_host(url)
    assert "secret" not in str(refused.value)


def test_each_request_waits_for_its_turn():
    waited: list[float] = []
    pace = RequestPace(30, wait=waited.append)
    for _ in range(3):
        pace.keep()
    assert waited == pytest.approx([2, 4], abs=0.1)


@pytest.mark.parametrize("attempt", [0, 3, 20])
def test_waits_double_up_to_a_minute_and_a_vendors_own_word_goes_before(attempt: int):
    waited: list[float] = []
    pace = RequestPace(1e9, wait=waited.append)
    pace.back_off(attempt, asked=0)
    pace.back_off(attempt, asked=7)
    longest = min(2**attempt, 60)
    assert longest / 2 <= waited[0] <= longest
    assert waited[1] == 7


def test_a_server_that_is_not_there_is_asked_again_and_then_named():
    waited: list[float] = []
    pace = RequestPace(1e9, wait=waited.append)
    with (
        Web("http://127.0.0.1:9", {"authorization": "secret"}, pace, rights="all") as web,
        pytest.raises(
            Unavailable, match=r"127.0.0.1:9 answered ConnectError to /x 8 times"
        ) as error,
    ):
        web.get("/x", {"cursor": "secret"})
    assert len([seconds for seconds in waited if seconds >= 0.5]) == 8
    assert "secret" not in str(error.value)
