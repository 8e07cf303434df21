"""Dated attributes of subscribers: mapped, measured as last known values, added up by account."""

import polars as pl
import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import column_named, to_measure
from perdura.features.engine import reference
from perdura.features.topics.attributes import attribute_features, attributes_in
from perdura.features.topics.phrases import say
from perdura.flows.steps.attributes import UnknownAttribute, learnt_attributes
from perdura.flows.steps.night_accounts import with_accounts
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.tombstones import record_erasure
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.states.accounts import accounts_at
from tests.flows.cli.test_command_line import perdura
from tests.risk.test_table import put, score, scores
from tests.support.small_sources import Business
from tests.support.small_sources import at as day
from tests.support.tables import at, events, spine


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
    def learnt(self, *rows, attributes=None):
        return learnt_attributes(attributes, events(subscribers=list(rows)), at("2026-03-01"))

    def test_all_that_have_some_values_but_the_account(self):
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
        assert self.learnt(*rows, *late) == ("segment",)
        assert self.learnt(*rows, attributes=("account",)) == ("account",)
        assert self.learnt(*rows, attributes=()) == ()

    def test_one_that_nobody_has_is_refused_with_the_nearest(self):
        with pytest.raises(UnknownAttribute, match=r"did you mean segment\?"):
            self.learnt(told("segment", "a", "2026-01-01"), attributes=("segmnt",))


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
        told = business.landing.events()
        found = [accounts_at(told, day(number))["account"].to_list() for number in (5, 6, 7)]
        assert found == [["acme"], ["ajax"], ["acme"]]

    def test_elsewhere_there_are_no_attributes(self, tmp_path):
        wrong = (MAPPING % '["a"]').replace("subscribers]", "tickets]")
        with pytest.raises(BadMapping, match=r"attributes = \[\.\.\.\] is for \[subscribers\]"):
            Business(tmp_path).maps(wrong).extract()


class TestAccounts:
    def scored(self, tmp_path, as_of, *rows, gone=()):
        record_erasure(tmp_path, gone, as_of.date())
        people = pl.DataFrame({"subscriber_id": ["eve", "ann"], "mrr": [1, 2]})
        return with_accounts(
            people, events(subscribers=list(rows)), as_of, Landing(tmp_path)
        ).rows()

    def test_a_night_takes_the_account_that_was_known(self, tmp_path):
        rows = [told("account", "acme", "2026-01-01", known_at="2026-02-01")]
        rows.append(told("account", "ajax", "2026-01-15", who="bob"))
        assert self.scored(tmp_path, at("2026-02-01"), *rows) == [
            ("eve", 1, None),
            ("ann", 2, None),
        ]
        assert self.scored(tmp_path, at("2026-02-02"), *rows) == [
            ("eve", 1, None),
            ("ann", 2, "acme"),
        ]

    def test_without_accounts_the_night_is_as_it_was(self, tmp_path):
        rows = [told("segment", "small", "2026-01-01")]
        assert self.scored(tmp_path, at("2026-02-02"), *rows) == [("eve", 1), ("ann", 2)]

    def test_an_account_that_is_an_erased_subscriber_is_not_named(self, tmp_path):
        row = told("account", "bob", "2026-01-01")
        (_, (*_, account)) = self.scored(tmp_path, at("2026-02-02"), row, gone=["bob"])
        assert account.startswith("forgotten:")

    def test_the_command_says_what_to_map_where_there_are_none(self, tmp_path):
        (tmp_path / "data").mkdir()
        put(scores(score("ann", 0.5)), f"sqlite:///{tmp_path}/data/risk.db")
        printed = perdura("risk", "accounts", home=tmp_path).stdout
        assert "No scored subscriber has an account in the night of 2026-03-01" in printed
        assert "perdura score --on 2026-03-01" in " ".join(printed.split())
