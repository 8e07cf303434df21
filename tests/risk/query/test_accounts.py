"""Risk by account, in lists, the API and the command: what is added up, of whom, in which order."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from perdura.risk.query.accounts import account_of, accounts, has_accounts, risks_by_account
from perdura.risk.query.cursors import BadCursor, NightChanged, cursor
from perdura.risk.query.filters import Filters
from perdura.risk.query.list_query import ListQuery, Sort
from perdura.risk.query.pages import current
from perdura.risk.query.queries import published_night
from perdura.risk.records.erase import erase, mentions
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.store import connect as store
from perdura.risk.store.connect import reading, writing
from perdura.risk.table import riskiest
from tests.flows.cli.test_command_line import perdura
from tests.risk.records.test_erase import account as erased_account
from tests.risk.store.test_migrations import differences
from tests.risk.test_table import MARCH_1, MARCH_2, put, score, scores
from tests.support.api_served import asking, module_store

TODAY = datetime.now(UTC).date()
PEOPLE = (
    score("ann", 0.50, mrr=1000, account="acme"),
    score("bob", 0.20, mrr=500, account="acme", plan="pro"),
    score("cid", 0.90, mrr=9000, account="acme", held_out=True),
    score("dee", 0.60, mrr=900, account="ajax"),
    score("eve", 0.05, mrr=None, account="zeta & co", currency=None),
    score("fay", 0.10, mrr=100_000),
)


def shown(url: str, sort: Sort = "worth", **wanted: Any) -> str:
    list_query = ListQuery(filters=Filters(held_out=False, **wanted), sort=sort)
    with reading(url) as connection:
        page = accounts(connection, list_query)
    return " ".join(each.account for each in page.accounts)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with module_store(request, tmp_path_factory) as url:
        put(scores(*PEOPLE), url, TODAY)
        yield url


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with asking(url, "read", "admin", per_second=10_000, burst=10_000) as client:
        yield client


def entries(api: httpx.Client) -> list[dict[str, object]]:
    rows = api.get("/v1/audit", params={"subscriber_id": "dee"}).json()["rows"]
    return [row["detail"] for row in rows]


class TestSums:
    def test_risks_of_an_account_add_up_without_the_control_group(self, url):
        with reading(url) as connection:
            acme = account_of(connection, "acme", Filters(held_out=False))
        assert acme is not None
        assert (acme.subscribers, acme.riskiest, acme.risk, acme.band) == (2, "ann", 0.5, "high")
        assert (acme.expected_leavers, acme.any_leaves) == pytest.approx((0.7, 0.6))
        assert (acme.mrr, acme.expected_loss) == ({"EUR": 1500}, {"EUR": 600})

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, "acme ajax zeta & co"),
            ({"sort": "risk"}, "ajax acme zeta & co"),
            ({"sort": "id", "prefix": "a"}, "acme ajax"),
            ({"band": ("low",)}, "zeta & co"),
            ({"plan": ("pro",)}, "acme"),
            ({"currency": "EUR", "minimum": 550}, "acme"),
            ({"account": ("ajax",)}, "ajax"),
        ],
    )
    def test_filters_and_orders(self, url, wanted, found):
        assert shown(url, **wanted) == found

    def test_only_subscribers_that_fit_are_added_up(self, url):
        with reading(url) as connection:
            acme = account_of(connection, "acme", Filters(plan=["pro"]))
            control = account_of(connection, "acme", Filters(held_out=True))
            assert account_of(connection, "acme", Filters(plan=["none"])) is None
        assert acme is not None
        assert control is not None
        assert (acme.subscribers, acme.expected_loss) == (1, {"EUR": 100})
        assert (control.subscribers, control.riskiest) == (1, "cid")

    def test_amounts_of_currencies_stay_apart_and_are_compared_with_what_is_usual(self, store_url):
        rows = [score("a", 0.5, mrr=100_000, currency="JPY", account="in yen"),
                score("b", 0.5, mrr=1_000, account="in both"),
                score("c", 0.2, mrr=100_000, currency="JPY", account="in both"),
                score("d", 0.4, mrr=1_000, account="in euros")]  # fmt: skip
        put(scores(*rows), store_url, MARCH_1)
        assert shown(store_url) == "in both in yen in euros"
        with reading(store_url) as connection:
            both = account_of(connection, "in both", Filters())
        assert both is not None
        assert both.expected_loss == {"EUR": 500, "JPY": 20_000}

    def test_who_has_left_since_is_not_added_up(self, store_url):
        put(scores(*PEOPLE), store_url, MARCH_1)
        noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
        gone = {"subscriber_id": "ann", "state": "gone", "since": noon, "as_of": noon}
        with writing(store_url) as connection:
            connection.execute(sa.insert(STATES).values(gone))
        with reading(store_url) as connection:
            acme = account_of(connection, "acme", Filters(held_out=False))
        assert acme is not None
        assert acme.riskiest == "bob"

    @pytest.mark.parametrize("sort", ["worth", "risk", "id"])
    @pytest.mark.parametrize("size", [1, 3])
    def test_pages_put_together_are_the_list(self, store_url, sort, size):
        rows = [score(f"s{n}", n % 3 / 4, account=f"a{n % 7}") for n in range(21)]
        put(scores(*rows), store_url, MARCH_1)
        whole, after, paged = shown(store_url, sort=sort), None, []
        with reading(store_url) as connection:
            while True:
                page = accounts(
                    connection,
                    ListQuery(filters=Filters(held_out=False), sort=sort, size=size, after=after),
                )
                paged += [each.account for each in page.accounts]
                if (after := page.after) is None:
                    break
        assert " ".join(paged) == whole
        assert len(paged) == 7

    def test_a_cursor_of_another_list_or_night_is_refused(self, store_url):
        put(scores(*PEOPLE), store_url, MARCH_1)
        with reading(store_url) as connection:
            after = accounts(connection, ListQuery(size=1)).after
            night = published_night(connection)
            made_up = cursor(night, ("accounts", *ListQuery(size=1).question), (None, "acme"))
            for wrong in (ListQuery(size=1, sort="risk", after=after), ListQuery(after=made_up)):
                with pytest.raises(BadCursor):
                    accounts(connection, wrong)
            with pytest.raises(BadCursor):
                current(connection, ListQuery(after=after))
        put(scores(*PEOPLE), store_url, MARCH_2)
        with reading(store_url) as connection, pytest.raises(NightChanged):
            accounts(connection, ListQuery(size=1, after=after))


class TestTheListOfSubscribers:
    @pytest.mark.parametrize("sort", ["worth", "risk", "id"])
    def test_an_account_filters_it_whatever_the_rank(self, store_url, sort):
        put(scores(*PEOPLE), store_url, MARCH_1)
        with writing(store_url) as connection:  # as in a night of millions
            low = sa.update(RISK).where(RISK.c.subscriber_id == "bob")
            connection.execute(low.values(rank=900_000, call_rank=900_000))
        with reading(store_url) as connection:
            page = current(
                connection, ListQuery(filters=Filters(account=["acme"], held_out=False), sort=sort)
            )
            assert {row["subscriber_id"] for row in page.rows} == {"ann", "bob"}
            assert {row["account"] for row in page.rows} == {"acme"}


class TestTheApi:
    def test_accounts_are_listed_with_sums_and_freshness(self, api):
        told = api.get("/v1/accounts").json()
        assert [row["account"] for row in told["rows"]] == ["acme", "ajax", "zeta & co"]
        acme = told["rows"][0]
        assert (acme["mrr"], acme["expected_loss"], acme["band"]) == (
            {"EUR": 1500},
            {"EUR": 600},
            "high",
        )
        assert (told["rows"][2]["mrr"], told["next"]) == ({}, None)
        assert told["freshness"]["as_of"] == f"{TODAY}T00:00:00Z"

    def test_pages_follow_their_cursors(self, api):
        first = api.get("/v1/accounts", params={"size": 2}).json()
        second = api.get("/v1/accounts", params={"size": 2, "cursor": first["next"]}).json()
        assert [row["account"] for row in first["rows"] + second["rows"]] == [
            "acme",
            "ajax",
            "zeta & co",
        ]
        wrong = api.get("/v1/accounts", params={"size": 2, "sort": "id", "cursor": first["next"]})
        assert wrong.status_code == 400

    def test_the_control_group_is_counted_only_where_it_is_asked_for(self, api):
        for asked in ({}, {"held_out": False}, {"sort": "risk"}):
            rows = api.get("/v1/accounts", params=asked).json()["rows"]
            assert {row["account"]: row["subscribers"] for row in rows}["acme"] == 2
        (acme,) = api.get("/v1/accounts", params={"held_out": True}).json()["rows"]
        assert (acme["account"], acme["riskiest"]) == ("acme", "cid")

    def test_subscribers_of_an_account(self, api):
        rows = api.get("/v1/current", params={"account": "acme"}).json()["rows"]
        assert [(row["subscriber_id"], row["account"]) for row in rows] == [
            ("ann", "acme"),
            ("bob", "acme"),
        ]
        assert api.get("/v1/subscribers/fay").json()["now"]["account"] is None

    def test_who_read_them_is_in_the_audit(self, api):
        api.get("/v1/accounts", params={"prefix": "aj"})
        until = monotonic() + 20
        while not (found := [told for told in entries(api) if told.get("accounts") == ["ajax"]]):
            assert monotonic() < until
            sleep(0.05)  # it is written soon after the answer
        assert found[0]["people"] == ["dee"]


class TestNightsOfBefore:
    def test_they_have_no_accounts_and_are_read(self, store_url):
        put(scores(score("ann", 0.5)), store_url, MARCH_1)
        with reading(store_url) as connection:
            assert not has_accounts(connection)
            assert accounts(connection, ListQuery()).accounts == ()
        found = risks_by_account(store_url, 10)
        assert (found.accounts, found.without) == ((), 1)

    def test_an_older_store_gets_the_column_and_keeps_its_nights(self, store_url):
        put(scores(score("ann", 0.5), score("bob", 0.2)), store_url, MARCH_1)
        with writing(store_url) as connection:
            for view in ("risk_current", "risk_moves", "risk_history"):
                connection.exec_driver_sql(f"DROP VIEW {view}")
            connection.exec_driver_sql("DROP INDEX by_account")
            connection.exec_driver_sql("ALTER TABLE risk DROP COLUMN account")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0007'")
        store.close(store_url)
        assert risks_by_account(store_url, 10).without == 2  # by whoever only reads
        put(scores(*PEOPLE), store_url, MARCH_2)
        assert differences(store_url) == []
        assert shown(store_url) == "acme ajax zeta & co"
        assert [row["account"] for row in riskiest(store_url, 2, scored_on=MARCH_1)] == [None] * 2


class TestErasure:
    def test_it_reaches_accounts_and_their_sums(self, store_url):
        rows = (*PEOPLE, score("x", 0.4, account="dee"), score("y", 0.3, account="team of dee"))
        put(scores(*rows), store_url, MARCH_1)
        with reading(store_url) as connection:
            before = connection.scalar(sa.select(NIGHTS.c.fingerprint))
        erase(store_url, [erased_account("dee")])
        assert mentions(store_url, [erased_account("dee")]) == {}
        named = shown(store_url).split("zeta")[0]
        assert "ajax" not in named
        assert "forgotten:c0ffee" in named
        with reading(store_url) as connection:
            assert connection.scalar(sa.select(NIGHTS.c.fingerprint)) != before


class TestTheCommand:
    def test_it_adds_up_any_night_as_the_lists_do(self, store_url):
        put(scores(*PEOPLE), store_url, MARCH_1)
        put(scores(*PEOPLE[3:]), store_url, MARCH_2)
        newest, before = (
            risks_by_account(store_url, 1),
            risks_by_account(store_url, 1, scored_on=MARCH_1),
        )
        assert [each.account for each in newest.accounts] == ["ajax"]
        assert (newest.without, newest.control) == (1, 0)
        (acme,) = before.accounts
        assert (acme.account, acme.expected_loss) == ("acme", {"EUR": 600})
        assert (before.without, before.control) == (1, 1)

    def test_it_prints_them(self, tmp_path):
        (tmp_path / "data").mkdir()
        put(scores(*PEOPLE), f"sqlite:///{tmp_path}/data/risk.db", MARCH_1)
        told = json.loads(perdura("risk", "accounts", "--json", home=tmp_path).stdout)
        assert [each["account"] for each in told["accounts"]] == ["acme", "ajax", "zeta & co"]
        assert told["subscribers_in_control_group"] == 1
        printed = perdura("risk", "accounts", "--top", "1", home=tmp_path).stdout
        assert "acme" in printed
        assert "ajax" not in printed
        assert "1 subscriber of the control group is not counted" in printed
