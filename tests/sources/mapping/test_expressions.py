"""SQL of a mapping: what it may name, and what is said where it names something else."""

import polars as pl
import pytest

from perdura.sources.mapping.expressions import NoColumn, Scope
from perdura.sources.mapping.mapping import BadMapping, or_rather

COLUMNS = ("id", "customer", "amount", "date", "order", "first name", "it's")
SCOPE = Scope("m.toml, section [payments], file p.csv", COLUMNS)


def value(sql: object) -> object:
    frame = pl.DataFrame(dict(zip(COLUMNS, ("i", "ann", 5, "d", "o", "f", "s"), strict=True)))
    return frame.select(SCOPE.compile("kind", sql).alias("x"))["x"][0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("customer", "ann"),
        ("first name", "f"),  # a column's name is itself, whatever it is made of
        ("it's", "s"),
        ("order", "o"),
        ('"date"', "d"),
        ("'paid'", "paid"),
        ("UPPER(customer)", "ANN"),
        ("CASE WHEN amount > 3 THEN 'paid' ELSE 'failed' END", "paid"),
        (5, 5),
        (0.5, 0.5),
        (True, True),
    ],
)
def test_an_expression_is_a_column_an_sql_or_itself(sql: object, found: object):
    assert value(sql) == found


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("customer", {"customer"}),
        ("first name", {"first name"}),
        ("CONCAT(id, '-', customer)", {"id", "customer"}),
        ("'customer'", set()),
        (7, set()),
        ("missing + amount", {"missing", "amount"}),
    ],
)
def test_the_columns_that_an_expression_reads(sql: object, names: set[str]):
    assert SCOPE.names(sql) == names  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("amuont", "reads a column 'amuont', which is not there; did you mean amount?"),
        ("paid", "for the text itself write kind = \"'paid'\""),
        ("amount + fee", "reads a column 'fee', which is not there"),
    ],
)
def test_a_column_that_is_not_there(sql: str, says: str):
    with pytest.raises(NoColumn) as error:
        SCOPE.compile("kind", sql)
    assert str(error.value).startswith(f"{SCOPE.location}: kind = {sql!r} ")
    assert says in str(error.value)


def test_names_that_are_no_text_are_told_as_a_matter_of_encoding():
    scope = Scope("m.toml", ["Betr\ufffdge", "id"])
    with pytest.raises(NoColumn, match="names in the header are no UTF-8, write for example"):
        scope.compile("amount", "Betrag")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPPER(customer", "is no SQL expression"),
        ("amount >", "is no SQL expression"),
        ("order > 3", ("'order' is a word of SQL; put the column's name in quotation marks: "
         "kind = '\"order\" > 3'")),
        ("order > 'x'", "kind = '''\"order\" > 'x''''"),
    ],
)  # fmt: skip
def test_what_is_no_sql(sql: str, says: str):
    with pytest.raises(BadMapping) as error:
        SCOPE.compile("kind", sql)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "sql", ["SUM(amount)", "amount - AVG(amount)", "COUNT(*)", "FIRST(customer)", "MAX(amount) > 3"]
)
def test_what_looks_at_many_rows_knows_what_was_not_known_yet(sql: str):
    with pytest.raises(BadMapping, match="looks at many rows at once, and so at what was not"):
        SCOPE.compile("amount", sql)


def test_a_column_of_that_very_name():
    assert SCOPE.column("on", "first name").meta.output_name() == "first name"
    with pytest.raises(NoColumn, match="""on = '"First Name"' reads a column 'First Name'"""):
        SCOPE.column("on", "First Name")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("custmer", "; did you mean customer?"),
        ("CUSTOMER", "; did you mean customer, order, first name?"),
        ("zzz", f"; there is {', '.join(COLUMNS)}"),
    ],
)
def test_the_closest_names_are_offered_or_all(name: str, says: str):
    assert or_rather(name, COLUMNS) == says
