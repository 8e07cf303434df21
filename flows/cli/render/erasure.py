"""What a person sees of an erasure."""

from rich.console import Console

from perdura.flows.cli.render.runs import OUT, titled
from perdura.flows.erasure.erase import Forgotten, Kept
from perdura.flows.erasure.search import Found, Search
from perdura.flows.settings import Settings
from perdura.risk.records.erase import exists
from perdura.risk.records.rewriting import is_due
from perdura.risk.store.urls import shown


class StillNamed(RuntimeError):
    """A search found somebody who was to be forgotten."""


def print_kept(kept: Kept, console: Console = OUT) -> None:
    """What would be erased, by place."""
    _say_accounts(kept, console)
    _print_rows(kept, "Kept about them", console)


def print_forgotten(done: Forgotten, settings: Settings, console: Console = OUT) -> None:
    """What was erased where, which models have learnt from it, and whether anything is left."""
    _say_accounts(done.kept, console)
    _print_rows(done.kept, "Erased", console)
    if done.versions:
        told = ", ".join(
            f"{v.version} (champion)" if v.is_champion else v.version for v in done.versions
        )
        console.print(
            f"Versions of the model that have learnt from them, or may have: {told}. They hold no "
            "row of anybody; perdura train makes one without them."
        )
    if done.told:
        console.print(
            f"Help desks that were told of them: {', '.join(done.told)}. Clear them there."
        )
    print_search(done.searched, console)
    say_put_off(settings.risk_url, console)
    if settings.risk_url.startswith("postgres"):
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
    looked = f"Searched {searched.files:,} files and {searched.databases:,} databases"
    for place in searched.out_of_reach:
        console.print(f"Not searched: {place}. Search and clean it there.", soft_wrap=True)
    _say_doubt([each for each in searched.found if each.doubt], console)
    named = [each for each in searched.found if not each.doubt]
    if not named:
        console.print(f"{looked}: nothing names them.")
        return
    table = titled(f"{looked}; named still in", "place")
    table.add_column("rows", justify="right")
    for each in named:
        table.add_row(f"{each.where} (a source)" if each.yours else each.where, f"{each.rows:,}")
    console.print(table)
    if any(_is_prefects(each) for each in named):
        console.print(
            "Prefect keeps runs and logs of its own. Delete the runs that name them, or, while "
            "nothing runs, Prefect's folder: no result of Perdura is in it."
        )
    if any(each.yours for each in named):
        console.print(
            "Sources are yours: erase them there too. Until then extracts refuse their rows."
        )


def _say_doubt(found: list[Found], console: Console) -> None:
    """Where an id that is an ordinary word stands in texts, which may mean the word."""
    if found:
        console.print(
            f"The id is an ordinary word, and stands in {len(found)} texts that may mean the word: "
            f"{_listed(found)}. No column of ids there names them.",
            soft_wrap=True,
        )


def _is_prefects(found: Found) -> bool:
    return found.where.startswith(("data/prefect/", "/"))


def refuse_left(searched: Search) -> None:
    """Nothing, if only sources name somebody, or texts that may mean the word.

    Raises:
        StillNamed: Something of ours does.
    """
    left = [each for each in searched.found if not each.yours and not each.doubt]
    if left:
        raise StillNamed(f"still named in {_listed(left)}")


def _listed(found: list[Found]) -> str:
    places = [each.where for each in found]
    more = f" and {len(places) - 5} places more" if len(places) > 5 else ""
    return ", ".join(places[:5]) + more


def _say_accounts(kept: Kept, console: Console) -> None:
    names = ", ".join(kept.accounts)
    console.print(f"{len(kept.accounts)} accounts: {names}", markup=False, soft_wrap=True)
    if kept.forgotten_on:
        console.print(f"Forgotten since {kept.forgotten_on}.")


def _print_rows(kept: Kept, title: str, console: Console) -> None:
    if not kept.rows:
        console.print("Nothing is kept about them.")
        return
    table = titled(title, "place")
    table.add_column("rows", justify="right")
    for place, count in kept.rows.items():
        table.add_row(place, f"{count:,}")
    console.print(table)
