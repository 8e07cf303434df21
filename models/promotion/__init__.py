"""Whether a model becomes the champion, and why, in words."""
