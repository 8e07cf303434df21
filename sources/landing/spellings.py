"""How an id may stand in a text, and when it is that id and not a piece of another."""

import json
import re
from urllib.parse import quote

#: Ids of fewer bytes are looked for as whole values only: in a text anything may look like them.
TELLING = 6

# Between two letters or digits these join: `ana` is not in `ana-maria` or `ana.b@example.com`.
_JOINS = r"\-@.+#&'"


def is_telling(subscriber_id: str) -> bool:
    """Whether an id that is found in a text is hardly there by chance."""
    return len(subscriber_id.encode(errors="replace")) >= TELLING


def spellings(subscriber_id: str) -> tuple[str, ...]:
    """An id as it is, in JSON, CSV and SQL, and in an address; each once, the longest first."""
    as_json = [json.dumps(subscriber_id, ensure_ascii=escaped)[1:-1] for escaped in (False, True)]
    doubled = [subscriber_id.replace(mark, 2 * mark) for mark in ("'", '"')]
    in_addresses = [
        quote(subscriber_id, safe="", errors="replace"),
        quote(subscriber_id, errors="replace"),
    ]
    found = {subscriber_id, *as_json, *doubled, *in_addresses}
    return tuple(sorted(found, key=lambda spelt: (-len(spelt), spelt)))


def standing_alone(subscriber_id: str) -> re.Pattern[str]:
    """Finds an id in a text where it is no piece of a longer word, however it is spelt."""
    before = rf"(?<!\w)(?<!\w[{_JOINS}])"
    after = rf"(?!\w)(?![{_JOINS}]\w)"
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, spellings(subscriber_id)))}){after}")


def standing_alone_in_polars(subscriber_id: str) -> str:
    """The same for Polars, which cannot look around: it takes in what stands beside."""
    before = rf"(?:^|[^\w{_JOINS}]|(?:^|\W)[{_JOINS}])"
    after = rf"(?:$|[^\w{_JOINS}]|[{_JOINS}](?:$|\W))"
    return f"(?s){before}(?:{'|'.join(map(re.escape, spellings(subscriber_id)))}){after}"
