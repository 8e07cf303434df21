"""Prefect at the edge: its server, its runs, and what it may keep of them."""
