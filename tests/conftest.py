"""What every test shares."""

from hypothesis import settings

settings.register_profile("perdura", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("perdura")
