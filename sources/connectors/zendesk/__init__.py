"""Zendesk: tables as they are landed, incremental exports as JSON, or its API."""
