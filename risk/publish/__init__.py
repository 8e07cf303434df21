"""Publish a night: check, stage, rank and swap it in, in one transaction."""
