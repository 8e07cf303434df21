"""What is written beside the risks: contacts, assignments, tokens, the audit, erasures."""
