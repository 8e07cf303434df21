"""Dated attributes of subscribers: mapped, measured as last known values, added up by account."""

import json

import polars as pl
import pytest

from features import reference
from features.attributes import attribute_features, attributes_in
from features.build import build_features
from features.catalogue import column_named, to_measure
from features.words import say
from flows.attributes import UnknownAttribute, learnt_attributes
from flows.settings import Settings
from risk.accounts import risks_by_account
from risk.table import publish
from sources.accounts import accounts_at
from sources.intake.mapping import BadMapping
from sources.landing import read_events
from tests.small_sources import Business
from tests.small_sources import at as day
from tests.tables import at, events, spine
from tests.test_command_line import perdura


def told(name, value, happened_at, who="ann", **more):
    own = {"subscriber_id": who, "name": name, "value": value, "kind": "set"}
    return own | {"happened_at": happened_at} | more


class TestFeatures:
    def measured(self, as_of, *rows):
        tables, asked = events(subscribers=list(rows)), spine(("ann", as_of))
        features = attribute_features(["segment", "channel"])
        built = build_features(tables, features, asked)
        assert built.equals(reference.build_features(tables, features, asked))
        return built.row(0, named=True)

    def test_the_last_known_value_counts_at_its_time(self):
        rows = [told("segment", "small", "2026-01-01"), told("segment", "large", "2026-02-01")]
        rows.append(told("channel", "web", "2026-01-15"))
        for as_of, segment, channel in [
            ("2026-01-01", None, None),
            ("2026-01-20", "small", "web"),
            ("2026-02-02", "large", "web"),
        ]:
            row = self.measured(as_of, *rows)
            assert (row["attribute_segment"], row["attribute_channel"]) == (segment, channel)

    def test_a_value_that_became_known_late_was_unknown(self):
        row = told("segment", "large", "2026-01-05", known_at="2026-03-01")
        early = told("segment", "small", "2026-01-01")
        assert self.measured("2026-02-01", row, early)["attribute_segment"] == "small"
        assert self.measured("2026-03-02", row, early)["attribute_segment"] == "large"

    def test_a_corrected_value_counts_once_it_is_known(self):
        rows = [told("segment", "z", "2026-01-01")]
        rows.append(told("segment", "a", "2026-01-01", known_at="2026-02-01"))
        assert self.measured("2026-02-01", *rows)["attribute_segment"] == "z"
        assert self.measured("2026-02-02", *rows)["attribute_segment"] == "a"

    def test_a_merged_account_brings_its_attributes(self):
        merged = {"subscriber_id": "old", "merged_into": "ann", "kind": "merged",
                  "happened_at": "2026-02-01"}  # fmt: skip
        row = told("segment", "small", "2026-01-01", who="old")
        tables = events(subscribers=[row], merges=[merged])
        found = build_features(
            tables, attribute_features(["segment"]), spine(("ann", "2026-03-01"))
        )
        assert found["attribute_segment"].to_list() == ["small"]

    def test_they_follow_the_catalogue_and_have_words(self):
        names = [feature.name for feature in to_measure(contacts=False, attributes=["b", "a"])]
        assert names[-2:] == ["attribute_a", "attribute_b"]
        assert attributes_in(names) == ("a", "b")
        column = column_named("attribute_sales_channel")
        assert column is not None
        assert say(column, "web", "en", None) == "the sales channel is web"

    def test_a_name_that_is_no_column_is_refused(self):
        with pytest.raises(ValueError, match="letters, digits"):
            attribute_features(["it's"])


class TestLearnt:
    def learnt(self, tmp_path, *rows, **settings):
        return learnt_attributes(
            Settings(home=tmp_path, **settings), events(subscribers=list(rows)), at("2026-03-01")
        )

    def test_all_that_have_some_values_but_the_account(self, tmp_path):
        rows = [
            told(name, value, "2026-01-01", who=value)
            for name, values in {
                "segment": ["small", "large"],
                "account": ["acme", "ajax"],
                "one": ["same"],
                "email": [f"{n}@example.com" for n in range(101)],
                "not a name": ["a", "b"],
            }.items()
            for value in values
        ]
        late = [told("late", value, "2026-03-01", who=value) for value in "ab"]
        assert self.learnt(tmp_path, *rows, *late) == ("segment",)
        assert self.learnt(tmp_path, *rows, attributes=("account",)) == ("account",)
        assert self.learnt(tmp_path, *rows, attributes=()) == ()

    def test_one_that_nobody_has_is_refused_with_the_nearest(self, tmp_path):
        with pytest.raises(UnknownAttribute, match=r"did you mean segment\?"):
            self.learnt(tmp_path, told("segment", "a", "2026-01-01"), attributes=("segmnt",))


