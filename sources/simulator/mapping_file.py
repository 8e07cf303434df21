"""The mapping file of the simulated company: its files already speak the contract's language."""

from perdura.sources.events import CONTACTS, MERGES, PAYMENTS, SUBSCRIPTIONS, TICKETS

#: The tables the company keeps; it has no usage data.
TABLES = (SUBSCRIPTIONS, PAYMENTS, TICKETS, CONTACTS, MERGES)


def mapping_text() -> str:
    """Every column as it is: TOML, with paths relative to the company's folder."""
    sections = ["# The simulated company: every column passes through as it is.\n"]
    for table in TABLES:
        columns = "".join(f'{name} = "{name}"\n' for name in table.schema)
        sections.append(f'[{table.name}]\nfile = "{table.name}/*.parquet"\n{columns}')
    return "\n".join(sections)
