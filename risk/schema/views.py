"""What people and programs query: the newest night as it stands, who moved, and all nights."""

import sqlalchemy as sa

from perdura.risk.schema.in_words import ALL_IN_WORDS, in_words
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.tables import NIGHTS, RISK

#: Views have no place among the tables that are made.
_VIEWS = sa.MetaData()

_NEWEST = RISK.c.scored_on == sa.select(sa.func.max(NIGHTS.c.scored_on)).scalar_subquery()

# A state that the night itself knew already says nothing.
_SINCE = sa.and_(STATES.c.subscriber_id == RISK.c.subscriber_id, STATES.c.as_of > RISK.c.scored_on)
_NOW = sa.func.coalesce(STATES.c.state, RISK.c.state).label("state")
#: By definition what is expected now and what is at stake add up to it: see
#: ``models.scoring.lifetime_value``.
_IF_STAYS = (RISK.c.cltv + RISK.c.expected_lifetime_loss).label("value_if_stays")
_MOVED = sa.and_(RISK.c.band_before.is_not(None), RISK.c.band_before != RISK.c.band)

_QUERIES = {
    "risk_current": sa.select(
        *(c for c in ALL_IN_WORDS if c.name != "state"),
        _NOW,
        RISK.c.state.label("state_scored"),
        STATES.c.since.label("state_since"),
        _IF_STAYS,
    )
    .select_from(RISK.outerjoin(STATES, _SINCE))
    .where(_NEWEST),
    "risk_moves": sa.select(
        *(
            in_words(name)
            for name in ("scored_on", "subscriber_id", "band_before", "band", "risk_before")
        ),
        *(in_words(name) for name in ("risk", "moved_by", "mrr", "currency", "expected_loss")),
        _NOW,
    )
    .select_from(RISK.outerjoin(STATES, _SINCE))
    .where(_NEWEST, _MOVED),
    "risk_history": sa.select(
        *(
            in_words(name)
            for name in ("subscriber_id", "scored_on", "rank", "state", "risk", "band")
        ),
        *(in_words(name) for name in ("mrr", "currency", "expected_loss", "reasons", "action")),
        *(in_words(name) for name in ("horizon_days", "trial")),
    ),
}

#: Their names.
VIEWS = tuple(_QUERIES)


def _view(name: str) -> sa.Table:
    columns = (sa.Column(c.name, c.type) for c in _QUERIES[name].selected_columns)
    return sa.Table(name, _VIEWS, *columns)


#: The newest night, one row per subscriber: columns as of ``risk``, but ``state`` is how they stand
#: by now, ``state_scored`` how they stood in the night, ``state_since`` when that changed.
CURRENT = _view("risk_current")
#: Who of the newest night is in another band than the night before, one row per subscriber.
MOVES = _view("risk_moves")
#: One row per night and subscriber, in few columns.
HISTORY = _view("risk_history")


def create_views(connection: sa.Connection) -> None:
    """Make the views anew, as this version words them. To be called inside a transaction."""
    drop_views(connection)
    for name, query in _QUERIES.items():
        sql = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {sql}")


def drop_views(connection: sa.Connection) -> None:
    """Take the views away: the tables that they read are to change."""
    for name in _QUERIES:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