MAPPING = """
    [subscribers]
    file = "customers.csv"
    subscriber_id = "id"
    happened_at = "since"
    attributes = %s
"""


class TestMapped:
    @pytest.mark.parametrize(
        ("attributes", "name"),
        [('["segment", "the company"]', "the company"),
         ('{ segment = "LOWER(segment)", account = "the company" }', "account")],
    )  # fmt: skip
    def test_each_column_is_an_attribute(self, tmp_path, attributes, name):
        business = Business(tmp_path).maps(MAPPING % attributes)
        head = "id,segment,the company,since\n"
        business.write("customers.csv", head + "ann,small,acme,2026-01-03\nbea,large,,2026-01-04\n")
        business.extract(day(5))
        found = business.events("subscribers", ("subscriber_id", "kind", "name", "value"))
        assert sorted(found, key=str) == sorted(
            [
                ("ann", "set", name, "acme"),
                ("ann", "set", "segment", "small"),
                ("bea", "set", name, None),
                ("bea", "set", "segment", "large"),
            ],
            key=str,
        )

    def test_a_value_that_changes_in_place_counts_from_then(self, tmp_path):
        business = Business(tmp_path).maps(MAPPING % '["account"]')
        for number, account in ((5, "acme"), (6, "ajax"), (7, "acme")):
            business.write("customers.csv", f"id,account,since\nann,{account},2026-01-03\n")
            business.extract(day(number))
        told = read_events(business.landing)
        found = [accounts_at(told, day(number))["account"].to_list() for number in (5, 6, 7)]
        assert found == [["acme"], ["ajax"], ["acme"]]

    def test_elsewhere_there_are_no_attributes(self, tmp_path):
        wrong = (MAPPING % '["a"]').replace("subscribers]", "tickets]")
        with pytest.raises(BadMapping, match=r"attributes = \[\.\.\.\] is for \[subscribers\]"):
            Business(tmp_path).maps(wrong).extract()


class TestAccounts:
    def publish(self, url):
        rows = pl.DataFrame(
            {
                "subscriber_id": ["ann", "bea", "eve", "zoe"],
                "risk": [0.5, 0.2, 0.6, 0.1],
                "risk_voluntary": [0.5, 0.2, 0.6, 0.1],
                "mrr": [1000, 500, 900, 100],
                "currency": ["EUR", "JPY", "EUR", "EUR"],
                "reasons": [[]] * 4,
            }
        ).with_columns(
            state=pl.lit("active"),
            risk_payment=0.0,
            action=pl.lit("call"),
            action_text=pl.lit("Call"),
        )
        publish(rows, url, scored_on=day(10).date(), model_version="1")

    def test_risks_add_up_and_amounts_stay_in_their_currency(self, tmp_path):
        url = f"sqlite:///{tmp_path}/risk.db"
        self.publish(url)
        found = risks_by_account(url, lambda _: {"ann": "acme", "bea": "acme", "eve": "ajax"})
        assert [one.account for one in found.accounts] == ["acme", "ajax"]
        acme = found.accounts[0]
        assert (acme.subscribers, acme.riskiest, acme.risk) == (2, "ann", 0.5)
        assert (acme.expected_leavers, acme.any_leaves) == pytest.approx((0.7, 0.6))
        assert (acme.mrr, acme.expected_loss) == (
            {"EUR": 1000, "JPY": 500},
            {"EUR": 500, "JPY": 100},
        )
        assert found.without == 1

    def test_the_command_goes_by_what_was_known_that_night(self, tmp_path):
        home = tmp_path / "home"
        (home / "data").mkdir(parents=True)
        self.publish(f"sqlite:///{home}/data/risk.db")
        business = Business(tmp_path).maps(MAPPING % '["account"]')
        rows = "ann,acme,2026-01-03\nbea,acme,2026-01-03\nzoe,acme,2026-02-10\n"
        business.write("customers.csv", f"id,account,since\n{rows}")
        business.extract(day(20))
        business.landing.rename(home / "data" / "landing")
        shown = json.loads(perdura("risk", "accounts", "--json", home=home).stdout)
        assert shown["scored_on"] == "2026-02-10"
        assert shown["subscribers_without_account"] == 2
        (acme,) = shown["accounts"]
        assert (acme["account"], acme["subscribers"]) == ("acme", 2)
        assert "acme" in perdura("risk", "accounts", home=home).stdout

    def test_without_accounts_it_says_what_to_map(self, tmp_path):
        (tmp_path / "data").mkdir()
        self.publish(f"sqlite:///{tmp_path}/data/risk.db")
        assert (
            "No scored subscriber has an account"
            in perdura("risk", "accounts", home=tmp_path).stdout
        )
