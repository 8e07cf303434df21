"""The texts of the pages: gettext catalogues in ``locale/<language>/LC_MESSAGES/desk.po``."""

from __future__ import annotations

from pathlib import Path

from perdura.risk.desk.list_filters import FILTER_LABELS
from perdura.risk.messages import LANGUAGES, Messages
from perdura.risk.query.filters import CAUSES
from perdura.risk.schema.contacts import ACTIONS
from perdura.risk.schema.recent import STATES_KNOWN
from perdura.risk.schema.tables import BANDS

__all__ = [
    "FAMILIES",
    "LANGUAGES",
    "PROBLEMS",
    "SCRIPT_PROBLEMS",
    "SOURCES",
    "catalogue",
    "path_of",
]

SOURCES = ("payments", "tickets", "subscriptions", "contacts")
#: What a whole page is about where the page that was requested is not shown.
PROBLEMS = (
    "page_not_found",
    "no_night",
    "session_ended",
    "token_revoked",
    "forbidden",
    "not_allowed",
    "too_many",
    "too_large",
    "unavailable",
    "unrecorded",
)
#: Problems that the page's script shows beside a form or list, besides ``other``.
SCRIPT_PROBLEMS = (
    "session_ended",
    "token_revoked",
    "forbidden",
    "not_allowed",
    "too_large",
    "too_many",
    "unavailable",
    "unrecorded",
    "no_night",
    "not_found",
    "no_connection",
)
_PAYMENT_KINDS = ("invoiced", "paid", "failed", "refunded", "disputed", "written_off")
_TICKET_KINDS = ("opened", "replied", "reopened", "escalated", "resolved", "rated")
_SUBSCRIPTION_KINDS = (
    "trial_started",
    "started",
    "plan_changed",
    "paused",
    "resumed",
    "cancel_scheduled",
    "cancel_withdrawn",
    "ended",
)
_CONTACT_KINDS = ("contacted", "offered", "held_out", "listed")
#: Failure codes that payment providers share; others are shown as they are.
FAILURES = (
    "account_closed",
    "authentication_required",
    "card_declined",
    "card_expired",
    "do_not_honor",
    "expired_card",
    "generic_decline",
    "incorrect_cvc",
    "insufficient_funds",
    "lost_card",
    "processing_error",
    "stolen_card",
)
TOPICS = ("account", "billing", "how_to", "outage", "technical")
#: Names of which each has a message of its own, ``<family>_<name>``.
FAMILIES: dict[str, tuple[str, ...]] = {
    "action": ACTIONS,
    "advice": ("save", "offer", "leave_alone"),
    "all_mrr": ("scored", "leaving", "paused", "trial"),
    "band": BANDS,
    "cause": CAUSES,
    "column": ("plan", "payment_method", "currency", "country"),
    "contact": ("call", "discount", "email"),
    "effect": ("listed", "contacted", "control"),
    "failure": FAILURES,
    "filter": FILTER_LABELS,
    "kind": _PAYMENT_KINDS + _TICKET_KINDS + _SUBSCRIPTION_KINDS + _CONTACT_KINDS,
    "logged": ACTIONS,
    "problem": PROBLEMS,
    "problem_what": PROBLEMS,
    "refused": ("control", "not_yours", "bad_note", "too_late", "logged_already", "no_contact"),
    "short_cause": CAUSES,
    "sign_in": ("wrong_token", "no_scope"),
    "source": (*SOURCES, "usage"),
    "state": STATES_KNOWN,
    "topic": TOPICS,
    "unlogged": ACTIONS,
    "why": SCRIPT_PROBLEMS,
}
DESK = Messages(Path(__file__).parent / "locale", "desk")
catalogue, path_of = DESK.catalogue, DESK.path_of
