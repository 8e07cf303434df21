"""Sources that tell an event again otherwise: of its versions the one known last counts."""

import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.features.engine import reference
from perdura.models.dataset.labels import contract_labels
from perdura.sources.events import SUBSCRIPTIONS, TICKETS
from perdura.sources.states.states import states_at
from tests.support.small_sources import Business
from tests.support.small_sources import at as day
from tests.support.tables import at, events, spine


def start(plan, mrr, known_at="2026-01-05", **more):
    own = {"kind": "started", "happened_at": "2026-01-05", "known_at": known_at}
    return own | {"plan": plan, "mrr": mrr, "currency": "EUR"} | more


class TestStates:
    @pytest.mark.parametrize("turned", [False, True])
    def test_the_version_known_last_counts_whole(self, turned):
        rows = [start("pro", 3500), start("basic", 2000, "2026-03-05")]
        tables = events(subscriptions=rows[::-1] if turned else rows)
        told = {
            when: states_at(tables, at(when)).select("plan", "mrr").row(0)
            for when in ("2026-03-05", "2026-03-06")
        }
        assert told == {"2026-03-05": ("pro", 3500), "2026-03-06": ("basic", 2000)}

    def test_a_correction_of_a_correction_is_the_last(self):
        rows = [start("pro", 3500), start("basic", 2000, "2026-03-05")]
        rows.append(start("pro", 3500, "2026-03-07"))
        told = states_at(events(subscriptions=rows), at("2026-03-08"))
        assert told.select("plan", "mrr").rows() == [("pro", 3500)]

    def test_versions_under_a_merged_account_are_one_event(self):
        rows = [start("pro", 3500, subscriber_id="old"), start("basic", 2000, "2026-02-01")]
        merged = {"subscriber_id": "old", "merged_into": "ann", "kind": "merged",
                  "happened_at": "2026-02-01"}  # fmt: skip
        told = states_at(events(subscriptions=rows, merges=[merged]), at("2026-03-01"))
        assert told.select("subscriber_id", "mrr").rows() == [("ann", 2000)]


def test_a_shop_counts_a_corrected_payment_once():
    paid = {"kind": "paid", "happened_at": "2026-02-01", "payment_id": "p", "currency": "EUR"}
    rows = [paid | {"amount": 1200}, paid | {"amount": 2400, "known_at": "2026-02-09"}]
    told = states_at(events(payments=rows), at("2026-03-01"), churn="silence")
    assert told["mrr"].to_list() == [200]


class TestFeatures:
    def measured(self, as_of="2026-03-01", **tables):
        told, asked = events(**tables), spine(("ann", as_of), ("bea", as_of))
        built = build_features(told, FEATURES, asked)
        assert built.equals(reference.build_features(told, FEATURES, asked))
        return built.row(0, named=True)

    def test_a_plan_told_otherwise_is_the_plan(self):
        rows = [start("pro", 3500), start("basic", 2000, "2026-02-05")]
        told = self.measured(subscriptions=rows)
        assert (told["plan"], told["mrr"]) == ("basic", 2000)
        assert self.measured("2026-02-05", subscriptions=rows)["mrr"] == 3500

    def test_a_ticket_told_otherwise_is_one_ticket(self):
        opened = {"kind": "opened", "happened_at": "2026-02-20", "ticket_id": "t", "topic": "a"}
        rows = [opened, opened | {"topic": "b", "known_at": "2026-02-25"}]
        assert self.measured(tickets=rows)["tickets_opened_30d"] == 1

    def test_a_payment_told_otherwise_is_one_payment_of_the_last_amount(self):
        paid = {"kind": "paid", "happened_at": "2026-02-20", "payment_id": "p", "currency": "EUR"}
        rows = [paid | {"amount": 500}, paid | {"amount": 300, "known_at": "2026-02-25"}]
        told = self.measured(payments=rows)
        assert (told["payments_paid_30d"], told["amount_paid_30d"]) == (1, 300)
        assert self.measured("2026-02-25", payments=rows)["amount_paid_30d"] == 500

    def test_payments_without_an_id_are_each_their_own(self):
        paid = {"kind": "paid", "happened_at": "2026-02-20", "currency": "EUR"}
        rows = [paid | {"amount": 500}, paid | {"amount": 300, "known_at": "2026-02-25"}]
        assert self.measured(payments=rows)["amount_paid_30d"] == 800

    def test_two_events_known_at_once_are_no_versions(self):
        replied = {"kind": "replied", "happened_at": "2026-02-20", "ticket_id": "t"}
        rows = [replied | {"hours": 1.0}, replied | {"hours": 3.0}]
        assert self.measured(tickets=rows)["reply_hours_mean_90d"] == 2.0


def test_labels_go_by_the_last_version():
    ended = {"kind": "ended", "happened_at": "2026-02-10", "mrr": 0}
    rows = [start("pro", 1000), ended | {"reason": "voluntary"}]
    rows.append(ended | {"reason": "payment", "known_at": "2026-02-20"})
    told = contract_labels(
        events(subscriptions=rows),
        spine(("ann", "2026-02-01")),
        lead_days=0,
        horizon_days=30,
        grace_days=30,
        known_until=at("2026-06-01"),
    )
    assert told["cause"].to_list() == ["payment"]


