"""Measurements side by side; never tests."""
