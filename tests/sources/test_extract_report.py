"""The report of an extract: every row is accounted for, every rule has an example and advice."""

from io import StringIO
from pathlib import Path

import pytest

from perdura.flows.cli.console import output
from perdura.flows.cli.render.runs import print_report
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.report.report import Example, TableReport
from perdura.sources.mapping.report.row_counts import RowCounts
from tests.support.small_sources import Business, at

PAYMENTS = """
[payments]
file = "p.csv"
subscriber_id = "who"
payment_id = "no"
happened_at = "day"
kind = "what"
amount = "cents"
"""
TICKETS = """
[tickets]
file = "t.csv"
subscriber_id = "who"
ticket_id = "no"
[[tickets.event]]
kind = "'opened'"
happened_at = "opened"
[[tickets.event]]
kind = "'resolved'"
happened_at = "closed"
"""
HEADER = "who,no,day,what,cents\n"


@pytest.fixture
def business(tmp_path: Path) -> Business:
    return Business(tmp_path)


def example(report: TableReport) -> Example:
    [one] = report.examples
    return one


class TestRows:
    def test_with_several_events_are_counted_once(self, business: Business):
        business.write(
            "t.csv",
            "who,no,opened,closed\nada,1,2026-02-01,2026-02-02\nbob,2,2026-02-01,2026-04-02\n"
            "eve,3,2026-02-01,soon\ndan,4,,\nfay,5,2026-04-01,2026-04-02\n",
        )
        report = business.maps(TICKETS).table_report("tickets")
        assert report.in_rows == RowCounts(read=5, landed=2, later=1, rejected=2)
        assert (report.events, report.landed, report.not_yet_known) == (9, 4, 3)
        again = business.table_report("tickets", at(2, month=3))
        assert again.in_rows == RowCounts(read=5, had_before=1, later=2, rejected=2)

    def test_left_out_are_counted_beside_those_rejected_and_broken(self, business: Business):
        rows = "ada,1,2026-02-01,paid,5\nbob,2,2026-02-01,test,5\neve,3,2026-02-01,stolen,5\nx\n"
        business.write("p.csv", HEADER + rows)
        report = business.maps(PAYMENTS + "where = \"what <> 'test'\"").table_report("payments")
        assert report.in_rows == RowCounts(read=4, landed=1, dropped=1, rejected=2)

    def test_joined_with_several_are_rows_of_the_file(self, business: Business):
        business.write("p.csv", HEADER + "g1,1,2026-02-01,paid,5\ng2,2,2026-02-01,paid,5\n")
        business.write("q.csv", "group,member,on\ng1,ada,y\ng1,bob,n\ng2,eve,n\n")
        mapping = PAYMENTS.replace('"who"', '"member"') + "where = \"on = 'y'\"\n"
        mapping += '[[payments.join]]\nfile = "q.csv"\non = { who = "group" }\nmany = true\n'
        mapping += 'take = { member = "member", on = "on" }'
        report = business.maps(mapping).table_report("payments")
        assert report.in_rows == RowCounts(read=2, landed=1, dropped=1)

    def test_of_several_people_are_counted_once_whatever_the_ranges(self, business: Business):
        people = [f"u{n}" for n in range(40)]
        rows = "".join(f"{who},{n},2026-02-01,2026-02-02\n" for n, who in enumerate(people))
        business.write("t.csv", "who,no,opened,closed\n" + rows)
        other = TICKETS.replace("kind = \"'resolved'\"", "kind = \"'resolved'\"\n" + _OTHER)
        for size in (1, 1000):
            [report] = business.maps(other).extract(rows_at_a_time=size).tables
            assert report.in_rows == RowCounts(read=40, landed=40)


_OTHER = "subscriber_id = \"CONCAT('x', who)\""


