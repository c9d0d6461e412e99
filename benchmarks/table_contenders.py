"""Who is compared on the tables: linear, scikit-learn's network, boosted trees, pytabkit's networks, all at defaults.

Boosted trees take categories as categories and missing values as missing. The linear model and scikit-learn's
network take numbers scaled, categories one-hot and missing numbers as the median and a column that says so; pytabkit's
networks take categories as categories, and missing numbers likewise.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pandas as pd

MOST_LEVELS = 255  # of a text column; with more it is a name, not a category (ours judges itself)
PACKAGES = {
    "LightGBM": "lightgbm",
    "XGBoost": "xgboost",
    "CatBoost": "catboost",
    "RealMLP-TD": "pytabkit",
    "TabM-D": "pytabkit",
}
PEERS = ("linear", "scikit-learn MLP", "HistGradientBoosting", *PACKAGES)


def available(name: str) -> bool:
    """Tell whether a contender's package is installed."""
    return name not in PACKAGES or importlib.util.find_spec(PACKAGES[name]) is not None


def ours(task: str, seed: int, **parameters) -> Any:
    """Return Ellayer's estimator at its defaults but for what is given."""
    import ellayer

    kind = ellayer.TabularClassifier if task == "classes" else ellayer.TabularRegressor
    return kind(random_state=seed, **parameters)


def peer(name: str, task: str, X: pd.DataFrame, seed: int) -> Any:
    """Return a pipeline from raw columns like X to predictions."""
    text = [column for column in X if X[column].dtype.kind not in "fiub"]
    few = [column for column in text if X[column].nunique() <= MOST_LEVELS]
    numbers = [column for column in X if column not in text]
    make = {"linear": _linear, "scikit-learn MLP": _network}.get(name)
    if make is not None:
        from sklearn.pipeline import make_pipeline

        return make_pipeline(_as_numbers(numbers, few), make(task, seed))
    if PACKAGES.get(name) == "pytabkit":
        return _Networks(name, task, numbers, few, seed)
    return _Trees(_TREES[name], task, numbers, few, seed)


def _as_numbers(numbers: list[str], categories: list[str]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
             numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ]
    )  # fmt: skip


def _linear(task: str, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    return LogisticRegression(max_iter=2000) if task == "classes" else Ridge()


def _network(task: str, seed: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if task == "classes":
        return MLPClassifier(early_stopping=True, random_state=seed)
    network = MLPRegressor(early_stopping=True, random_state=seed)
    return TransformedTargetRegressor(network, transformer=StandardScaler())


class _Trees:
    """Boosted trees behind fit and predict, with the columns as each library wants them."""

    def __init__(self, make: Any, task: str, numbers: list[str], categories: list[str], seed: int):
        self.make, self.task, self.numbers, self.categories, self.seed = make, task, numbers, categories, seed

    def fit(self, X: pd.DataFrame, y: Any) -> _Trees:
        from sklearn.preprocessing import LabelEncoder

        self.levels_ = {
            column: pd.CategoricalDtype(X[column].dropna().unique()) for column in self.categories
        }
        if self.task == "classes":
            self.labels_ = LabelEncoder().fit(y)
            self.classes_, y = self.labels_.classes_, self.labels_.transform(y)
        self.model_ = self.make(self.task, self.seed, self.categories)
        self.model_.fit(self._columns(X), y)
        return self

    def _columns(self, X: pd.DataFrame) -> pd.DataFrame:
        X = X[[*self.numbers, *self.categories]].astype(self.levels_)
        if self.make is _catboost:  # which takes no missing level
            return X.assign(**{c: X[c].astype(object).fillna("missing").astype(str) for c in self.categories})
        return X

    def predict(self, X: pd.DataFrame) -> Any:
        y = self.model_.predict(self._columns(X))
        return self.labels_.inverse_transform(y) if self.task == "classes" else y

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.model_.predict_proba(self._columns(X))


class _Networks(_Trees):
    """The networks of pytabkit, which take no missing numbers."""

    def fit(self, X: pd.DataFrame, y: Any) -> _Networks:
        import pytabkit

        self.medians_ = X[self.numbers].median().fillna(0.0)
        self.missing_ = [column for column in self.numbers if X[column].isna().any()]
        kind = "Classifier" if self.task == "classes" else "Regressor"
        arguments = {"random_state": self.seed, "device": "cpu"}
        if self.task == "classes":
            arguments["val_metric_name"] = (
                "cross_entropy"  # of the epoch; by default the error rate, which ruins the log loss
            )
        if self.make == "RealMLP-TD" and self.task == "classes":
            arguments["use_ls"] = False  # as its authors recommend where the log loss matters
        self.model_ = getattr(pytabkit, f"{self.make.replace('-', '_')}_{kind}")(**arguments)
        self.model_.fit(self._columns(X), y, cat_col_names=self.categories)
        self.classes_ = getattr(self.model_, "classes_", None)
        return self

    def _columns(self, X: pd.DataFrame) -> pd.DataFrame:
        missing = {f"{column} is missing": X[column].isna().astype(float) for column in self.missing_}
        texts = {c: X[c].astype(object).fillna("missing").astype(str) for c in self.categories}
        numbers = X[self.numbers].astype(float).fillna(self.medians_)
        return numbers.assign(**texts, **missing)

    def predict(self, X: pd.DataFrame) -> Any:
        return self.model_.predict(self._columns(X))


def _histogram(task: str, seed: int, categories: list[str]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task == "classes" else HistGradientBoostingRegressor
    return kind(random_state=seed)


def _lightgbm(task: str, seed: int, categories: list[str]) -> Any:
    import lightgbm

    kind = lightgbm.LGBMClassifier if task == "classes" else lightgbm.LGBMRegressor
    return kind(random_state=seed, verbose=-1)


def _xgboost(task: str, seed: int, categories: list[str]) -> Any:
    import xgboost

    kind = xgboost.XGBClassifier if task == "classes" else xgboost.XGBRegressor
    return kind(random_state=seed, enable_categorical=True)


def _catboost(task: str, seed: int, categories: list[str]) -> Any:
    import catboost

    kind = catboost.CatBoostClassifier if task == "classes" else catboost.CatBoostRegressor
    return kind(random_seed=seed, cat_features=categories, verbose=False, allow_writing_files=False)


_TREES = {
    "HistGradientBoosting": _histogram,
    "LightGBM": _lightgbm,
    "XGBoost": _xgboost,
    "CatBoost": _catboost,
}
