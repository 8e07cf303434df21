"""What stands around the app, driven as a server drives it: addresses, bodies, HEAD."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from perdura.risk.api.body_limit import LARGEST, BodyLimit
from perdura.risk.api.head_requests import HeadRequests
from perdura.risk.api.public_address import HOST, PREFIX, PublicAddress

Message = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


def scope(path: str = "/desk", method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {"host": "inside:8000"} | {name.replace("_", "-"): v for name, v in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "scheme": "http",
        "query_string": b"",
        "headers": raw,
        "server": ("inside", 8000),
    }


def answered(app: App, request: dict[str, Any], *bodies: bytes) -> list[Message]:
    """The messages with which it answers a request whose body comes in pieces."""
    pieces = [
        {"type": "http.request", "body": body, "more_body": index < len(bodies) - 1}
        for index, body in enumerate(bodies or (b"",))
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_to_end(app(request, receive, send)))
    return sent


async def _to_end(answering: Awaitable[None]) -> None:
    await answering


class Answering:
    """An app that keeps the scope that it got, reads the body and answers with headers."""

    def __init__(self, *headers: tuple[str, str], pieces: int = 1) -> None:
        self.headers = [(name.encode(), value.encode()) for name, value in headers]
        self.pieces, self.scope, self.body = pieces, {}, b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        more = scope["type"] == "http"
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        for number in range(self.pieces):
            more = number < self.pieces - 1
            await send({"type": "http.response.body", "body": b"x", "more_body": more})


def headers_of(messages: list[Message], name: str) -> list[str]:
    pairs = messages[0]["headers"]
    return [value.decode() for key, value in pairs if key.decode().lower() == name]


@pytest.mark.parametrize(
    ("came", "own"),
    [
        ("/perdura/desk", "/desk"),  # as some proxies pass it on
        ("/desk", "/desk"),  # as others do
        ("/perdura", "/"),
        ("/perdura/", "/"),
        ("/perdurable/desk", "/perdurable/desk"),
        ("/desk/perdura/x", "/desk/perdura/x"),
    ],
)
def test_the_app_knows_its_own_paths_alone(came: str, own: str):
    inner = Answering()
    answered(PublicAddress(inner, "https://support.example/perdura/"), scope(came))
    assert (inner.scope["path"], inner.scope["raw_path"]) == (own, own.encode())
    assert (inner.scope["scheme"], inner.scope[HOST]) == ("https", "support.example")
    assert inner.scope[PREFIX] == "/perdura"


@pytest.mark.parametrize(
    ("location", "outside"),
    [
        ("/desk", "/perdura/desk"),
        ("/desk/sign-in?to=%2Fdesk#x", "/perdura/desk/sign-in?to=%2Fdesk#x"),
        ("http://inside:8000/desk", "/perdura/desk"),
        ("https://elsewhere.example/desk", "https://elsewhere.example/desk"),
        ("subscriber?id=a", "subscriber?id=a"),
    ],
)
def test_an_address_of_ours_gets_the_path_of_the_proxy(location: str, outside: str):
    inner = Answering(("location", location))
    messages = answered(PublicAddress(inner, "https://support.example/perdura"), scope())
    assert headers_of(messages, "location") == [outside]


def test_cookies_are_sent_back_below_the_path_of_the_proxy_alone():
    cookies = [("set-cookie", "a=1; Path=/desk; HttpOnly"), ("set-cookie", "b=2; Path=/")]
    messages = answered(
        PublicAddress(Answering(*cookies), "https://support.example/perdura"), scope()
    )
    assert headers_of(messages, "set-cookie") == [
        "a=1; Path=/perdura/desk; HttpOnly",
        "b=2; Path=/perdura/",
    ]
    messages = answered(PublicAddress(Answering(*cookies), "https://support.example"), scope())
    assert headers_of(messages, "set-cookie") == [cookie for _, cookie in cookies]


@pytest.mark.parametrize("length", [LARGEST + 1, 10**30])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(length: int):
    inner = Answering()
    start, body = answered(BodyLimit(inner), scope(method="POST", content_length=str(length)))
    assert start["status"] == 413
    assert f"a body of {length:,} bytes; send at most 1,000,000" in body["body"].decode()
    assert inner.scope == {}


@pytest.mark.parametrize("length", ["", "-1", "many", "1e9", "٣"])
def test_a_length_that_is_none_is_counted_as_the_body_comes(length: str):
    inner = Answering()
    answered(BodyLimit(inner), scope(method="POST", content_length=length), b"ab", b"c")
    assert inner.body == b"abc"


def test_a_body_without_a_length_is_refused_once_it_is_too_large():
    inner = Answering()
    request = scope(method="POST")
    answered(BodyLimit(inner), request, b"x" * (LARGEST - 1), b"x")
    assert len(inner.body) == LARGEST
    with pytest.raises(HTTPException, match="more than 1,000,000 bytes") as refused:
        answered(BodyLimit(Answering()), request, b"x" * LARGEST, b"x")
    assert refused.value.status_code == 413


@pytest.mark.parametrize("pieces", [1, 3])
def test_head_is_answered_as_get_without_a_body(pieces: int):
    inner = Answering(("etag", "x"), pieces=pieces)
    messages = answered(HeadRequests(inner), scope(method="HEAD"))
    assert inner.scope["method"] == "GET"
    assert headers_of(messages, "etag") == ["x"]
    assert [message.get("body") for message in messages] == [None, b""]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_methods_are_answered_as_they_were(method: str):
    inner = Answering(pieces=2)
    messages = answered(HeadRequests(inner), scope(method=method))
    assert inner.scope["method"] == method
    assert [message.get("body") for message in messages] == [None, b"x", b"x"]


def test_an_error_before_the_headers_of_head_is_an_error():
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        answered(HeadRequests(failing), scope(method="HEAD"))


@pytest.mark.parametrize(
    "around", [BodyLimit, HeadRequests, lambda app: PublicAddress(app, "https://x/y")]
)
def test_what_is_no_request_passes_through(around: Callable[[App], App]):
    inner = Answering()
    asyncio.run(_to_end(around(inner)({"type": "lifespan"}, _nothing, _nothing)))
    assert inner.scope == {"type": "lifespan"}


async def _nothing(*_: Any) -> None:
    return None
