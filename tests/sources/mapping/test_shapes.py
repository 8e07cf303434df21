"""Shapes of sources that needed a script: first rows, histories of plans, series of months."""

import pytest

from perdura.sources.events import PAYMENTS
from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import Business
from tests.support.small_sources import at as day

HISTORY = """
    [subscriptions]
    file = "history.csv"
    subscriber_id = "who"
    subscription_id = "id"
    plan = "plan"
    currency = "'EUR'"
    mrr = "price"
    happened_at = "since"
    types = { since = "time", price = "integer" }
    numbered = { by = "id", order = "since", previous = ["plan", "price"] }
    where = "nth = 1 OR plan <> plan_before OR price <> price_before"
    kind = "CASE WHEN nth = 1 THEN 'started' ELSE 'plan_changed' END"
"""


def test_a_history_of_plans_becomes_a_start_and_changes(tmp_path):
    business = Business(tmp_path).maps(HISTORY)
    business.write(
        "history.csv",
        "id,who,plan,price,since\ns1,ann,pro,20,2026-02-03\ns1,ann,basic,10,2026-01-05\n"
        "s2,bea,pro,20,2026-01-09\ns1,ann,pro,20,2026-02-04\ns1,ann,pro,25,2026-02-05\n",
    )
    report = business.table_report("subscriptions", day(20))
    found = business.events("subscriptions", ("subscriber_id", "kind", "plan", "mrr"))
    assert found == [
        ("ann", "started", "basic", 10),
        ("ann", "plan_changed", "pro", 20),
        ("ann", "plan_changed", "pro", 25),
        ("bea", "started", "pro", 20),
    ]
    assert (report.in_rows.read, report.in_rows.landed, report.in_rows.dropped) == (5, 4, 1)


def test_a_change_that_comes_later_lands_then(tmp_path):
    business = Business(tmp_path).maps(HISTORY)
    head = "id,who,plan,price,since\ns1,ann,basic,10,2026-01-05\n"
    business.write("history.csv", head)
    business.extract(day(5))
    business.write("history.csv", head + "s1,ann,pro,20,2026-02-05\n")
    assert business.table_report("subscriptions", day(6)).landed == 1


def test_the_first_row_of_a_case_opened_it(tmp_path):
    business = Business(tmp_path).maps("""
        [tickets]
        file = "case_rows.csv"
        subscriber_id = "who"
        ticket_id = "case"
        happened_at = "at"
        types = { at = "time" }
        numbered = { by = ["who", "case"], order = "at", as = "place" }
        kind = "CASE WHEN place = 1 THEN 'opened' ELSE 'replied' END"
    """)
    business.write(
        "case_rows.csv",
        "case,who,at\n1,ann,2026-02-04T10:00\n1,ann,2026-02-03T10:00\n1,bea,2026-02-05\n2,ann,bad\n",
    )
    report = business.table_report("tickets", day(20))
    assert business.events("tickets", ("subscriber_id", "kind", "happened_at")) == [
        ("ann", "opened", day(3, 10)),
        ("ann", "replied", day(4, 10)),
        ("bea", "opened", day(5)),
    ]
    assert report.rejected == {"unparseable_time": 1}


SERIES = """
    timezone = "Europe/Madrid"
    [payments]
    file = "contracts.csv"
    subscriber_id = "who"
    payment_id = "CONCAT(id, '/', CAST(series_at AS VARCHAR))"
    kind = "'paid'"
    amount = "price"
    currency = "'EUR'"
    happened_at = "series_at"
    types = { first = "time", last = "time", price = "integer" }
    series = { from = "first", until = "last", months = 1 }
"""


