"""Learn typical values of comparable subscribers, from the rows that a model is fitted on."""

import polars as pl

from perdura.features.catalogue import column_named
from perdura.features.definition import Feature
from perdura.models.boosting.booster import Examples
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.typical_values import COMPARED_BY, Group, TypicalValues, Value

# A median of fewer rows is uncertain, and reveals too much of the few subscribers behind it.
_FEWEST = 200
# Most groups of a kind to keep, the largest first.
_MOST_GROUPS = 100
# More rows than these hardly move a median.
_MOST_ROWS = 100_000


def learn_typical(contract: ColumnContract, fit: Examples) -> TypicalValues:
    """The typical values of non-churners.

    Subscribers at risk are compared with non-churners, and a training set may hold only a share
    of these.

    Args:
        contract: The columns.
        fit: Encoded rows and their outcomes.
    """
    stayed = fit.matrix[fit.happened == 0]
    stayed = stayed[:: max(1, -(-len(stayed) // _MOST_ROWS))]
    rows = pl.DataFrame(stayed, schema=contract.names).fill_nan(None)
    by = [name for name in COMPARED_BY if name in contract.names]
    groups = [_group({}, rows, contract)]
    for count in range(1, len(by) + 1):
        parts = rows.partition_by(by[:count], as_dict=True).items()
        large = [(key, part) for key, part in parts if part.height >= _FEWEST]
        large.sort(key=lambda found: (-found[1].height, str(found[0])))
        for key, part in large[:_MOST_GROUPS]:
            groups.append(_group(dict(zip(by[:count], key, strict=True)), part, contract))
    return TypicalValues(tuple(groups))


def _group(common: dict[str, float | None], rows: pl.DataFrame, contract: ColumnContract) -> Group:
    texts = {column.name: column.categories for column in contract.columns}

    def decoded(name: str, code: float | None) -> Value:
        categories = texts[name]
        return code if code is None or categories is None else categories[int(code)]

    def typical(name: str) -> pl.Expr:
        """The median or the most frequent text; null where most rows are null."""
        column = pl.col(name)
        usual = column.median() if texts[name] is None else column.drop_nulls().mode().min()
        return pl.when(column.null_count() * 2 <= pl.len()).then(usual).alias(name)

    values = rows.select(typical(name) for name in contract.names).row(0, named=True)
    return Group(
        {name: decoded(name, code) for name, code in common.items()},
        {name: decoded(name, code) for name, code in values.items()},
        _known(rows, values, [name for name in contract.names if texts[name] is None]),
    )


def _known(
    rows: pl.DataFrame, values: dict[str, float | None], names: list[str]
) -> dict[str, float]:
    """The medians of known numbers, of amounts in the typical currency."""

    def known(name: str) -> pl.Expr:
        currency = _currency_of(name)
        alike = pl.lit(value=True)
        if currency in values:
            alike = pl.col(currency).eq_missing(values[currency])
        numbers = pl.col(name).filter(alike).drop_nulls()
        return pl.when(numbers.len() >= min(_FEWEST, rows.height)).then(numbers.median())

    found = rows.select(known(name).alias(name) for name in names).row(0, named=True)
    return {name: value for name, value in found.items() if value is not None}


def _currency_of(name: str) -> str | None:
    """The column that holds the currency of a column's amounts."""
    column = column_named(name)
    return column.feature.currency if column and isinstance(column.feature, Feature) else None
