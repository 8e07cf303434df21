"""How likely a subscriber is to leave, and why."""