class TestSeries:
    def paid(self, business, until):
        report = business.table_report("payments", until)
        return report, business.events("payments", ("subscriber_id", "happened_at", "amount"))

    def test_a_contract_is_paid_every_month_until_it_ends(self, tmp_path):
        business = Business(tmp_path).maps(SERIES)
        business.write(
            "contracts.csv",
            "id,who,first,last,price\n1,ann,2026-01-31,2026-03-31,900\n2,bea,2026-03-05,,500\n",
        )
        report, found = self.paid(business, day(1, month=5))
        assert found == [
            # Midnight in Madrid; the 31st of February is its last day.
            ("ann", day(30, 23, month=1), 900),
            ("ann", day(27, 23), 900),
            ("bea", day(4, 23, month=3), 500),
            ("bea", day(4, 22, month=4), 500),
        ]
        assert (report.in_rows.read, report.in_rows.landed) == (2, 2)

    def test_the_next_month_lands_when_it_has_come(self, tmp_path):
        business = Business(tmp_path).maps(SERIES)
        business.write("contracts.csv", "id,who,first,last,price\n2,bea,2026-01-05,,500\n")
        told = [self.paid(business, day(6, month=month))[0] for month in (2, 3, 4)]
        assert [(each.landed, each.already_landed) for each in told] == [(2, 0), (1, 2), (1, 3)]
        assert [each.vanished for each in told] == [0, 0, 0]

    def test_what_is_to_come_and_what_has_no_time_is_counted(self, tmp_path):
        business = Business(tmp_path).maps(SERIES)
        business.write(
            "contracts.csv",
            "id,who,first,last,price\n1,ann,2027-01-05,,9\n2,bea,,,9\n3,eve,soon,,9\n"
            "4,zoe,2026-02-01,2026-02-01,9\n5,kim,2026-02-01,,much\n",
        )
        report, found = self.paid(business, day(20))
        assert found == []
        assert report.not_yet_known == 1
        assert sum(report.rejected.values()) == 4

    def test_by_days(self, tmp_path):
        business = Business(tmp_path).maps(SERIES.replace("months = 1", "days = 7"))
        business.write("contracts.csv", "id,who,first,last,price\n1,ann,2026-02-01,2026-02-15,9\n")
        _, found = self.paid(business, day(1, month=5))
        assert [when for _, when, _ in found] == [day(31, 23, month=1), day(7, 23)]


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ('by = "id"', 'by = "idd"', "no column 'idd'"),
        ('since = "time", ', "", "needs a type that has an order"),
        ('previous = ["plan", "price"]', 'as = "plan"', "there is a column 'plan' already"),
        ("numbered =", "series = { from = 'since', months = 1, days = 1 }\nnumbered =", "not both"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, was, becomes, words):
    business = Business(tmp_path).maps(HISTORY.replace(was, becomes))
    business.write("history.csv", "id,who,plan,price,since\ns1,ann,basic,10,2026-01-05\n")
    with pytest.raises(BadMapping, match=words):
        business.extract(day(5))


LINES = """
    [payments]
    file = "lines.csv"
    group_by = { by = "invoice", sum = ["amount"] }
    where = "what <> 'tax'"
    types = { amount = "number" }
    subscriber_id = "who"
    invoice_id = "invoice"
    happened_at = "day"
    kind = "'invoiced'"
    amount = "ROUND(amount * 100)"
    currency = "'EUR'"
"""


def test_an_invoice_is_the_sum_of_its_lines_and_every_line_is_counted(tmp_path):
    business = Business(tmp_path).maps(LINES)
    business.write(
        "lines.csv",
        "invoice,who,day,amount,what\ni1,ann,2026-02-01,10.10,plan\ni2,bob,2026-02-02,8,plan\n"
        "i1,ann,2026-02-01,2.05,usage\ni1,ann,2026-02-01,2.10,tax\ni1,ann,2026-02-01,,free\n",
    )
    report = business.table_report("payments")
    assert business.events("payments", ("subscriber_id", "invoice_id", "amount")) == [
        ("ann", "i1", 1215),
        ("bob", "i2", 800),
    ]
    assert (report.in_rows.read, report.in_rows.landed, report.in_rows.dropped) == (5, 2, 3)


def test_an_invoice_with_a_line_that_cannot_be_read_is_rejected_and_not_smaller(tmp_path):
    business = Business(tmp_path).maps(LINES)
    business.write(
        "lines.csv",
        "invoice,who,day,amount,what\ni1,ann,2026-02-01,10,plan\ni1,ann,2026-02-01,2o,usage\n"
        "i2,bob,2026-02-02,8,plan\n",
    )
    report = business.table_report("payments")
    assert business.events("payments", ("invoice_id", "amount")) == [("i2", 800)]
    assert report.rejected == {"bad_type": 1}
    assert report.examples[0].value == "2o"


def test_what_is_added_up_needs_a_type(tmp_path):
    business = Business(tmp_path).maps(LINES.replace('types = { amount = "number" }', ""))
    business.write("lines.csv", "invoice,who,day,amount,what\ni1,ann,2026-02-01,10,plan\n")
    with pytest.raises((BadMapping, IncompleteExtract), match="needs a type"):
        business.extract()


