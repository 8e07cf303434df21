"""What is kept of a training besides its numbers: a card, tables, pictures."""

from pathlib import Path

from models.backtested import Backtest
from models.card import backtest_card, groups, model_card
from models.importance import column_importance
from models.trained import Trained


def write_report(trained: Trained, folder: Path) -> None:
    """Write the card, the tables and the pictures of a trained model into ``folder``.

    No row of any subscriber is in it, so that nobody need be erased from it later.
    """
    from models.pictures import draw_pictures

    folder.mkdir(parents=True)
    importance = column_importance(trained.model, trained.columns)
    (folder / "card.md").write_text(model_card(trained), encoding="utf-8")
    groups(trained).write_csv(folder / "groups.csv")
    importance.write_csv(folder / "importance.csv")
    draw_pictures(trained.judged, importance, folder)


def write_backtest(found: Backtest, folder: Path) -> None:
    """Write the card, the tables and the picture of a backtest into ``folder``."""
    from models.pictures import draw_backtest

    (folder / "backtest.md").write_text(backtest_card(found), encoding="utf-8")
    found.overall.write_csv(folder / "overall.csv")
    found.segments.write_csv(folder / "segments.csv")
    draw_backtest(found.overall, folder / "backtest.png")
