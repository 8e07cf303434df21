"""A small server that speaks S3 as far as reading goes: listing, heads, and ranges of objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class ObjectStore:
    """Objects by bucket and name, served at ``url`` to the holder of ``key``.

    Attributes:
        objects: Content by ``bucket/name``.
        requests: Paths that were asked for.
        url: Where it answers.
        key: Who may read.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.url = ""
        self.key = "reader"

    def environment(self, secret: str = "a-secret") -> dict[str, str]:  # noqa: S107
        """The variables by which clients find it."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
        }


@contextmanager
def served() -> Iterator[ObjectStore]:
    """An object store on this machine, until the end."""
    store = ObjectStore()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": store}))
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    store: ObjectStore
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.store.requests.append(self.path)
        if f"Credential={self.store.key}/" not in self.headers.get("Authorization", ""):
            self._answer(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
        elif "list-type" in parse_qs(parts.query):
            bucket, prefix = (
                unquote(parts.path).strip("/"),
                parse_qs(parts.query).get("prefix", [""])[0],
            )
            self._answer(200, _listing(self.store, bucket, prefix))
        else:
            self._object(unquote(parts.path).lstrip("/"))

    def _object(self, name: str) -> None:
        content = self.store.objects.get(name)
        if content is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        if ranged := self.headers.get("Range"):
            start, end = _ends(ranged, len(content))
            place = f"bytes {start}-{end}/{len(content)}"
            self._answer(206, content[start : end + 1], {"Content-Range": place})
        else:
            self._answer(200, content)

    def _answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Length": str(len(body)),
            "ETag": '"1"',
            "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
            "Accept-Ranges": "bytes",
        }
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def _ends(ranged: str, size: int) -> tuple[int, int]:
    """The first and the last byte of a range."""
    first, _, last = ranged.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last or size), size - 1)


def _listing(store: ObjectStore, bucket: str, prefix: str) -> bytes:
    start = f"{bucket}/"
    rows = "".join(
        f"<Contents><Key>{escape(name.removeprefix(start))}</Key><Size>{len(content)}</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>1</ETag></Contents>"
        for name, content in sorted(store.objects.items())
        if name.startswith(start + prefix)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>'
        f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
        f"<IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    ).encode()
