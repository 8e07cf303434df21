"""What a person sees of an erasure."""

from rich.console import Console

from perdura.flows.cli.console import OUT
from perdura.flows.cli.render.runs import titled
from perdura.flows.erasure.erase import Forgotten, Kept
from perdura.flows.erasure.search import Found, Search
from perdura.risk.records.erase import exists
from perdura.risk.records.rewriting import is_due
from perdura.risk.store.urls import shown
from perdura.sources.counted import counted


class StillNamed(RuntimeError):
    """A search found a subscriber who was to be forgotten."""


def print_kept(kept: Kept, console: Console = OUT) -> None:
    """What would be erased, by place."""
    _print_rows(kept, "Kept about them", console)


def print_forgotten(done: Forgotten, url: str, console: Console = OUT) -> None:
    """What was erased where, which models have learnt from it, and whether anything is left."""
    _print_rows(done.kept, "Erased", console)
    if done.versions:
        versions = ", ".join(
            f"{found.version} (champion)" if found.is_champion else found.version
            for found in done.versions
        )
        console.print(
            f"Versions of the model that have learnt from them, or may have: {versions}. They hold "
            "no rows; perdura train makes one without them."
        )
    if done.told:
        console.print(
            f"Help desks that were told of them: {', '.join(done.told)}. Clear them there."
        )
    print_search(done.searched, console)
    say_put_off(url, console)
    if url.startswith("postgres"):
        console.print(
            "PostgreSQL's log files, replicas and backups keep older pages until they expire there."
        )
    console.print("Backups of the home, if there are any, are yours to clean.")


def say_put_off(url: str, console: Console = OUT) -> None:
    """That unused pages of a large file may hold older copies for a while, where that is so."""
    if exists(url) and is_due(url):
        console.print(
            f"Pages of {shown(url)} that are not in use may still hold older copies, which no "
            "query finds: the next night (perdura score) writes the file anew. Now it would keep "
            "contacts waiting.",
            soft_wrap=True,
        )


def print_search(searched: Search, console: Console = OUT) -> None:
    """Where people are named still."""
    looked = (
        f"Searched {counted(searched.files, 'file')} and {counted(searched.databases, 'database')}"
    )
    for place in searched.out_of_reach:
        console.print(f"Not searched: {place}. Search and clean it there.", soft_wrap=True)
    if doubtful := [found for found in searched.found if found.doubt]:
        console.print(
            f"The id is an ordinary word, and stands in {counted(len(doubtful), 'text')} that may "
            f"mean the word: {_listed(doubtful)}. No column of ids there names them.",
            soft_wrap=True,
        )
    named = [found for found in searched.found if not found.doubt]
    if not named:
        console.print(f"{looked}: nothing names them.")
        return
    table = titled(f"{looked}; named still in", "place")
    table.add_column("rows", justify="right")
    for found in named:
        place = f"{found.where} (a source)" if found.yours else found.where
        table.add_row(place, f"{found.rows:,}")
    console.print(table)
    if any(found.where.startswith(("data/prefect/", "/")) for found in named):
        console.print(
            "Prefect keeps runs and logs of its own. Delete the runs that name them, or, while "
            "nothing runs, Prefect's folder: no result of Perdura is in it."
        )
    if any(found.yours for found in named):
        console.print(
            "Sources are yours: erase them there too. Until then extracts refuse their rows."
        )


def refuse_left(searched: Search) -> None:
    """Nothing, if only sources name an account, or texts that may mean the word.

    Raises:
        StillNamed: Something of ours does.
    """
    left = [found for found in searched.found if not found.yours and not found.doubt]
    if left:
        raise StillNamed(f"still named in {_listed(left)}")


def _listed(found: list[Found]) -> str:
    places = [place.where for place in found]
    more = f" and {counted(len(places) - 5, 'place')} more" if len(places) > 5 else ""
    return ", ".join(places[:5]) + more


def _print_rows(kept: Kept, title: str, console: Console) -> None:
    names = ", ".join(kept.accounts)
    console.print(
        f"{counted(len(kept.accounts), 'account')}: {names}", markup=False, soft_wrap=True
    )
    if kept.forgotten_on:
        console.print(f"Forgotten since {kept.forgotten_on}.")
    if not kept.rows:
        console.print("Nothing is kept about them.")
        return
    table = titled(title, "place")
    table.add_column("rows", justify="right")
    for place, count in kept.rows.items():
        table.add_row(place, f"{count:,}")
    console.print(table)
