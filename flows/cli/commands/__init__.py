"""The commands: every module here adds its own to the command line."""
