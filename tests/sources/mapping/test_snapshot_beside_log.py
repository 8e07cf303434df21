"""A snapshot and a log of subscriptions beside each other: what vanished is told per input."""

from datetime import timedelta

import polars as pl
import pytest

from perdura.sources.extract import IncompleteExtract
from perdura.sources.landing.erase import erase_landed, landed_of
from perdura.sources.landing.tombstones import record_erasure
from tests.sources.mapping.test_snapshots import SNAPSHOT
from tests.sources.test_versions import HEAD, standing, told
from tests.support.small_sources import Business
from tests.support.small_sources import at as day

LOG = """
    [[subscriptions]]
    file = "log.csv"
    subscriber_id = "customer"
    subscription_id = "id"
    plan = "plan"
    currency = "'EUR'"
    kind = "kind"
    happened_at = "at"
    types = { amount = "integer" }
    mrr = "amount"
"""
MAPPING = SNAPSHOT.replace("[subscriptions]", "[[subscriptions]]") + LOG
LOG_HEAD = "id,customer,kind,plan,amount,at\n"
ANN, BEA, EVE = "s1,ann,pro,3500,2026-01-05", "s2,bea,pro,3500,2026-01-06", "s3,eve,a,20,2026-01-07"
BEAS = (f"{BEA},,", f"{EVE},,")
CAT = "t1,cat,started,x,10,2026-01-08"
DAN = "t2,dan,started,x,10,2026-01-08"


class Nightly:
    """A business with both inputs, extracted day by day."""

    def __init__(self, folder, rows_at_a_time=1000):
        self.business = Business(folder).maps(MAPPING)
        self.landing, self.rows_at_a_time = self.business.landing, rows_at_a_time

    def shows(self, moment, snapshot=(), log=(), files=("subs.csv", "log.csv")):
        """The subscriptions' report of a day (or moment) at which both inputs hold these rows."""
        for name, head, rows in zip(files, (HEAD, LOG_HEAD), (snapshot, log), strict=True):
            self.business.write(name, head + "".join(f"{row}\n" for row in rows))
        return self.extract(moment)

    def extract(self, moment):
        moment = day(moment) if isinstance(moment, int) else moment
        return told(self.business, moment, rows_at_a_time=self.rows_at_a_time)

    def states(self, number):
        return {who: told[0] for who, told in standing(self.business, day(number)).items()}

    def inferred(self):
        columns = ("subscriber_id", "kind", "reason")
        return [row[:2] for row in self.business.events("subscriptions", columns) if row[2]]

    def records(self):
        return sorted((self.landing.folder / "subscriptions" / "shown").glob("*.parquet"))


@pytest.fixture(params=[1000, 1])
def business(tmp_path, request):
    return Nightly(tmp_path, request.param)


def test_a_vanished_cancellation_is_withdrawn_and_the_rows_of_a_log_stay(business):
    business.shows(
        5, [f"{ANN},2026-02-03,", *BEAS], [CAT, "t1,cat,cancel_scheduled,x,10,2026-02-02"]
    )
    report = business.shows(6, [f"{ANN},,", *BEAS], [DAN])
    assert business.inferred() == [("ann", "cancel_withdrawn")]
    assert business.states(6) == {
        "ann": "active", "bea": "active", "eve": "active", "cat": "leaving", "dan": "active",
    }  # fmt: skip
    assert business.states(5)["ann"] == "leaving"
    assert (report.inferred, report.vanished) == (1, 3)
    assert business.shows(7, [f"{ANN},,", *BEAS], []).inferred == 0


