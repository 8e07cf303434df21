"""What settings are made of: the environment, the home's file, dates and the night calendar."""
