"""``perdura demo`` and ``perdura simulate``: a simulated company."""

from pathlib import Path
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Json, app, checked_settings, start_and_compile


@app.command()
def demo(subscribers: int = 5_000, months: int = 24, as_json: Json = False) -> None:
    """Simulate a company, train on it, score it, and show who may leave."""
    from perdura.flows.cli.refusals import refuse_demo

    refuse_demo(checked_settings())
    start_and_compile()
    from perdura.flows.cli.demo import run_demo

    result = run_demo(subscribers=subscribers, months=months, quiet=as_json)
    if as_json:
        print_json(result)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the company's files.")],
    subscribers: Annotated[int, typer.Option(min=1)] = 5_000,
    months: Annotated[int, typer.Option(min=1)] = 24,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Write a simulated company's events and, apart from them, each subscriber's true risk."""
    from perdura.flows.runtime.progress import step
    from perdura.sources.simulator import simulate as simulate_company

    with step("simulate", {}) as on_progress:
        company = simulate_company(
            out, subscribers=subscribers, months=months, seed=seed, progress=on_progress
        )
    values = {"until": company.until.date(), "rows": company.rows}
    mapping = out / "mapping.toml"
    if as_json:
        print_json({"mapping": str(mapping), **values})
        return
    typer.echo(", ".join(f"{count:,} {name}" for name, count in company.rows.items()))
    typer.echo(f"Next: perdura extract --mapping {mapping} --until {company.until.date()}")
