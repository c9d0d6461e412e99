"""TabularClassifier and TabularRegressor."""