class TestExamples:
    def test_of_unknown_kinds_name_the_values_and_the_kinds(self, business: Business):
        rows = [("payed", 2), ("refund", 1), ("PAID", 1)]
        text = "".join(f"u,{n}{what},2026-02-01,{what},5\n" for what, k in rows for n in range(k))
        business.write("p.csv", HEADER + text)
        one = example(business.maps(PAYMENTS).table_report("payments"))
        assert (one.rule, one.count, one.file, one.row) == ("unknown_kind", 4, "p.csv", 2)
        assert (one.column, one.value) == ("kind", "payed")
        assert "found 'payed' (2), 'PAID' (1), 'refund' (1)" in one.hint
        assert "kinds of payments are invoiced, paid, failed, refunded, disputed" in one.hint

    @pytest.mark.parametrize(
        ("bad", "told"),
        [
            (
                "u,1,yesterday,paid,5",
                ("unparseable_time", "happened_at", "yesterday", "time_formats"),
            ),
            (
                "u,1,1767607200,paid,5",
                ("unparseable_time", "happened_at", "1767607200", "'epoch_s'"),
            ),
            (
                "u,1,NULL,paid,5",
                ("unparseable_time", "happened_at", "NULL", "null_words = ['NULL']"),
            ),
            ("u,1,45689,paid,5", ("unparseable_time", "happened_at", "45689", "spreadsheet")),
            ("u,1,1901-01-01,paid,5", ("implausible_time", "happened_at", "1901-01-01", "never")),
            ("u,1,2026-02-01,paid,12.50", ("bad_type", "amount", "12.50", "ROUND")),
            ('u,1,2026-02-01,paid,"12,50"', ("bad_type", "amount", "12,50", "decimal = ','")),
            ("u,1,2026-02-01,paid,$5", ("bad_type", "amount", "$5", "currency_sign")),
            ("u,1,2026-02-01,paid,-5", ("negative_amount", "amount", "-5", "refunded")),
            ("NULL,1,2026-02-01,paid,5", ("null_word", "subscriber_id", "NULL", "null_words")),
            (
                "1.7E+11,1,2026-02-01,paid,5",
                ("imprecise_id", "subscriber_id", "1.7E+11", "as text"),
            ),
            (",1,2026-02-01,paid,5", ("no_subscriber", "subscriber_id", None, "IS NOT NULL")),
            ("u,1,2026-02-01,,5", ("missing_required", "kind", None, "kind may not be empty")),
            ("u,1,2026-02-01", ("broken_line", None, "u,1,2026-02-01", "too few or too many")),
        ],
    )
    def test_have_file_line_value_and_advice(self, business: Business, bad: str, told: tuple):
        rule, column, value, hint = told
        business.write("p.csv", HEADER + "ada,0,2026-02-01,paid,5\n" + bad + "\n")
        one = example(business.maps(PAYMENTS).table_report("payments"))
        assert (one.rule, one.count, one.file, one.row) == (rule, 1, "p.csv", 3)
        assert (one.column, one.value) == (column, value)
        assert hint in one.hint

    def test_of_words_for_nothing_offer_all_of_them(self, business: Business):
        words = ["NULL", "\\N", "None", "NULL"]
        rows = "".join(f"u{n},{n},{word},paid,5\n" for n, word in enumerate(words))
        business.write("p.csv", HEADER + rows)
        one = example(business.maps(PAYMENTS).table_report("payments"))
        assert "write null_words = ['NULL', 'None', '\\N']" in one.hint
        offered = one.hint.split("write ")[1]
        assert business.maps(PAYMENTS + offered).table_report("payments").rejected == {"no_time": 4}

    def test_of_currencies_name_the_values(self, business: Business):
        business.write("p.csv", HEADER + "u,1,2026-02-01,paid,5\n")
        mapping = PAYMENTS + "currency = \"'US$'\""
        assert "found 'US$' (1)" in example(business.maps(mapping).table_report("payments")).hint

    def test_of_a_wrong_unit_of_time_name_the_right_one(self, business: Business):
        business.write("p.csv", HEADER + "u,1,1767607200,paid,5\n")
        one = example(
            business.maps(PAYMENTS + 'time_formats = ["epoch_ms"]').table_report("payments")
        )
        assert (one.rule, one.value) == ("implausible_time", "1767607200")
        assert "time_formats = ['epoch_s']" in one.hint

    def test_of_a_column_with_a_type_show_the_value_as_read(self, business: Business):
        business.write("p.csv", HEADER + "u,1,2026-02-01,paid,five\n")
        mapping = PAYMENTS.replace('"cents"', '"ROUND(cents * 100)"')
        one = example(
            business.maps(mapping + 'types = { cents = "number" }').table_report("payments")
        )
        assert (one.column, one.value) == ("cents", "five")

    def test_of_rules_of_the_mapping_repeat_them(self, business: Business):
        business.write("p.csv", HEADER + "u,1,2026-02-01,paid,5\n")
        mapping = PAYMENTS + "reject = { sample = \"who = 'u'\" }"
        one = example(business.maps(mapping).table_report("payments"))
        assert (one.column, one.value) == ("subscriber_id", "u")
        assert one.hint == "a rule of the mapping: reject.sample = \"who = 'u'\""

    def test_of_copies_name_the_subscriber(self, business: Business):
        business.write("p.csv", HEADER + "u,1,2026-02-01,paid,5\n" * 2)
        one = example(business.maps(PAYMENTS).table_report("payments"))
        assert (one.rule, one.row, one.column, one.value) == ("duplicate", 3, "subscriber_id", "u")


class TestTheMapping:
    @pytest.mark.parametrize(
        ("mapping", "words"),
        [
            ("[invoices]\nfile = 'p.csv'", "the event tables are subscriptions, payments, tickets"),
            (
                PAYMENTS.replace('"cents"', "\"CASE interval WHEN 'year' THEN 12 ELSE 1 END\""),
                (
                    "'interval' is a word of SQL; put the column's name in quotation marks: "
                    "amount = '''CASE \"interval\" WHEN 'year' THEN 12 ELSE 1 END'''"
                ),
            ),
            (
                PAYMENTS.replace('"cents"', '"interval * 2"'),
                "amount = '\"interval\" \\* 2'",
            ),
        ],
    )
    def test_that_is_wrong_says_what_there_is_and_how_to_quote(
        self, business: Business, mapping: str, words: str
    ):
        business.write("p.csv", HEADER.replace("cents", "interval") + "u,1,2026-02-01,paid,year\n")
        with pytest.raises(BadMapping, match=words):
            business.maps(mapping).extract()


