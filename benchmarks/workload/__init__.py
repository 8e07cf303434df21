"""What is given to every tool: made-up events, the features asked for, nights of a risk table."""
