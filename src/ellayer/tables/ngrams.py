"""Texts as numbers: TF-IDF of character n-grams, projected on the main directions of the training texts.

Scikit-learn learns the state (``TfidfVectorizer`` with "char_wb", ``TruncatedSVD``), which is plain data; texts are
projected without it, to the same numbers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LENGTHS = (2, 4)  # shortest and longest n-gram
MOST_GRAMS = 2_000
FEWEST_TEXTS = 3  # minimum number of texts with an n-gram
LEARNED_FROM = 20_000  # maximum number of texts
_BLANKS = re.compile(r"\s\s+")


@dataclass(frozen=True)
class NgramFactors:
    """A projection of texts.

    Attributes
    ----------
    vocabulary : list of str
        The n-grams.
    idf : ndarray, shape (grams,)
        The weights of the n-grams.
    components : ndarray, shape (factors, grams)
        The main directions.
    """

    vocabulary: list[str]
    idf: np.ndarray
    components: np.ndarray

    def transform(self, texts: Sequence[str | None]) -> np.ndarray:
        """Return the factors of texts, shape (m, factors); 0 for a missing one.

        Parameters
        ----------
        texts : sequence of str or None
        """
        places = {gram: i for i, gram in enumerate(self.vocabulary)}
        directions = np.ascontiguousarray(self.components.T)
        projections = {
            text: self._project(text, places, directions) for text in set(texts) if text is not None
        }
        nothing = np.zeros(len(self.components))
        return np.array([nothing if text is None else projections[text] for text in texts]).reshape(
            len(texts), -1
        )

    def _project(self, text: str, places: dict[str, int], directions: np.ndarray) -> np.ndarray:
        counts = Counter(place for gram in character_ngrams(text) if (place := places.get(gram)) is not None)
        if not counts:
            return np.zeros(len(self.components))
        grams = np.fromiter(counts, np.int64, len(counts))
        weights = np.fromiter(counts.values(), np.float64, len(counts)) * self.idf[grams]
        projected: np.ndarray = (weights / math.sqrt(float(weights @ weights))) @ directions[grams]
        return projected


def character_ngrams(text: str) -> list[str]:
    """Return the n-grams of the words of a text in lower case, with a space before and after each word.

    Examples
    --------
    >>> character_ngrams("Mr X")[:4], character_ngrams("Mr X")[-3:]
    ([' m', 'mr', 'r ', ' mr'], [' x', 'x ', ' x '])
    """
    grams: list[str] = []
    for word in _BLANKS.sub(" ", text.lower()).split():
        spaced = f" {word} "
        for n in range(LENGTHS[0], LENGTHS[1] + 1):
            grams += [spaced[i : i + n] for i in range(max(len(spaced) - n, 0) + 1)]
            if len(spaced) <= n:  # longer n-grams would be the same
                break
    return grams


def learn_factors(texts: Sequence[str | None], count: int) -> NgramFactors | None:
    """Return the projection learned from texts; None if they have too few n-grams in common.

    Parameters
    ----------
    texts : sequence of str or None
    count : int
        The number of factors.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    present = [text for text in texts if text is not None]
    some = np.random.RandomState(0).permutation(len(present))[:LEARNED_FROM]
    known = [present[i] for i in np.sort(some)]
    tfidf = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=LENGTHS,
        min_df=FEWEST_TEXTS,
        max_features=MOST_GRAMS,
        dtype=np.float64,
    )
    try:
        X = tfidf.fit_transform(known)
    except ValueError:  # no n-gram is left
        return None
    count = min(count, X.shape[1] - 1, len(known) - 1)
    if count < 1:
        return None
    svd = TruncatedSVD(count, random_state=0).fit(X)
    return NgramFactors(tfidf.get_feature_names_out().tolist(), tfidf.idf_.copy(), svd.components_)
