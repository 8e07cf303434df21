"""What is read of Intercom's conversations, their parts and contacts: no names and no texts."""

from perdura.sources.connectors.cells import Kind

CONVERSATIONS: dict[str, Kind] = {
    "id": "text",
    "created_at": "time",
    "updated_at": "time",
    "delivered_as": "text",
    "source_type": "text",
    "state": "text",
    "priority": "text",
    "contact_id": "text",
    "first_contact_reply_at": "time",
    "rating": "number",
    "rated_at": "time",
    "first_admin_reply_at": "time",
    "first_close_at": "time",
    "last_close_at": "time",
    "last_contact_reply_at": "time",
}
PARTS: dict[str, Kind] = {
    "id": "text",
    "conversation_id": "text",
    "created_at": "time",
    "part_type": "text",
    "author_type": "text",
    "automatic": "flag",
    "body": "filled",
}
CONTACTS: dict[str, Kind] = {
    "id": "text",
    "updated_at": "time",
    "external_id": "text",
    "email": "text",
}
COLUMNS: dict[str, dict[str, Kind]] = {
    "conversations": CONVERSATIONS,
    "parts": PARTS,
    "contacts": CONTACTS,
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "conversations": ("id", "created_at", "updated_at"),
    "parts": ("id", "conversation_id", "created_at", "part_type"),
    "contacts": ("id",),
}
