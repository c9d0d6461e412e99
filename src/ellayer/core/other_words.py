"""Names of Keras, PyTorch and scikit-learn for rows of the tables: the equivalent name, or advice if there is none.

Names are compared without case, spaces, underscores and hyphens, so that "Adam", "LeakyReLU", "HeNormal" and PyTorch's
"xavier_uniform_" need no entry here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# By kind of table: the equivalent row of each name (for a loss up to a constant factor).
SAME: dict[str, dict[str, str]] = {
    "activation": {"exponential": "exp", "none": "identity"},
    "loss": {
        "binarycrossentropy": "binary_cross_entropy", "bceloss": "binary_cross_entropy", "bce": "binary_cross_entropy",
        "bcewithlogitsloss": "binary_cross_entropy", "crossentropyloss": "cross_entropy", "nllloss": "cross_entropy",
        "categoricalcrossentropy": "cross_entropy", "sparsecategoricalcrossentropy": "cross_entropy",
        "mseloss": "squared_error", "meansquarederror": "squared_error", "l1loss": "absolute_error",
        "meanabsoluteerror": "absolute_error", "huberloss": "huber", "smoothl1loss": "huber",
        "poissonnllloss": "poisson", "categoricalfocalcrossentropy": "focal", "binaryfocalcrossentropy": "binary_focal",
    },
    "initializer": {
        "kaimingnormal": "he_normal", "kaiminguniform": "he_uniform", "xaviernormal": "xavier_normal",
    },
    "metric": {
        "acc": "accuracy", "binaryaccuracy": "accuracy", "categoricalaccuracy": "accuracy",
        "sparsecategoricalaccuracy": "accuracy", "f1score": "f1", "rocaucscore": "roc_auc",
        "rootmeansquarederror": "rmse", "meanabsoluteerror": "mae", "r2score": "r2", "brierscoreloss": "brier",
        "crossentropy": "log_loss", "categoricalcrossentropy": "log_loss", "binarycrossentropy": "log_loss",
    },
    "schedule": {"cosinedecay": "cosine", "cosineannealinglr": "cosine", "onecyclelr": "one_cycle"},
}  # fmt: skip

# Names without an equivalent row, and what to use instead.
ADVICE: dict[str, dict[str, str]] = {
    "activation": {
        "prelu": "write Network(..., parametric=True)", "relu6": "try 'relu'", "hardsigmoid": "try 'sigmoid'",
        "softsign": "write an Activation of your own (the chapter on activations has this one), or try 'tanh'",
    },
    "initializer": {
        "randomnormal": "write 'randn(0.05)', with the standard deviation of Keras", "randomuniform": "try 'xavier_uniform'",
        "ones": "equal weights stay equal; try 'auto'", "truncatednormal": "try 'he_normal' or 'xavier_normal'",
    },
    "loss": {"hinge": "try 'binary_cross_entropy'", "kldivergence": "try 'cross_entropy', which has the same gradient"},
    "metric": {
        "mse": "write 'rmse', its square root", "meansquarederror": "write 'rmse', its square root",
        "precision": "try 'f1', or a function of (AL, Y) in a dict", "recall": "try 'f1', or a function of (AL, Y) in a dict",
    },
    "optimizer": {
        "adadelta": "try 'adam'", "ftrl": "pass a transformation of optax, or try 'adam'", "asgd": "try 'gd'",
        "sparseadam": "try 'adam'", "rprop": "pass optax.rprop(0.01), or try 'rmsprop'",
        "adafactor": "pass optax.adafactor(0.01), or try 'adam'",
    },
    "schedule": {
        "reducelronplateau": "write 'adaptive(factor=0.1, patience=10)'; our patience counts records",
        "exponentialdecay": "write 'exponential(every=1000, factor=0.9)'; our steps are updates",
        "exponentiallr": "write 'exponential(every=..., factor=...)'; our steps are updates",
        "steplr": "write 'step(every=..., factor=...)'; our steps are updates",
        "piecewiseconstantdecay": "pass a function of the update that returns the factor on the rate",
        "multisteplr": "pass a function of the update that returns the factor on the rate",
        "lambdalr": "pass a function of the update that returns the factor on the rate",
        "inversetimedecay": "try 'inverse_scaling(0.5)'", "linearlr": "try 'warm_up(100)'",
        "polynomialdecay": "try 'cosine'",
    },
}  # fmt: skip


def plain_word(word: str) -> str:
    """Return a name in lower case without spaces, underscores and hyphens.

    >>> plain_word("LeakyReLU") == plain_word("leaky_relu") == plain_word("leaky-relu ")
    True
    """
    return re.sub(r"[\s_-]", "", word).lower()


def our_word(kind: str, word: str, names: Iterable[str]) -> str | None:
    """Return the name of the equivalent row; None if there is none.

    Parameters
    ----------
    kind : str
        The kind of table, like "optimizer".
    word : str
    names : iterable of str
        Names of the rows.

    Examples
    --------
    >>> our_word("activation", "LeakyReLU", ["relu", "leaky_relu"]), our_word("loss", "BCEWithLogitsLoss", [])
    ('leaky_relu', 'binary_cross_entropy')
    """
    plain = plain_word(word)
    ours = {plain_word(name): name for name in names}
    return ours.get(plain) or SAME.get(kind, {}).get(plain)


def advice(kind: str, word: str) -> str:
    """Return what to use instead of a name without an equivalent row; empty for an unknown name.

    >>> advice("metric", "MSE")
    "write 'rmse', its square root"
    """
    return ADVICE.get(kind, {}).get(plain_word(word), "")
