"""MLflow: runs, registered versions and the champion."""