def test_an_end_taken_back_and_a_plan_told_otherwise(business):
    business.shows(5, [f"{ANN},,2026-02-03", *BEAS], [CAT])
    business.shows(6, [f"{ANN},,", "s2,bea,basic,2000,2026-01-06,,", f"{EVE},,"], [CAT])
    assert business.inferred() == [("ann", "started"), ("bea", "plan_changed")]
    assert standing(business.business, day(6))["bea"] == ("active", "basic", 2000)
    assert standing(business.business, day(6))["ann"] == ("active", "pro", 3500)
    assert standing(business.business, day(5))["bea"] == ("active", "pro", 3500)
    again = business.shows(7, [f"{ANN},,", "s2,bea,basic,2000,2026-01-06,,", f"{EVE},,"], [CAT])
    assert (again.landed, again.inferred) == (0, 0)


def test_what_the_snapshot_shows_no_longer_has_ended_and_may_be_back(business):
    business.shows(5, [f"{ANN},,", *BEAS], [CAT])
    business.shows(6, BEAS, [])
    business.shows(7, BEAS, [])
    business.shows(8, [f"{ANN},,", *BEAS], [])
    assert [business.states(number)["ann"] for number in (5, 6, 7, 8)] == [
        "active", "gone", "gone", "active",
    ]  # fmt: skip
    assert business.states(8)["cat"] == "active"


class TestGivenByBoth:
    def test_a_pause_that_only_the_log_tells_stays(self, business):
        paused = "s1,ann,paused,,,2026-02-04"
        business.shows(5, [f"{ANN},,", *BEAS], [paused])
        business.shows(6, [f"{ANN},,", *BEAS], [])
        business.shows(7, ["s1,ann,basic,2000,2026-01-05,,", *BEAS], [])
        assert standing(business.business, day(6))["ann"] == ("paused", "pro", 0)
        assert business.states(7)["ann"] == "paused"
        assert business.inferred() == [("ann", "plan_changed")]

    def test_a_cancellation_that_only_the_log_tells_stays(self, business):
        business.shows(5, [f"{ANN},,", *BEAS], [])
        asked = "s1,ann,cancel_scheduled,,,2026-02-05"
        business.shows(6, [f"{ANN},,", *BEAS], [asked])
        business.shows(7, [f"{ANN},,", *BEAS], [asked])
        assert (business.states(7)["ann"], business.inferred()) == ("leaving", [])

    def test_what_the_snapshot_takes_back_is_taken_back_though_the_log_tells_it_still(
        self, business
    ):
        asked = "s1,ann,cancel_scheduled,pro,3500,2026-02-03"
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [asked])
        business.shows(6, [f"{ANN},,", *BEAS], [asked])
        business.shows(7, [f"{ANN},,", *BEAS], [asked])
        assert [business.states(number)["ann"] for number in (5, 6, 7)] == [
            "leaving", "active", "active",
        ]  # fmt: skip
        assert business.inferred() == [("ann", "cancel_withdrawn")]

    def test_a_plan_changed_in_the_log_first_and_then_in_both(self, business):
        business.shows(5, [f"{ANN},,", *BEAS], [])
        changed = "s1,ann,plan_changed,basic,2000,2026-02-05"
        business.shows(6, [f"{ANN},,", *BEAS], [changed])
        business.shows(7, ["s1,ann,basic,2000,2026-01-05,,", *BEAS], [changed])
        business.shows(8, ["s1,ann,top,9000,2026-01-05,,", *BEAS], [changed])
        assert [standing(business.business, day(number))["ann"][2] for number in (5, 6, 7, 8)] == [
            3500, 2000, 2000, 9000,
        ]  # fmt: skip
        assert business.inferred() == [("ann", "plan_changed")]

    def test_it_ends_when_the_snapshot_no_longer_shows_it(self, business):
        told_still = "s1,ann,plan_changed,pro,3600,2026-01-20"
        business.shows(5, [f"{ANN},,", *BEAS], [told_still])
        business.shows(6, BEAS, [told_still])
        assert business.states(6)["ann"] == "gone"
        business.shows(7, BEAS, [told_still, "s1,ann,started,pro,3600,2026-02-06"])
        business.shows(8, BEAS, [told_still, "s1,ann,started,pro,3600,2026-02-06"])
        assert (business.states(7)["ann"], business.states(8)["ann"]) == ("active", "active")


