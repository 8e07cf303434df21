"""The files of a training: what is linked is there, and no subscriber is named in any."""

from dataclasses import replace

import polars as pl
import pytest

from perdura.models.evaluation.survival_metrics import MonthsEvaluation
from perdura.models.reports.card import groups, model_card
from perdura.models.reports.importance import column_importance, signal_importance
from perdura.models.reports.write import write_report
from tests.models.reports.test_card import MAY, earlier
from tests.support.made_up import COLUMNS
from tests.support.small_training import small_training

ALWAYS = {
    "card.md",
    "card.html",
    "groups.csv",
    "importance.csv",
    "calibration.png",
    "gain.png",
    "voluntary.png",
    "payment.png",
    "importance.png",
}


def months() -> MonthsEvaluation:
    by_month = pl.DataFrame(
        {"month": [1], "rows": [9], "said": [0.1], "rate": [0.1], "low": [0.0], "high": [0.4]}
    )
    names = ["group", "value", "people", "measure", "said", "came", "low", "high", "ratio"]
    by_group = pl.DataFrame(
        [("all", "all", 60, "survival_3m", 0.8, 0.8, 0.7, 0.9, 1.0)], schema=names, orient="row"
    )
    return MonthsEvaluation(by_month=by_month, by_group=by_group)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The report of a training with everything that it may have."""
    out = tmp_path_factory.mktemp("report") / "of" / "a training"
    write_report(replace(small_training(), months=months(), earlier=earlier([MAY])), out)
    return out


def test_a_training_without_months_and_earlier_dates_writes_the_other_files(tmp_path):
    write_report(small_training(), tmp_path / "report")
    assert {file.name for file in (tmp_path / "report").iterdir()} == ALWAYS


def test_with_them_their_tables_and_their_picture_are_written_too(folder):
    more = {"earlier.csv", "months.csv", "survival.csv", "months.png"}
    assert {file.name for file in folder.iterdir()} == ALWAYS | more


def test_every_picture_of_the_folder_stands_on_the_page_once(folder):
    text = (folder / "card.html").read_text("utf-8")
    for file in folder.glob("*.png"):
        assert text.count(f'<img alt="{file.stem}" src="data:image/png;base64,') == 1
    assert text.count("<img ") == len(list(folder.glob("*.png"))) == 6


def test_the_page_and_the_markdown_say_the_same(folder):
    trained = replace(small_training(), months=months(), earlier=earlier([MAY]))
    card = model_card(trained, groups(trained))
    assert (folder / "card.md").read_text("utf-8") == card
    text = (folder / "card.html").read_text("utf-8")
    assert text.count("<h2>") == card.count("\n## ")
    assert text.count("<tr>") == sum(line.startswith("| ") for line in card.split("\n"))
    assert 'src="http' not in text


def test_the_tables_are_those_of_the_card(folder):
    trained = small_training()
    assert pl.read_csv(folder / "groups.csv").height == groups(trained).height
    assert pl.read_csv(folder / "earlier.csv")["rows"].to_list() == [400]
    assert pl.read_csv(folder / "months.csv")["month"].to_list() == [1]
    assert pl.read_csv(folder / "survival.csv")["measure"].to_list() == ["survival_3m"]
    found = pl.read_csv(folder / "importance.csv")
    assert (
        found["column"].to_list() == column_importance(trained.model, COLUMNS)["column"].to_list()
    )


def test_no_file_names_a_subscriber(folder):
    ids = small_training().test_rows["subscriber_id"].unique().to_list()
    assert len(ids) > 100
    for file in folder.iterdir():
        if file.suffix != ".png":
            text = file.read_text("utf-8")
            assert not [one for one in ids if one in text], file.name


def test_a_report_is_never_written_over_another(folder):
    with pytest.raises(FileExistsError):
        write_report(small_training(), folder)


def test_the_importance_of_columns_is_their_share_of_the_gain():
    trained = small_training()
    found = column_importance(trained.model, COLUMNS)
    assert found["share"].sum() == pytest.approx(1)
    assert found["share"].is_sorted(descending=True)
    gain = dict(
        zip(
            trained.model.contract.names,
            trained.model.booster.feature_importance("gain"),
            strict=True,
        )
    )
    for line in found.to_dicts():
        assert line["share"] == pytest.approx(gain[line["column"]] / sum(gain.values()))
    assert found["splits"].sum() == sum(trained.model.booster.feature_importance("split"))


def test_the_importance_of_a_signal_is_that_of_its_columns_together():
    columns = pl.DataFrame(
        {"column": ["a", "b", "c"], "signal": ["x", "y", "x"], "share": [0.3, 0.45, 0.25]}
    )
    assert signal_importance(columns).rows() == [("x", pytest.approx(0.55)), ("y", 0.45)]


def test_a_column_without_a_definition_is_a_signal_of_its_own():
    found = column_importance(small_training().model, ())
    assert found["signal"].to_list() == found["column"].to_list()
