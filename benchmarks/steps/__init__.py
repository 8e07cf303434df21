"""Perdura's steps, each run in a process of its own, which prints its result as JSON."""