class TestNothingVanishesThatWasNeverGiven:
    def test_at_the_first_extract_after_the_setting_changed(self, business):
        business.business.maps(MAPPING.replace("snapshot = true", ""))
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT, DAN])
        business.business.maps(MAPPING)
        report = business.shows(6, [f"{ANN},2026-02-03,"], [DAN])
        assert (report.inferred, business.states(6)["bea"], business.states(6)["cat"]) == (
            0, "active", "active",
        )  # fmt: skip
        business.shows(7, [f"{ANN},,"], [DAN])
        assert business.states(7)["ann"] == "active"

    def test_a_snapshot_that_becomes_a_log(self, business):
        business.shows(5, [f"{ANN},,", *BEAS], [CAT])
        business.business.maps(MAPPING.replace("snapshot = true", "") + "    snapshot = true\n")
        business.shows(6, [f"{BEA},,"], [CAT])
        assert business.inferred() == []
        business.shows(7, [f"{BEA},,"], [f"{CAT.replace('10', '20')}"])
        assert business.inferred() == [("cat", "plan_changed")]
        assert business.states(7)["ann"] == "active"

    def test_an_input_that_is_renamed_is_the_same_input(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.business.maps(MAPPING.replace("subs.csv", "new.csv"))
        business.shows(6, [f"{ANN},,", f"{BEA},,"], [], files=("new.csv", "log.csv"))
        assert business.inferred() == [("ann", "cancel_withdrawn"), ("eve", "ended")]

    @pytest.mark.parametrize("snapshot", [None, "broken"])
    def test_a_snapshot_that_was_not_read_whole_ends_nothing(self, business, snapshot):
        business.business.maps(MAPPING.replace("snapshot", "optional = true\n snapshot", 1))
        business.shows(5, [f"{ANN},,", *BEAS], [CAT])
        if snapshot is None:
            (business.business.folder / "subs.csv").unlink()
            business.extract(6)
        else:
            business.shows(6, [",ann,pro,1,,,", *BEAS], [CAT])
        assert business.states(6)["ann"] == "active"
        business.shows(7, BEAS, [CAT])
        assert business.states(7)["ann"] == "gone"

    def test_a_log_that_is_missing_keeps_no_end_back(self, business):
        business.business.maps(MAPPING.replace(LOG, LOG + "    optional = true\n"))
        business.shows(5, [f"{ANN},,", *BEAS], [CAT])
        (business.business.folder / "log.csv").unlink()
        business.business.write("subs.csv", HEAD + "\n".join(BEAS))
        business.extract(6)
        assert (business.states(6)["ann"], business.states(6)["cat"]) == ("gone", "active")

    def test_a_rejected_row_ends_nobody_and_is_remembered(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.shows(6, ["s1,ann,pro,much,2026-01-05,,", *BEAS], [CAT])
        assert business.states(6)["ann"] == "leaving"
        business.shows(7, [f"{ANN},,", *BEAS], [CAT])
        assert business.states(7)["ann"] == "active"

    @pytest.mark.parametrize(("rows", "share"), [([f"{EVE},,"], r"0\.67"), ([], r"1\.0")])
    def test_a_snapshot_that_was_cut_off_is_refused(self, business, rows, share):
        business.shows(5, [f"{ANN},,", *BEAS], [CAT, DAN])
        files = business.business.files()
        with pytest.raises(IncompleteExtract, match=rf"of the 3 .* most_vanished = {share}"):
            business.shows(6, rows, [CAT, DAN])
        assert business.business.files().keys() == files.keys()


class TestDaysDoneAgain:
    def test_the_same_source_gives_the_same_bytes(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.shows(6, [f"{ANN},,", f"{BEA},,"], [CAT])
        files = business.business.files()
        business.extract(6)
        assert business.business.files() == files

    def test_a_snapshot_that_changed_meanwhile_is_compared_anew(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.shows(6, [f"{ANN},,", *BEAS], [CAT])
        business.shows(6, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        assert business.inferred() == []
        business.shows(7, [f"{ANN},,", *BEAS], [CAT])
        assert business.inferred() == [("ann", "cancel_withdrawn")]

    def test_a_row_that_the_snapshot_loses_during_the_day_stays_and_a_logs_is_refused(
        self, business
    ):
        business.shows(5, [f"{ANN},,", *BEAS], [CAT])
        business.shows(day(5, 10), [f"{ANN},2026-02-05,", *BEAS], [CAT, DAN])
        business.shows(day(5, 12), [f"{ANN},,", *BEAS], [CAT, DAN])
        assert business.inferred() == [("ann", "cancel_withdrawn")]
        assert len(business.records()) == 2
        with pytest.raises(IncompleteExtract, match="no longer gives 1 of the"):
            business.shows(day(5, 14), [f"{ANN},,", *BEAS], [CAT])

    def test_an_older_day_is_compared_with_nothing(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.shows(6, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        business.shows(7, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        records = [path.read_bytes() for path in business.records()]
        business.shows(6, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        assert [path.read_bytes() for path in business.records()] == records
        business.shows(8, [f"{ANN},,", *BEAS], [CAT])
        assert business.states(8)["ann"] == "active"


class TestErasure:
    def erased(self, business, who):
        record_erasure(business.landing.folder, [who], day(6).date())
        for file in landed_of(business.landing, [who]):
            erase_landed(file, [who])

    def test_nothing_is_left_of_them_and_others_are_compared_on(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        assert any("shown" in str(file) for file in landed_of(business.landing, ["eve"]))
        self.erased(business, "eve")
        assert not landed_of(business.landing, ["eve"])
        business.shows(6, [f"{ANN},,", *BEAS], [CAT])
        assert business.inferred() == [("ann", "cancel_withdrawn")]
        assert all(b"eve" not in content for content in business.business.files().values())

    def test_those_who_are_given_still_keep_no_end_of_others_back(self, business):
        business.shows(5, [f"{ANN},,", *BEAS], [CAT])
        self.erased(business, "eve")
        business.shows(6, BEAS, [CAT])
        assert business.states(6) == {"ann": "gone", "bea": "active", "cat": "active"}

    def test_a_record_that_was_restored_names_them_no_more(self, business):
        business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
        (record,) = business.records()
        before = record.read_bytes()
        self.erased(business, "eve")
        record.write_bytes(before)
        business.shows(6, ["s3,,a,,,,", f"{ANN},,", f"{BEA},,"], [CAT])
        assert "eve" not in pl.read_parquet(business.records()[-1])["subscriber_id"].to_list()


def test_a_landing_of_snapshots_alone_or_logs_alone_has_no_record(business):
    business.business.maps(SNAPSHOT)
    business.shows(5, [f"{ANN},2026-02-03,", *BEAS])
    business.business.maps(SNAPSHOT.replace("snapshot = true", ""))
    business.extract(6)
    assert business.records() == []


def test_what_was_shown_before_the_setting_was_taken_away_is_forgotten(business):
    business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
    assert len(business.records()) == 1
    business.business.maps(MAPPING.replace("snapshot = true", ""))
    business.extract(6)
    assert business.records() == []


def test_what_is_inferred_is_known_at_the_extracts_end(tmp_path):
    business = Nightly(tmp_path)
    business.shows(5, [f"{ANN},2026-02-03,", *BEAS], [CAT])
    business.shows(6, [f"{ANN},,", *BEAS], [CAT])
    columns = ("kind", "happened_at", "known_at")
    last = day(6) - timedelta(microseconds=1)
    rows = business.business.events("subscriptions", columns)
    assert ("cancel_withdrawn", last, last) in rows