class TestSeveralFiles:
    """Files of one input that are grouped or numbered are read as one."""

    HEAD = "invoice,who,day,what,amount\n"
    START = "s1,ann,basic,10,2026-01-05\n"
    CHANGE = "s1,ann,pro,20,2026-02-03\n"

    def lines(self, tmp_path, **files):
        business = Business(tmp_path).maps(LINES.replace("lines.csv", "lines_*.csv"))
        for name, rows in files.items():
            business.write(f"lines_{name}.csv", self.HEAD + rows)
        report = business.table_report("payments", day(20))
        return report, business, business.events("payments", ("invoice_id", "amount"))

    def history(self, tmp_path, **files):
        business = Business(tmp_path).maps(HISTORY.replace("history.csv", "h_*.csv"))
        for name, rows in files.items():
            business.write(f"h_{name}.csv", f"id,who,plan,price,since\n{rows}")
        report = business.table_report("subscriptions", day(20))
        return report, business.events("subscriptions", ("kind", "plan"))

    def test_an_invoice_whose_lines_lie_in_two_files_is_one(self, tmp_path):
        report, _, found = self.lines(
            tmp_path,
            a="i1,ann,2026-02-03,seat,5.00\ni2,bea,2026-02-03,seat,1.00\n",
            b="i1,ann,2026-02-03,help,2.50\ni1,ann,2026-02-03,tax,9.00\n",
        )
        assert sorted(found) == [("i1", 750), ("i2", 100)]
        rows = report.in_rows
        assert (rows.read, rows.landed, rows.dropped, rows.rejected) == (4, 2, 2, 0)
        assert report.files == ("lines_a.csv", "lines_b.csv")

    def test_rows_that_stand_in_two_files_count_once(self, tmp_path):
        """Exports overlap; of lines that are alike within a file each counts."""
        twice = "i1,ann,2026-02-03,seat,5.00\n" * 2
        report, _, found = self.lines(
            tmp_path, a=twice, b="i1,ann,2026-02-03,help,1.00\n" + twice + "i2,bea,2026-02-03,x,2\n"
        )
        assert sorted(found) == [("i1", 1100), ("i2", 200)]
        assert (report.in_rows.read, report.in_rows.landed, report.in_rows.dropped) == (6, 2, 4)
        assert any("2 rows stand in an earlier file too" in note for note in report.notes)

    def test_a_broken_row_is_told_by_its_own_file_and_line(self, tmp_path):
        report, business, found = self.lines(
            tmp_path,
            a="i1,ann,2026-02-03,seat,5.00\n",
            b="i3,cid,2026-02-03,seat,1.00\ni2,bea,soon,seat,1.00\n",
        )
        assert sorted(found) == [("i1", 500), ("i3", 100)]
        (one,) = report.examples
        assert (one.file, one.row, one.value) == ("lines_b.csv", 3, "soon")
        rejected = business.landing.rejected(PAYMENTS, day(20).date())
        assert rejected.select("file", "row").rows() == [("lines_b.csv", 3)]

    def test_numbers_go_on_across_files(self, tmp_path):
        _, found = self.history(tmp_path, a=self.CHANGE, b=self.START)
        assert found == [("started", "basic"), ("plan_changed", "pro")]

    def test_an_overlap_is_not_numbered_twice(self, tmp_path):
        _, found = self.history(tmp_path, a=self.START, b=self.START + self.CHANGE)
        assert found == [("started", "basic"), ("plan_changed", "pro")]

    def test_the_first_row_of_a_case_is_in_any_file(self, tmp_path):
        business = Business(tmp_path).maps("""
            [tickets]
            file = "t*.csv"
            subscriber_id = "who"
            ticket_id = "case"
            happened_at = "at"
            types = { at = "time" }
            numbered = { by = "case", order = "at" }
            kind = "CASE WHEN nth = 1 THEN 'opened' ELSE 'replied' END"
        """)
        business.write("t1.csv", "case,who,at\n1,ann,2026-02-03T10:00\n")
        business.write("t2.csv", "case,who,at\n1,ann,2026-02-03T10:00\n1,ann,2026-02-04T10:00\n")
        business.extract(day(20))
        assert [kind for (kind,) in business.events("tickets", ("kind",))] == ["opened", "replied"]

    def test_a_file_that_lacks_a_column_is_named(self, tmp_path):
        business = Business(tmp_path).maps(LINES.replace("lines.csv", "lines_*.csv"))
        business.write("lines_a.csv", self.HEAD + "i1,ann,2026-02-03,seat,5.00\n")
        business.write("lines_b.csv", "invoice,who,day,what\ni1,ann,2026-02-03,seat\n")
        with pytest.raises(BadMapping, match=r"lines_b\.csv.*amount"):
            business.extract(day(20))

    def test_a_column_that_is_not_read_may_be_missing(self, tmp_path):
        _, _, found = self.lines(tmp_path, a="i1,ann,2026-02-03,seat,5.00\n")
        business = Business(tmp_path)
        business.write("lines_b.csv", "invoice,who,day,what,amount,x\ni1,ann,2026-02-03,b,1,2\n")
        business.extract(day(21))
        assert ("i1", 600) in business.events("payments", ("invoice_id", "amount"))
        assert found == [("i1", 500)]
