"""The model made anew at earlier dates, and evaluated on what came after."""
