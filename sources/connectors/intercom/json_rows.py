"""Rows of conversations, of their parts and of their contacts, from the API's objects."""

from datetime import UTC, datetime

from perdura.json_values import JsonObject, as_object, as_objects

Row = dict[str, object]


def conversation_row(one: JsonObject) -> Row:
    """The row of a conversation, as ``columns.CONVERSATIONS`` has it."""
    source, rating = as_object(one.get("source")), as_object(one.get("conversation_rating"))
    statistics = as_object(one.get("statistics"))
    times = ("first_admin_reply_at", "first_close_at", "last_close_at", "last_contact_reply_at")
    contacts = contact_rows(one)
    return {
        **{name: one.get(name) for name in ("id", "state", "priority")},
        **{name: iso_time(statistics.get(name)) for name in times},
        "created_at": iso_time(one.get("created_at")),
        "updated_at": iso_time(one.get("updated_at")),
        "delivered_as": source.get("delivered_as"),
        "source_type": source.get("type"),
        "contact_id": contacts[0]["id"] if contacts else None,
        "first_contact_reply_at": iso_time(
            as_object(one.get("first_contact_reply")).get("created_at")
        ),
        "rating": rating.get("rating"),
        # created_at of a rating is when it was asked for.
        "rated_at": iso_time(rating.get("updated_at")),
    }


def part_rows(one: JsonObject) -> list[Row]:
    """The rows of a conversation's parts, as ``columns.PARTS`` has them."""
    found: list[Row] = []
    for part in _items(one.get("conversation_parts"), "conversation_parts"):
        author = as_object(part.get("author"))
        about = {
            "conversation_id": one.get("id"),
            "created_at": iso_time(part.get("created_at")),
            "author_type": author.get("type"),
            "automatic": bool(author.get("from_ai_agent")),
            "body": "1" if part.get("body") else None,
        }
        found.append({**part, **about})
    return found


def contact_rows(one: JsonObject) -> list[Row]:
    """The conversation's contacts, the one that began it first; their keys are in it, too."""
    author = as_object(as_object(one.get("source")).get("author"))
    listed = _items(one.get("contacts"), "contacts")
    found: list[Row] = [
        {
            "id": contact.get("id"),
            "external_id": contact.get("external_id"),
            "email": author.get("email") if contact.get("id") == author.get("id") else None,
        }
        for contact in listed
    ]
    return sorted(found, key=lambda contact: contact["id"] != author.get("id"))


def _items(value: object, name: str) -> list[JsonObject]:
    """What a list holds: plain, or as ``{"type": "....list", name: [...]}``."""
    return as_objects(as_object(value).get(name, value))


def iso_time(value: object) -> object:
    """Seconds since 1970 as ISO 8601; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return datetime.fromtimestamp(value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value
