"""The risk table as a person sees it in a terminal."""
