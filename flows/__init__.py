"""The steps in their order, every night and every week, and the command line."""
