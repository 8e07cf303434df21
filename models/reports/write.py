"""The files of a training besides its metrics: a card, tables, pictures."""

from pathlib import Path

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.reports.backtest_card import backtest_card
from perdura.models.reports.card import groups, model_card
from perdura.models.reports.html import page
from perdura.models.reports.importance import column_importance
from perdura.models.training.result import Trained


def write_report(trained: Trained, folder: Path) -> None:
    """Write the card, the tables and the pictures of a trained model into ``folder``.

    They hold no rows of subscribers, so that no subscriber need be erased from them later.
    """
    from perdura.models.reports.plots import draw_months, draw_pictures

    folder.mkdir(parents=True)
    importance = column_importance(trained.model, trained.columns)
    by_segment = groups(trained)
    card = model_card(trained, by_segment)
    (folder / "card.md").write_text(card, encoding="utf-8")
    by_segment.write_csv(folder / "groups.csv")
    if trained.earlier is not None:
        trained.earlier.by_date.write_csv(folder / "earlier.csv")
    importance.write_csv(folder / "importance.csv")
    draw_pictures(trained.test_rows, importance, folder)
    if trained.months is not None:
        trained.months.by_month.write_csv(folder / "months.csv")
        trained.months.by_group.write_csv(folder / "survival.csv")
        draw_months(trained.months.by_month, folder / "months.png")
    (folder / "card.html").write_text(page(card, folder), encoding="utf-8")


def write_backtest(found: Backtest, folder: Path) -> None:
    """Write the card, the tables and the picture of a backtest into ``folder``."""
    from perdura.models.reports.plots import draw_backtest

    card = backtest_card(found)
    (folder / "backtest.md").write_text(card, encoding="utf-8")
    found.overall.write_csv(folder / "overall.csv")
    found.segments.write_csv(folder / "segments.csv")
    draw_backtest(found.overall, folder / "backtest.png")
    (folder / "backtest.html").write_text(page(card, folder), encoding="utf-8")