class TestKnownSubscribers:
    SUBSCRIPTIONS = """
        [subscriptions]
        file = "s.csv"
        subscriber_id = "who"
        subscription_id = "who"
        happened_at = "day"
        kind = "'started'"
        [tickets]
        file = "t.csv"
        subscriber_id = "requester"
        ticket_id = "no"
        happened_at = "day"
        kind = "'opened'"
        """

    def people(self, business: Business, requesters: list[str], options: str = "") -> Business:
        names = "".join(f"C{n:03},2026-02-01\n" for n in range(1, 40))
        business.write("s.csv", "who,day\n" + names)
        rows = "".join(f"{who},{n},2026-02-02\n" for n, who in enumerate(requesters))
        business.write("t.csv", "requester,no,day\n" + rows)
        return business.maps(self.SUBSCRIPTIONS + options)

    def test_of_whom_hardly_one_is_known_mark_their_table(self, business: Business):
        report = self.people(business, ["usr_1", "usr_2", "usr_3"]).extract()
        assert report.degraded == ("tickets",)
        assert "0 of 3" in report.because["tickets"]
        assert "known_share = 0.05 in [tickets] decides" in report.because["tickets"]
        known = report.tables[1].known
        assert known
        assert (known.subscribers, known.known) == (3, 0)
        assert (known.example, known.theirs) == ("usr_1", "C001")
        assert "such as 'usr_1', and those of subscriptions such as 'C001'" in known.in_words()

    def test_are_counted_once_however_often_they_write(self, business: Business):
        known = self.people(business, ["C001", "C001", "C002", "lead"]).extract().tables[1].known
        assert known
        assert (known.subscribers, known.known, known.is_few) == (3, 2, False)

    def test_may_be_few_where_the_mapping_says_so(self, business: Business):
        business = self.people(business, ["usr_1", "usr_2"], "known_share = 0")
        assert business.extract().degraded == ()

    def test_may_be_few_without_marking_it(self, business: Business):
        requesters = [f"lead{n}" for n in range(10)] + ["C001"]
        report = self.people(business, requesters).extract()
        assert report.degraded == ()
        assert "1 of 11 subscribers are known" in report.tables[1].known.in_words()  # pyright: ignore[reportOptionalMemberAccess]

    def test_of_accounts_that_were_merged_are_known(self, business: Business):
        business.write("m.csv", "old,new,day\nold1,C001,2026-02-03\nold2,C002,2026-02-03\n")
        merges = (
            '\n[merges]\nfile = "m.csv"\nsubscriber_id = "old"\nmerged_into = "new"\n'
            "happened_at = 'day'\nkind = \"'merged'\""
        )
        report = self.people(business, ["old1", "old2"], merges).extract()
        assert report.degraded == ()
        assert report.tables[1].known.known == 2  # pyright: ignore[reportOptionalMemberAccess]

    def test_are_asked_of_the_newest_events(self, business: Business):
        self.people(business, [f"C{n % 39 + 1:03}" for n in range(1200)]).extract(at(10))
        rows = "".join(f"usr_{n},x{n},2026-02-11\n" for n in range(1200))
        file = business.folder / "t.csv"
        business.write("t.csv", file.read_text() + rows)
        assert business.extract(at(20)).degraded == ("tickets",)

    def test_of_payments_are_asked_of_subscriptions(self, business: Business):
        payments = PAYMENTS + 'known_at = "day"\n'
        business.write("p.csv", HEADER + "x1,1,2026-02-01,paid,5\nx2,2,2026-02-01,paid,5\n")
        self.people(business, ["C001", "C002"], payments)
        assert business.extract().degraded == ("payments",)


class TestWhatCountsFromTheNextExtractOn:
    """All that a table gives became known after the extract's end."""

    SUBSCRIBERS = """
[subscribers]
file = "c.csv"
subscriber_id = "who"
happened_at = "joined"
known_at = "exported"
attributes = { country = "country" }
"""

    def test_attributes_of_an_export_are_no_fault_and_say_so(self, business: Business):
        business.write("c.csv", "who,joined,exported,country\nada,2026-01-05,2026-03-09,ES\n")
        report = business.maps(self.SUBSCRIBERS).extract(at(1, month=3))
        assert report.because == {}
        shown = StringIO()
        print_report(report, output(shown))
        assert "subscribers: nothing counts yet: 1 event that the source gives" in shown.getvalue()
        assert "Degraded" not in shown.getvalue()
        assert business.extract(at(10, month=3)).tables[0].landed == 1

    def test_payments_are_degraded_and_the_words_say_when_they_count(self, business: Business):
        business.write("p.csv", HEADER + "ada,1,2026-04-01,paid,5\n")
        report = business.maps(PAYMENTS).extract(at(1, month=3))
        assert "1 event, all of it, became known after" in report.because["payments"]
