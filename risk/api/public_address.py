"""The address that people use, where a proxy stands before the server, under a path of its own.

The app itself knows only its own paths (``/desk``, ``/v1``). What it sends out, addresses of other
pages and paths of cookies, gets the proxy's path before it, and what comes in loses it, whether the
proxy passes it on or not.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Keys of an ASGI scope: the path before ours, and the host that browsers name.
PREFIX, HOST = "perdura.prefix", "perdura.host"


class PublicAddress:
    """Serves as if at ``url``, e.g. ``https://support.example/perdura``."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self.app, parts = app, urlsplit(url)
        self._scheme, self._host, self._prefix = parts.scheme, parts.netloc, parts.path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the addresses that browsers know."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        inner = {**scope, "scheme": self._scheme, PREFIX: self._prefix, HOST: self._host}
        inner["path"] = self._own(scope["path"])
        if raw := scope.get("raw_path"):
            inner["raw_path"] = self._own(raw.decode("latin-1")).encode("latin-1")

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if (location := headers.get("location")) is not None:
                    headers["location"] = self._outer(location, scope)
                cookies = headers.getlist("set-cookie")
                if cookies and self._prefix:
                    del headers["set-cookie"]
                    ours = f"Path={self._prefix}/"
                    for cookie in cookies:
                        headers.append("set-cookie", cookie.replace("Path=/", ours, 1))
            await send(message)

        await self.app(inner, receive, outward)

    def _own(self, path: str) -> str:
        """The path without the prefix, if the proxy passes that on."""
        inside = path == self._prefix or path.startswith(f"{self._prefix}/")
        return path[len(self._prefix) :] or "/" if inside else path

    def _outer(self, location: str, scope: Scope) -> str:
        """An address of ours with the prefix; others as they are."""
        parts = urlsplit(location)
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if parts.netloc and parts.netloc not in hosts:
            return location
        if not parts.path.startswith("/"):
            return location
        return parts._replace(scheme="", netloc="", path=self._prefix + parts.path).geturl()
