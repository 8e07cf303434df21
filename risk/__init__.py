"""The published table of risks that support people and their tools read."""
