"""Other tools doing the same work, as their users would write it; they know nothing of Perdura."""
