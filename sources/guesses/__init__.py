"""Guesses about files without a mapping: what their columns hold, and which mapping fits."""
