"""What is saved and served: the churn model, its column contract and its calibration."""
