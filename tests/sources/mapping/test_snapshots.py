"""Sources that show only the latest state: what changed is inferred, known from that extract on."""

from datetime import timedelta

import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.models.dataset.labels import contract_labels
from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.sources.test_versions import HEAD, MAPPING, standing, told
from tests.support.small_sources import Business
from tests.support.small_sources import at as day
from tests.support.tables import spine

SNAPSHOT = MAPPING.replace('file = "subs.csv"', 'file = "subs.csv"\n    snapshot = true')
ANN, BEA, EVE = "s1,ann,pro,3500,2026-01-05", "s2,bea,pro,3500,2026-01-06", "s3,eve,a,20,2026-01-07"


@pytest.fixture(params=[1000, 1])
def business(tmp_path, request):
    return Nightly(Business(tmp_path).maps(SNAPSHOT), request.param)


class Nightly:
    """A business extracted day by day."""

    def __init__(self, business, rows_at_a_time):
        self.business, self.rows_at_a_time = business, rows_at_a_time

    def shows(self, number, *rows):
        """What the subscriptions' report of a day is when the source shows these rows."""
        self.business.write("subs.csv", HEAD + "".join(f"{row}\n" for row in rows))
        return self.extract(number)

    def extract(self, number):
        return told(self.business, day(number), rows_at_a_time=self.rows_at_a_time)

    def states(self, number):
        return {who: told[0] for who, told in standing(self.business, day(number)).items()}

    def inferred(self):
        columns = ("subscriber_id", "kind", "reason", "happened_at", "known_at")
        return [row for row in self.business.events("subscriptions", columns) if row[2]]


def test_a_cancellation_taken_back_and_a_plan_moved_down(business):
    business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,", f"{EVE},,")
    report = business.shows(6, f"{ANN},,", "s2,bea,basic,2000,2026-01-06,,", f"{EVE},,")
    last = day(6) - timedelta(microseconds=1)
    assert business.inferred() == [
        ("ann", "cancel_withdrawn", "snapshot", last, last),
        ("bea", "plan_changed", "snapshot", last, last),
    ]
    assert standing(business.business, day(6)) == {
        "ann": ("active", "pro", 3500),
        "bea": ("active", "basic", 2000),
        "eve": ("active", "a", 20),
    }
    assert standing(business.business, day(5))["bea"] == ("active", "pro", 3500)
    assert (report.landed, report.already_landed, report.inferred) == (0, 3, 2)
    assert (report.vanished, report.vanished_example) == (
        1, "cancel_scheduled of s1, 2026-02-03 00:00 UTC",
    )  # fmt: skip


def test_nobody_is_labelled_as_having_left_and_a_downgrade_is_one(business):
    business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
    business.shows(6, f"{ANN},,", "s2,bea,basic,2000,2026-01-06,,")
    events = business.business.landing.events()
    labels = contract_labels(
        events,
        spine(("ann", "2026-02-01"), ("bea", "2026-02-01")),
        lead_days=0,
        horizon_days=30,
        grace_days=30,
        known_until=day(1, month=8),
    )
    assert labels["churned"].to_list() == [False, False]
    built = build_features(events, FEATURES, spine(("bea", "2026-02-05"), ("bea", "2026-02-06")))
    assert built["downgrades_30d"].to_list() == [0, 1]
    assert built["mrr"].to_list() == [3500, 2000]


@pytest.mark.parametrize(
    ("before", "after", "kinds", "state"),
    [
        ("2026-02-03,", ",", ["cancel_withdrawn"], "active"),
        ("2026-02-03,2026-02-04", ",", ["started"], "active"),
        (",2026-02-04", "2026-02-03,", ["cancel_scheduled", "started"], "leaving"),
        ("2026-02-03,", "2026-02-02,", [], "leaving"),
        ("2026-02-03,", "2026-02-04,", [], "leaving"),
        (",2026-02-04", ",2026-02-03", [], "gone"),
        (",", "2026-02-03,", [], "leaving"),
        (",", ",2026-02-03", [], "gone"),
    ],
)
def test_what_is_shown_is_how_it_stands(business, before, after, kinds, state):
    business.shows(5, f"{ANN},{before}", f"{BEA},,")
    business.shows(6, f"{ANN},{after}", f"{BEA},,")
    assert [row[1] for row in business.inferred()] == kinds
    assert business.states(6)["ann"] == state
    again = business.shows(7, f"{ANN},{after}", f"{BEA},,")
    assert (again.landed, again.inferred) == (0, 0)


def test_cancelled_taken_back_and_cancelled_again_earlier_than_that_was_seen(business):
    business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
    business.shows(6, f"{ANN},,", f"{BEA},,")
    business.shows(7, f"{ANN},2026-02-04,", f"{BEA},,")
    assert [business.states(number)["ann"] for number in (5, 6, 7)] == [
        "leaving", "active", "leaving",
    ]  # fmt: skip


