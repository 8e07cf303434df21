"""What MLflow runs to serve a registered model: its code, in place of a pickle."""

from pathlib import Path

import pandas as pd
import polars as pl
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from perdura.models.predictor.churn_model import SERVED_FOLDER, ChurnModel


class ServedChurnModel(PythonModel):
    """The churn model behind MLflow's own interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model from the registered version's artifacts."""
        self.model = ChurnModel.load(Path(context.artifacts[SERVED_FOLDER]))

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One row per row of feature columns: ``risk``, ``risk_voluntary``, ``risk_payment``."""
        risks = self.model.predict(pl.from_pandas(model_input)).to_pandas()
        return risks.set_axis(model_input.index)


set_model(ServedChurnModel())