MAPPING = """
    [subscriptions]
    file = "subs.csv"
    subscriber_id = "customer"
    subscription_id = "id"
    plan = "plan"
    currency = "'EUR'"
    types = { amount = "integer" }
    mrr = "amount"
    [[subscriptions.event]]
    kind = "'started'"
    happened_at = "created"
    [[subscriptions.event]]
    kind = "'cancel_scheduled'"
    happened_at = "canceled"
    [[subscriptions.event]]
    kind = "'ended'"
    happened_at = "ended"
    mrr = 0
"""
HEAD = "id,customer,plan,amount,created,canceled,ended\n"


def shop(folder, mapping=MAPPING):
    return Business(folder).maps(mapping)


def told(business, until, **more):
    """The extract's report of the subscriptions."""
    return next(t for t in business.extract(until, **more).tables if t.table == "subscriptions")


def standing(business, when):
    rows = states_at(business.landing.events(), when)
    return {who: (state, plan, mrr) for who, state, plan, mrr in
            rows.select("subscriber_id", "state", "plan", "mrr").rows()}  # fmt: skip


@pytest.mark.parametrize("rows_at_a_time", [1000, 1])
class TestExtracts:
    def test_what_is_told_otherwise_is_counted_and_counts(self, tmp_path, rows_at_a_time):
        business = shop(tmp_path)
        business.write("subs.csv", HEAD + "s1,ann,pro,3500,2026-01-05,,\ns2,bea,pro,1,2026-01-05,,")
        business.extract(day(5), rows_at_a_time=rows_at_a_time)
        assert business.landing.has_no_versions(SUBSCRIPTIONS)
        business.write(
            "subs.csv", HEAD + "s1,ann,basic,2000,2026-01-05,,\ns2,bea,pro,1,2026-01-05,,"
        )
        report = told(business, day(6), rows_at_a_time=rows_at_a_time)
        assert (report.landed, report.already_landed, report.otherwise) == (1, 1, 1)
        assert (report.vanished, report.inferred) == (0, 0)
        assert standing(business, day(6))["ann"] == ("active", "basic", 2000)
        assert standing(business, day(5))["ann"] == ("active", "pro", 3500)
        assert not business.landing.has_no_versions(SUBSCRIPTIONS)

    def test_told_as_at_first_again_it_counts_again(self, tmp_path, rows_at_a_time):
        business = shop(tmp_path)
        reports = []
        for number, row in enumerate(("pro,3500", "basic,2000", "pro,3500", "pro,3500")):
            business.write("subs.csv", f"{HEAD}s1,ann,{row},2026-01-05,,\n")
            reports.append(told(business, day(5 + number), rows_at_a_time=rows_at_a_time))
        assert [each.landed for each in reports] == [1, 1, 1, 0]
        assert [each.otherwise for each in reports] == [0, 1, 1, 0]
        plans = [standing(business, day(5 + number))["ann"][1] for number in range(4)]
        assert plans == ["pro", "basic", "pro", "pro"]

    def test_what_is_no_longer_given_is_counted_with_an_example(self, tmp_path, rows_at_a_time):
        business = shop(tmp_path)
        rows = "s1,ann,pro,1,2026-01-05,2026-02-03,\ns2,bea,pro,1,2026-01-06,,\n"
        business.write("subs.csv", HEAD + rows)
        assert told(business, day(5), rows_at_a_time=rows_at_a_time).vanished == 0
        business.write("subs.csv", HEAD + "s1,ann,pro,1,2026-01-05,,\n")
        for until in (day(6), day(7)):
            report = told(business, until, rows_at_a_time=rows_at_a_time)
            assert report.vanished == 2
            assert report.vanished_example == "started of s2, 2026-01-06 00:00 UTC"
            assert any("snapshot = true" in note for note in report.notes)
        assert standing(business, day(7))["ann"][0] == "leaving"

    def test_a_day_done_again_is_the_same(self, tmp_path, rows_at_a_time):
        business = shop(tmp_path)
        for number, plan in enumerate(("pro", "basic", "pro")):
            business.write("subs.csv", f"{HEAD}s1,ann,{plan},1,2026-01-05,,\n")
            business.extract(day(5 + number), rows_at_a_time=rows_at_a_time)
        files = business.files()
        business.extract(day(7), rows_at_a_time=rows_at_a_time)
        assert business.files() == files


def test_a_landing_of_before_does_not_know_and_looks(tmp_path):
    business = shop(tmp_path)
    business.write("subs.csv", HEAD + "s1,ann,pro,3500,2026-01-05,,\n")
    business.extract(day(5))
    days = business.landing.folder / "extract.json"
    days.write_text(days.read_text().replace('"once"', '"of another version"'))
    assert not business.landing.has_no_versions(SUBSCRIPTIONS)


def test_versions_in_one_file_are_found(tmp_path):
    business = shop(tmp_path, """
        [tickets]
        file = "tickets.csv"
    """)  # fmt: skip
    head = "subscriber_id,ticket_id,kind,topic,happened_at,known_at\n"
    rows = "ann,t,opened,a,2026-01-05,2026-01-05\nann,t,opened,b,2026-01-05,2026-01-09\n"
    business.write("tickets.csv", head + rows)
    business.extract(day(5))
    assert not business.landing.has_no_versions(TICKETS)
    built = build_features(business.landing.events(), FEATURES, spine(("ann", "2026-01-20")))
    assert built["tickets_opened_30d"].to_list() == [1]
