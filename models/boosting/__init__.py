"""LightGBM's trees: fitting, raw scores, exact SHAP values. Only this package imports lightgbm."""
