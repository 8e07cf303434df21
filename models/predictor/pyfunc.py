"""The code with which MLflow serves a registered model, in place of a pickle."""

from pathlib import Path
from typing import Any

import mlflow.models
import pandas as pd
import polars as pl
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from perdura.models.predictor.churn_model import SERVED_FOLDER, ChurnModel


class ServedChurnModel(PythonModel):
    """The churn model behind MLflow's own interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model from the registered version's artifacts."""
        artifacts: dict[str, str] = context.artifacts
        self.model = ChurnModel.load(Path(artifacts[SERVED_FOLDER]))

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One row per row of feature columns: ``risk``, ``risk_voluntary``, ``risk_payment``."""
        risks = self.model.predict(pl.from_pandas(model_input)).to_pandas()
        return risks.set_axis(model_input.index)


_models: Any = mlflow.models  # declares its types only in part
_models.set_model(ServedChurnModel())
