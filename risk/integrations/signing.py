"""Signatures of webhooks, by which a receiver knows their sender and their time.

They follow Standard Webhooks (https://www.standardwebhooks.com), so that receivers find a library
that verifies them in most languages. This one needs only Python, and may be copied.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

#: A message with a time farther away than this may be an old one that an attacker sends again.
TOLERANCE = timedelta(minutes=5)

_PREFIX, _VERSION = "whsec_", "v1"
_FEWEST_BYTES = 24


class BadSecret(ValueError):
    """The secret is not one."""


class BadSignature(ValueError):
    """The sender has not the secret, the message was changed, or it is not of now."""


def signed(message_id: str, body: bytes, secrets: str, now: datetime) -> dict[str, str]:
    """The headers that go with ``body``: its id, when it is sent, and a signature for each secret.

    Args:
        message_id: The same each time that the same message is sent.
        body: What is signed, byte by byte.
        secrets: One, or while they are being changed two with a space between.
        now: When it is sent.

    Raises:
        BadSecret: Says what a secret looks like.
    """
    timestamp = str(int(now.timestamp()))
    signatures = (_signature(key, message_id, timestamp, body) for key in keys(secrets))
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str,
    now: datetime | None = None,
    tolerance: timedelta = TOLERANCE,
) -> None:
    """Accept a message, or raise. Comparing takes equally long wherever signatures differ.

    Args:
        headers: Those of the request, in small letters or as they came.
        body: As it came, before anything reads it as JSON.
        secrets: As for ``signed``.
        now: When it came; by default, now.
        tolerance: How far its time may be from ``now``, either way.

    Raises:
        BadSignature: The message is not to be believed.
        BadSecret: Says what a secret looks like.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    timestamp = lower.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise BadSignature(f"{TIMESTAMP} is not a number of seconds")
    age = (now or datetime.now(UTC)).timestamp() - int(timestamp)
    if abs(age) > tolerance.total_seconds():
        raise BadSignature(f"{TIMESTAMP} is {age:.0f} seconds ago")
    given = [one.encode() for one in lower.get(SIGNATURE, "").split()]
    right = [_signature(key, lower.get(ID, ""), timestamp, body).encode() for key in keys(secrets)]
    if not any([hmac.compare_digest(one, other) for one in given for other in right]):  # noqa: C419
        raise BadSignature(f"no signature in {SIGNATURE} is of this message with this secret")


def keys(secrets: str) -> list[bytes]:
    """The keys of one secret or several.

    Raises:
        BadSecret: Says what a secret looks like; it does not repeat what was given.
    """
    found = [_key(secret) for secret in secrets.split()]
    if not found or min(map(len, found)) < _FEWEST_BYTES:
        raise BadSecret(
            f"a webhook secret is {_PREFIX} and {_FEWEST_BYTES} or more random bytes in base64; "
            f"make one with: python -c \"import base64, os; print('{_PREFIX}' + "
            'base64.b64encode(os.urandom(32)).decode())"'
        )
    return found


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return b""


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode() + body
    return f"{_VERSION},{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"
