"""Stripe through its API: one account and its key in, a folder of JSON lines out."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.connector import BadConnection, Unavailable
from perdura.sources.connectors.stripe.api.fetch import Fetched, Lists
from perdura.sources.connectors.stripe.api.lists import VERSION
from perdura.sources.connectors.stripe.api.narrowed import Narrowing
from perdura.sources.connectors.stripe.api.store import StripeStore
from perdura.sources.connectors.web import Refused, Web

URL = "https://api.stripe.com"
#: Stripe lets 100 requests a second through in live mode; one after the other takes longer.
CALLS_PER_MINUTE = 1500.0
_CLOCKS_APART = timedelta(minutes=5)
_ACCOUNT = "/v1/account"
_KEY = re.compile(r"(?P<kind>[a-z]+)_(?P<mode>live|test)_\w+")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an account.

    Attributes:
        secret: The key itself; never in a message.
        livemode: Whether it reads live objects.
        is_restricted: Whether it may do no more than it was allowed to.
    """

    secret: str = field(repr=False)
    livemode: bool
    is_restricted: bool


def read_key(connection: Connection, option: str, *, test_mode: bool) -> Key:
    """The key that an option names.

    Raises:
        BadConnection: It is no key of Stripe's, or is of test mode, and that is not allowed.
    """
    secret, where = connection.secret("key", option), f"{connection.location}: key"
    found = _KEY.fullmatch(secret)
    if found is None or found["kind"] not in ("rk", "sk"):
        raise BadConnection(
            f"{where} ({option}) is no key that reads from Stripe: those begin with rk_live_ "
            "(restricted) or sk_live_; make a restricted key with read permissions in Stripe's "
            "dashboard, under API keys"
        )
    if found["mode"] == "test" and not test_mode:
        raise BadConnection(
            f"{where} ({option}) is of test mode, whose customers nobody is; give a live key, or "
            "to try it out write test_mode = true"
        )
    return Key(secret, found["mode"] == "live", found["kind"] == "rk")


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """An account behind the API.

    Attributes:
        connection: Its section.
        key: Its key.
        url: Where the API is.
        test_mode: Whether objects of test mode are taken for live ones.
        metadata: The keys of metadata that are kept.
        pace: How often the API is asked.
    """

    connection: Connection
    key: Key
    url: str
    test_mode: bool
    metadata: tuple[str, ...]
    pace: RequestPace

    def fetch(self, kinds: Collection[str]) -> Fetched:
        """Read what the account has of some kinds into the connection's store.

        Raises:
            BadConnection: The store is another account's.
            Unavailable: It cannot be read to its end. What was read is kept.
        """
        headers = {"authorization": f"Bearer {self.key.secret}", "stripe-version": VERSION}
        with Web(self.url, headers, self.pace, rights="read permissions") as web:
            try:
                return self._fetch(web, kinds)
            except Refused as refused:
                if refused.status != 401:
                    raise
                said = refused.error.get("code") or refused.error.get("message")
                fault = "is not known to Stripe: it was deleted or rolled"
                if "expired" in str(said).lower():
                    fault = "has expired"
                raise Unavailable(
                    f"the key of [connect.{self.connection.name}] {fault} (401); make a new one in "
                    "Stripe's dashboard, under API keys, and set it in the environment"
                ) from None

    def _fetch(self, web: Web, kinds: Collection[str]) -> Fetched:
        account = _account(web)
        _compare_clocks(web)
        try:
            store = StripeStore(self.connection.store, account, livemode=self.key.livemode)
        except BadConnection as error:
            raise BadConnection(f"{self.connection.location}: {error}") from None
        narrowing = Narrowing(
            frozenset(self.metadata),
            with_email="customers" in self.connection.wanted,
            test_mode=self.test_mode,
            are_forgotten=(self.connection.is_forgotten, store.is_forgotten),
        )

        def on_objects(kind: str, count: int) -> None:
            name = kind.replace("_", " ")
            self.connection.on_progress(f"fetching {self.connection.name}: {count:,} {name}")

        fetched = Lists(web, store, narrowing, on_objects, self.connection.sample).fetch(kinds)
        if not self.key.is_restricted:
            fetched.notes.append(
                "the key is a secret key, which may change the account; a restricted key with "
                "read permissions is enough"
            )
        if self.test_mode:
            fetched.notes.append("objects of test mode count as live ones (test_mode = true)")
        return fetched


def _account(web: Web) -> str:
    """The account of the key. Where the key may not read it, the refusal names it."""
    try:
        named = web.get(_ACCOUNT, {}).get("id")
    except Refused as refused:
        if refused.status != 403:
            raise
        named = str(refused.error.get("message"))
    found = re.search(r"\bacct_\w+", str(named))
    if found is None:
        raise Unavailable(
            f"Stripe does not say whose account it is ({_ACCOUNT}), and two might be mixed; give "
            "the key the permission to read it, under Connect or Accounts, and extract again"
        )
    return found[0]


def _compare_clocks(web: Web) -> None:
    """Refuse where this machine's clock is not Stripe's: what was known when would be wrong."""
    now = datetime.now(UTC)
    if web.server_time and abs(web.server_time - now) > _CLOCKS_APART:
        raise Unavailable(
            f"by Stripe's clock it is {web.server_time:%Y-%m-%d %H:%M:%S} UTC, and by this "
            f"machine's {now:%Y-%m-%d %H:%M:%S} UTC: what was known when would be wrong; set the "
            "machine's clock (NTP) and extract again"
        )
