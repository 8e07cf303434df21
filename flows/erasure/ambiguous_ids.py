"""Ids that are ordinary words: texts about no subscriber may hold the words themselves."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perdura.risk.records.erase import ErasedAccount
from perdura.risk.schema.phrases import PHRASES
from perdura.risk.schema.tables import NIGHTS, RISK

_WORDS = re.compile(r"[^\W\d_]+(?:[-_ ][^\W\d_]+)*")

#: Their texts are ours, of reasons and actions, and name no subscriber.
_OUR_TEXTS = {RISK.name, NIGHTS.name, PHRASES.name}


def is_ordinary_word(name: str) -> bool:
    """Whether an id is letters alone, such as ``payment`` or ``past-due``."""
    return _WORDS.fullmatch(name) is not None


def as_ids(accounts: Sequence[ErasedAccount]) -> list[ErasedAccount]:
    """The accounts, of which those that are ordinary words are looked for as whole ids alone."""
    return [
        replace(account, spellings=()) if is_ordinary_word(account.name) else account
        for account in accounts
    ]


def words_among(accounts: Sequence[ErasedAccount]) -> list[ErasedAccount]:
    """The accounts that are ordinary words and are looked for in texts."""
    return [account for account in accounts if account.spellings and is_ordinary_word(account.name)]


def holds_prose(file: Path) -> bool:
    """Whether an ordinary word in a file says nothing, where it stands in no column of ids.

    So it is in cards of models, settings, events and logs. An erasure takes it out of what help
    desks were told and of results that Prefect keeps, and there it is not to be found again.
    """
    return not file.match("push-*.jsonl") and "storage" not in file.parts


def is_prose(table: str, *, ours: bool) -> bool:
    """The same of a table, of the risk table's database (``ours``) or of another."""
    return not ours or table in _OUR_TEXTS