def test_a_correction_of_a_correction(business):
    for number, plan in enumerate(("pro,3500", "basic,2000", "pro,3500", "pro,3500"), start=5):
        business.shows(number, f"s1,ann,{plan},2026-01-05,,", f"{BEA},,")
    told = [standing(business.business, day(number))["ann"][2] for number in range(5, 9)]
    assert told == [3500, 2000, 3500, 3500]
    assert [row[1] for row in business.inferred()] == ["plan_changed", "plan_changed"]


def test_of_two_subscriptions_each_is_compared(business):
    business.shows(5, f"{ANN},2026-02-03,", "s9,ann,extra,10,2026-01-05,,", f"{BEA},,")
    business.shows(6, f"{ANN},2026-02-03,", "s9,ann,extra,30,2026-01-05,,", f"{BEA},,")
    assert standing(business.business, day(6))["ann"][::2] == ("active", 3500 + 30)


class TestVanished:
    """A subscription that a snapshot shows no longer has ended, unless the snapshot is broken."""

    def test_it_has_ended_and_may_be_back(self, business):
        both = f"{ANN},,", f"{BEA},,"
        business.shows(5, *both)
        business.shows(6, f"{BEA},,")
        business.shows(7, *both)
        told = [business.states(number)["ann"] for number in (5, 6, 7)]
        assert told == ["active", "gone", "active"]
        assert standing(business.business, day(7))["ann"] == ("active", "pro", 3500)

    def test_what_had_ended_may_be_purged(self, business):
        business.shows(5, f"{ANN},,2026-02-01", f"{BEA},,")
        report = business.shows(6, f"{BEA},,")
        assert (report.inferred, report.vanished) == (0, 2)
        assert business.states(6) == {"ann": "gone", "bea": "active"}

    @pytest.mark.parametrize("content", [HEAD, "", None])
    def test_an_empty_snapshot_is_refused(self, business, content):
        business.shows(5, f"{ANN},,", f"{BEA},,")
        path = business.business.folder / "subs.csv"
        path.unlink() if content is None else path.write_text(content)
        files = business.business.files()
        with pytest.raises(IncompleteExtract, match=r"subs\.csv|2 of the 2 subscriptions"):
            business.extract(6)
        after = business.business.files()
        assert {name: after[name] for name in files if name != "extract.json"} == {
            name: files[name] for name in files if name != "extract.json"
        }
        assert business.states(6) == {"ann": "active", "bea": "active"}

    def test_the_last_one_gone_is_refused_too(self, business):
        business.shows(5, f"{ANN},,")
        with pytest.raises(IncompleteExtract, match="1 of the 1"):
            business.shows(6)

    def test_half_of_it_missing_is_refused_unless_told_so(self, business):
        business.shows(5, f"{ANN},,", f"{BEA},,", f"{EVE},,")
        with pytest.raises(IncompleteExtract, match=r"most_vanished = 0\.67"):
            business.shows(6, f"{ANN},,")
        business.business.maps(
            SNAPSHOT.replace("snapshot = true", "snapshot = true\n most_vanished = 0.67")
        )
        assert business.shows(6, f"{ANN},,").inferred == 2
        assert business.states(6) == {"ann": "active", "bea": "gone", "eve": "gone"}

    def test_a_file_that_may_be_missing_ends_nobody(self, business):
        business.business.maps(SNAPSHOT.replace("snapshot", "optional = true\n snapshot", 1))
        business.shows(5, f"{ANN},,", f"{BEA},,")
        (business.business.folder / "subs.csv").unlink()
        report = business.extract(6)
        assert (report.complete, report.inferred) == (False, 0)
        assert business.states(6) == {"ann": "active", "bea": "active"}

    @pytest.mark.parametrize(
        "broken",
        ["s1,ann,pro,much,2026-01-05,,", "s1,ann,pro,1,yesterday,,", ",ann,pro,1,,,", "s1"],
    )
    def test_a_rejected_row_ends_nobody(self, business, broken):
        business.shows(5, f"{ANN},,", f"{BEA},,", f"{EVE},,")
        report = business.shows(6, broken, f"{BEA},,", f"{EVE},,")
        assert report.rejected
        assert (report.inferred, business.states(6)["ann"]) == (0, "active")

    def test_a_row_that_tells_half_takes_nothing_back(self, business):
        business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
        business.shows(6, f"{ANN},soon,", f"{BEA},,")
        assert business.states(6)["ann"] == "leaving"


