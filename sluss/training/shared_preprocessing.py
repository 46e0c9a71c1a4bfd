"""Work that all folds of a cross-validation share.

A hashing vectoriser learns nothing and looks at one row at a time, so what it makes of a row is the same in every fold.
It is also the slowest step there is for text. Done once, five folds take a third of the time and give the same scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

# Transformers of scikit-learn that give each row the same whatever the other rows are.
ROW_BY_ROW = ("HashingVectorizer",)


def what_folds_share(pipeline: Pipeline, features: pd.DataFrame) -> tuple[Pipeline, pd.DataFrame | csr_matrix]:
    """What is left to fit in each fold, and what it takes.

    Args:
        pipeline: its first step the preprocessing by branches; whether it is fitted makes no difference.
        features: n rows of raw features.

    Returns:
        Where every branch begins row by row, the rest of the pipeline and n rows of what it takes, else what was given.
    """
    from scipy.sparse import hstack
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline, make_pipeline

    preprocessing = pipeline.named_steps["preprocessing"]
    branches, made, width = [], [], 0
    for name, transformer, columns in preprocessing.transformers:
        first, *others = _steps(transformer)
        if type(first).__name__ not in ROW_BY_ROW:
            return pipeline, features
        made.append(first.transform(features[columns]))
        span = slice(width, width + made[-1].shape[1])
        branches.append((name, make_pipeline(*others) if others else "passthrough", span))
        width = span.stop
    rest = ColumnTransformer(branches)
    return Pipeline([("preprocessing", rest), *pipeline.steps[1:]]), hstack(made, format="csr")


def _steps(transformer: BaseEstimator) -> list[BaseEstimator]:
    steps = getattr(transformer, "steps", [("only", transformer)])
    return [step for _, step in steps]
