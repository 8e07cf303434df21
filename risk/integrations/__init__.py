"""The risk table in other tools: webhooks, help desks, files, assistants."""
