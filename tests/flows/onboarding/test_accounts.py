"""``perdura init`` with the APIs of vendors: a sample decides, and secrets stay where they are."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from perdura.flows.cli.console import output
from perdura.flows.cli.render.source_check import print_check
from perdura.flows.onboarding.accounts import BadAccount, accounts_of
from perdura.flows.onboarding.first_mapping import WhereDataAre, first_mapping
from perdura.flows.onboarding.source_check import SAMPLED, SourceCheck, check_sources
from perdura.flows.settings import Settings
from perdura.sources.connectors.known import mapping_of
from tests.sources.connectors.stripe.api.test_account import things
from tests.support import stripe_replay, zendesk_replay
from tests.support.replay import served

KEY, TOKEN = "STRIPE_KEY_OF_A_TEST", "ZENDESK_TOKEN_OF_A_TEST"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, stripe_replay.LIVE_KEY)
    monkeypatch.setenv(TOKEN, zendesk_replay.TOKEN)


@pytest.mark.parametrize("given", [KEY, f"${KEY}", f"${{{KEY}}}", f" ${KEY} "])
def test_a_variable_is_named_with_and_without_its_sign(given: str):
    assert accounts_of(given, None, None, None) == {"stripe": {"key": f"${KEY}"}}


@pytest.mark.parametrize(
    "given",
    [stripe_replay.LIVE_KEY, zendesk_replay.TOKEN, "NOT_SET_ANYWHERE", "/exports/stripe"],
)
def test_what_may_be_a_secret_is_refused_without_repeating_it(given: str):
    with pytest.raises(BadAccount) as caught:
        accounts_of(given, None, None, None)
    assert given not in str(caught.value)


def test_an_address_and_its_token_go_together():
    url = "https://acme.zendesk.com"
    for given in ((None, url, None, None), (None, None, TOKEN, None)):
        with pytest.raises(BadAccount, match="go together"):
            accounts_of(*given)
    assert accounts_of(None, url, TOKEN, "$ADMIN") == {
        "zendesk": {"url": url, "token": f"${TOKEN}", "email": "$ADMIN"}
    }


def test_two_accounts_meet_by_the_key_that_most_requesters_have(tmp_path: Path):
    names = ("ann", "bob", "cat")
    tickets = {
        "users": [
            {"id": n, "changed": 1_767_690_000, "role": "end-user", "email": f"{name}@example.com"}
            for n, name in enumerate(names, 1)
        ],
        "tickets": [
            {"id": 10 + n, "changed": 1_767_690_000, "requester_id": n, "status": "new",
             "created_at": "2026-01-06T09:00:00Z", "updated_at": "2026-01-06T09:00:00Z"}
            for n in (1, 2, 3)
        ],
    }  # fmt: skip
    with (
        served(stripe_replay.StripeAccount(things(*names))) as stripe,
        served(zendesk_replay.Account(tickets, page_size=100)) as zendesk,
    ):
        accounts = {
            "stripe": {"key": f"${KEY}", "url": stripe},
            "zendesk": {"url": zendesk, "token": f"${TOKEN}", "calls_per_minute": 60000},
        }
        first = first_mapping(WhereDataAre(accounts=accounts), tmp_path, lambda _: None)
    mapping = tomllib.loads(first.text)
    assert mapping["connect"] == accounts
    assert [one["join"][0]["on"] for one in mapping["tickets"]] == [{"requester_email": "email"}]
    assert any("3 of 3 requesters of zendesk are found" in note for note in first.notes)


class TestCheck:
    @pytest.fixture
    def account(self) -> stripe_replay.StripeAccount:
        names = [f"c{number}" for number in range(SAMPLED + 150)]
        return stripe_replay.StripeAccount(things(*names), page_size=100)

    @pytest.fixture
    def mapping(self, account: stripe_replay.StripeAccount, tmp_path: Path) -> Iterator[Path]:
        file = tmp_path / "mapping.toml"
        with served(account) as url:
            connect = f'[connect.stripe]\nkey = "${KEY}"\nurl = "{url}"\ncalls_per_minute = 60000\n'
            file.write_text(connect + mapping_of("stripe"))
            yield file

    def check(self, mapping: Path, *, whole: bool = False) -> SourceCheck:
        return check_sources(mapping, Settings(home=mapping.parent), TOMORROW, whole=whole)

    def test_it_reads_the_first_pages_and_says_that_figures_are_of_a_sample(
        self, account: stripe_replay.StripeAccount, mapping: Path
    ):
        found = self.check(mapping)
        assert f"the first {SAMPLED} subscriptions" in found.sample
        assert f"the first {SAMPLED} invoices" in found.sample
        assert "the first 650 charges" not in found.sample
        assert len(account.asked("subscriptions")) == SAMPLED // 100
        (subscriptions,) = [one for one in found.tables if one.table == "subscriptions"]
        assert subscriptions.subscribers == SAMPLED
        assert found.is_fine, found.findings
        assert any("in the sample" in one.found for one in found.findings)
        shown = StringIO()
        print_check(found, output(shown))
        assert f"Figures are of a sample: the first {SAMPLED} customers, " in shown.getvalue()

    def test_whole_it_reads_all(self, account: stripe_replay.StripeAccount, mapping: Path):
        found = self.check(mapping, whole=True)
        assert found.sample == ()
        (subscriptions,) = [one for one in found.tables if one.table == "subscriptions"]
        assert subscriptions.subscribers == SAMPLED + 150
