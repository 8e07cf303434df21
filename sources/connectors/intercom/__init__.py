"""Intercom: conversations, from the API's lists as JSON lines or from landed tables."""
