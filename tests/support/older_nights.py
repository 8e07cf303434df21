"""Nights as versions before phrases kept them: the words in the rows themselves."""

import json

import sqlalchemy as sa

from perdura.risk.schema.in_words import ALL_IN_WORDS
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import RISK
from perdura.risk.store.connect import writing

#: What came with phrases.
LATER = ("action_phrase", "moved_by_phrase")
#: Fields of a reason that older versions did not keep.
_UNHEARD_OF = ("evidence",)


def in_older_form(url: str) -> None:
    """Turn every night of a table into what an older version would have published."""
    with writing(url) as connection:
        rows = [dict(row) for row in connection.execute(sa.select(*ALL_IN_WORDS)).mappings()]
        for row in rows:
            reasons = [
                {name: value for name, value in reason.items() if name not in _UNHEARD_OF}
                for reason in row["reasons"]
            ]
            told = {"action_text": row["action_text"], "moved_by": row["moved_by"]}
            key = (RISK.c.scored_on == row["scored_on"]) & (
                RISK.c.subscriber_id == row["subscriber_id"]
            )
            connection.execute(
                sa.update(RISK).where(key).values(reasons=reasons, **dict.fromkeys(LATER), **told)
            )
        connection.execute(sa.delete(PHRASES))
        kept = connection.scalars(sa.select(sa.cast(RISK.c.reasons, sa.Text))).all()
        assert not any(json.loads(text) and isinstance(json.loads(text)[0], list) for text in kept)
