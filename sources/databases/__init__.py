"""Databases as sources: what a query gives in a read-only session, streamed into a file."""