class TestChangedHands:
    def test_the_first_owner_is_gone_and_did_not_leave(self, business):
        business.shows(5, f"{ANN},,", f"{BEA},,", f"{EVE},,")
        business.shows(6, "s1,zoe,pro,3500,2026-01-05,,", f"{BEA},,", f"{EVE},,")
        told = standing(business.business, day(6))
        assert (told["ann"][0], told["zoe"]) == ("gone", ("active", "pro", 3500))
        assert [row[:3] for row in business.inferred()] == [("ann", "ended", "changed_hands")]
        labels = contract_labels(
            business.business.landing.events(),
            spine(("ann", "2026-02-01"), ("ann", "2026-02-10")),
            lead_days=0,
            horizon_days=30,
            grace_days=30,
            known_until=day(1, month=8),
        )
        assert labels["churned"].to_list() == [False, None]

    def test_a_log_that_says_so_too(self, tmp_path):
        business = Nightly(Business(tmp_path).maps(MAPPING), 1000)
        business.shows(5, f"{ANN},,", f"{BEA},,")
        business.shows(6, "s1,zoe,pro,3500,2026-01-05,,", f"{BEA},,")
        assert business.states(6) == {"ann": "gone", "bea": "active", "zoe": "active"}
        assert business.extract(7).inferred == 0

    def test_ids_that_subscribers_share_change_no_hands(self, tmp_path):
        """A log that keeps only new rows, whose ids count each subscriber's subscriptions."""
        business = Nightly(Business(tmp_path).maps(MAPPING), 1000)
        business.shows(5, "1,ann,pro,1,2026-02-04,,", "1,bea,pro,1,2026-02-04,,")
        business.shows(6, "1,bea,pro,1,2026-02-04,,", "1,eve,pro,1,2026-02-05,,")
        assert set(business.states(6).values()) == {"active"}

    def test_an_account_that_was_merged_away_goes_on(self, tmp_path):
        merges = '\n[merges]\nfile = "merges.csv"\noptional = true\n'
        business = Nightly(Business(tmp_path).maps(MAPPING + merges), 1000)
        business.shows(5, f"{ANN},,", f"{BEA},,")
        business.shows(6, "s1,zoe,pro,3500,2026-01-05,,", f"{BEA},,")
        head = "subscriber_id,merged_into,kind,happened_at\n"
        business.business.write("merges.csv", head + "ann,zoe,merged,2026-02-06\n")
        business.extract(7)
        assert business.states(7) == {"bea": "active", "zoe": "active"}


class TestDaysDoneAgain:
    def test_the_same_source_gives_the_same_bytes(self, business):
        business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
        business.shows(6, f"{ANN},,", "s2,bea,basic,2000,2026-01-06,,")
        files = business.business.files()
        business.extract(6)
        assert business.business.files() == files

    def test_a_source_that_changed_meanwhile_is_compared_anew(self, business):
        business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
        business.shows(6, f"{ANN},,", f"{BEA},2026-02-05,")
        assert business.states(6) == {"ann": "active", "bea": "leaving"}
        business.shows(6, f"{ANN},2026-02-03,", f"{BEA},,")
        assert business.states(6) == {"ann": "leaving", "bea": "active"}

    def test_what_was_inferred_earlier_on_the_day_stays_as_it_was_known(self, business):
        """States are asked for every few minutes, and a night may lie between two extracts."""
        rows = f"{BEA},,", f"{EVE},,"
        business.shows(5, f"{ANN},2026-02-03,", *rows)
        business.business.write("subs.csv", HEAD + "\n".join((f"{ANN},,", *rows)))
        for hour in (10, 12):
            report = told(business.business, day(5, hour))
            assert report.inferred == 1
        ((who, kind, _, _, known),) = business.inferred()
        assert (who, kind, known) == (
            "ann", "cancel_withdrawn", day(5, 10) - timedelta(microseconds=1),
        )  # fmt: skip
        business.business.write("subs.csv", HEAD + "\n".join((f"{ANN},2026-02-03,", *rows)))
        assert told(business.business, day(5, 14)).inferred == 2
        states = [standing(business.business, day(5, hour))["ann"][0] for hour in (9, 11, 15)]
        assert states == ["leaving", "active", "leaving"]

    def test_an_older_day_is_compared_with_nothing(self, business):
        business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
        business.shows(6, f"{ANN},2026-02-03,", f"{BEA},,")
        business.shows(7, f"{ANN},,", f"{BEA},,")
        files = business.business.files()
        assert business.extract(6).inferred == 0
        same = ("subscriptions/2026-02-05.parquet", "subscriptions/2026-02-07.parquet")
        assert all(business.business.files()[name] == files[name] for name in same)

    def test_the_setting_may_be_added_later(self, business):
        business.business.maps(MAPPING)
        business.shows(5, f"{ANN},2026-02-03,", f"{BEA},,")
        assert business.shows(6, f"{ANN},,", f"{BEA},,").inferred == 0
        business.business.maps(SNAPSHOT)
        business.extract(7)
        assert business.states(7)["ann"] == "active"


def test_a_snapshot_of_what_has_no_states_is_refused(tmp_path):
    mapping = '[tickets]\nfile = "t.csv"\nsnapshot = true'
    with pytest.raises(BadMapping, match=r"is for \[subscriptions\]"):
        Business(tmp_path).maps(mapping).extract()
