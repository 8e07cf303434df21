"""Fields of subscribers in help desks, brought up to date: only changes are sent."""
