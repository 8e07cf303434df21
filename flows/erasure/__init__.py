"""Erase one subscriber from everything in a home, and find where an id still stands."""
