"""Every feature that Perdura measures, and the page that lists them."""

from collections.abc import Iterable
from pathlib import Path

from perdura.features.definition import Balance, Column, Derived, Feature, Latest, Over, Since
from perdura.features.topics.attributes import attribute_column, attribute_features
from perdura.features.topics.contacts import CONTACT_COLUMNS, CONTACT_FEATURES
from perdura.features.topics.payments import PAYMENT_FEATURES
from perdura.features.topics.ratings import RATING_FEATURES
from perdura.features.topics.subscription import RENEWAL_FEATURES, SUBSCRIPTION_FEATURES
from perdura.features.topics.subscription_changes import CHANGE_FEATURES
from perdura.features.topics.support import SUPPORT_FEATURES
from perdura.features.topics.usage import USAGE_FEATURES

# The order of the columns is the model's: another order is another model.
FEATURES: tuple[Feature | Derived, ...] = (
    *PAYMENT_FEATURES,
    *SUPPORT_FEATURES,
    *RATING_FEATURES,
    *SUBSCRIPTION_FEATURES,
    *CHANGE_FEATURES,
    *RENEWAL_FEATURES,
    *USAGE_FEATURES,
)

#: With what support did, where that is learnt from.
WITH_CONTACTS: tuple[Feature | Derived, ...] = (*FEATURES, *CONTACT_FEATURES)

#: Every column by its name, in the order the builder gives them.
COLUMNS: dict[str, Column] = {
    column.name: column for feature in WITH_CONTACTS for column in feature.columns
}

PAGE = Path(__file__).resolve().parent.parent / "docs" / "FEATURES.md"

_HEAD = f"""# The features

{len(COLUMNS)} columns from {len(WITH_CONTACTS)} features. Written by `make docs` from the
definitions in `features/`; a test fails when it is not current.

A window of `d` days is `[as_of - d, as_of)`, and only what was known before `as_of` counts.
Those of `contacts` are measured only with `contacted = "features"`, and never given as a reason.
"""


def to_measure(*, contacts: bool, attributes: Iterable[str] = ()) -> tuple[Feature | Derived, ...]:
    """What is measured: with what support did, or without; and attributes of subscribers."""
    return (*(WITH_CONTACTS if contacts else FEATURES), *attribute_features(attributes))


def column_named(name: str) -> Column | None:
    """The column of this name, of the catalogue or of an attribute; ``None`` if there is none."""
    return COLUMNS.get(name) or attribute_column(name)


def reads_contacts(names: Iterable[str]) -> bool:
    """Whether columns of these names tell what support did."""
    return not CONTACT_COLUMNS.isdisjoint(names)


def page() -> str:
    """The catalogue as Markdown: one row per feature, in the order of the columns."""
    lines = [_HEAD, "| feature | over days | from | unit | sign of | English | Spanish |"]
    lines.append("|---|---|---|---|---|---|---|")
    for feature in WITH_CONTACTS:
        windows = ", ".join(str(column.days) for column in feature.columns if column.days)
        words = (phrases.many.replace("{n}", "*n*") for phrases in (feature.en, feature.es))
        source, name = _source(feature), f"`{feature.name}`"
        cells = [name, windows, source, feature.unit, feature.signal, *words]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _source(feature: Feature | Derived) -> str:
    if isinstance(feature, Derived):
        return f"`{feature.sql}`"
    match feature.measure:
        case Over(how, column):
            what = how if column is None else f"{how} of {column}"
        case Since(which):
            what = f"days since the {which}"
        case Latest(column):
            what = f"last known {column}"
        case Balance(up, down, thing):
            return f"{feature.events.name}: {thing} open, by `{up}` against `{down}`"
    where = "" if feature.where == "true" else f" where `{feature.where}`"
    return f"{feature.events.name}: {what}{where}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
