"""The reference page of the mapping language, generated from its declarations."""
