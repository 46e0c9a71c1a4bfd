"""Types outside skops's own list that a model may contain, each reviewed.

skops loads a file without running code from it, but it makes objects of the types that the file names, gives them the
state in the file, and the pipeline calls their methods. So a type is trusted if making it, giving it any state and
calling it can neither run code that the file brings, nor read or write files, nor open connections. A function is
trusted if calling it with any arguments does none of that. A type outside these lists is not known to be dangerous;
it was not reviewed. docs/your_code.md explains how to add a type.

The list is ours: the one that MLflow stores with a model can be changed by anyone who can change the model.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Nodes of trees, and data sorted into trees: arrays of numbers, without bounds checks. A forged file can crash the
# process or make it read foreign memory, but not run code (https://github.com/scikit-learn/scikit-learn/pull/34558).
# Hence a model is loaded only after its bytes were found to be those recorded at its registration.
_TREES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._ball_tree.BallTree32",
    "sklearn.neighbors._ball_tree.BallTree64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._kd_tree.KDTree32",
    "sklearn.neighbors._kd_tree.KDTree64",
    "sklearn.tree._tree.Tree",
)

# Distances: a few numbers each. Not PyFuncDistance, which calls a function that the file may choose.
_DISTANCES = tuple(
    f"sklearn.metrics._dist_metrics.{name}Distance{bits}"
    for name in (
        "BrayCurtis", "Canberra", "Chebyshev", "Dice", "Euclidean", "Hamming", "Haversine", "Jaccard", "Mahalanobis",
        "Manhattan", "Minkowski", "RogersTanimoto", "RussellRao", "SEuclidean", "SokalMichener", "SokalSneath",
    )
    for bits in (32, 64)
)  # fmt: skip

# Losses and optimisers: formulas with a few parameters.
_LOSSES = (
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)

# Kernels: formulas with a few parameters; those made of others hold only kernels, each checked by its own type.
_KERNELS = tuple(
    f"sklearn.gaussian_process.kernels.{name}"
    for name in (
        "CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Hyperparameter",
        "Matern", "PairwiseKernel", "Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel",
    )
)  # fmt: skip

# Parts of fitted estimators: estimators and arrays, each checked by its own type.
_PARTS = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)

# Splitters of cross-validations and scorers, which estimators that tune themselves keep. A scorer calls a function,
# checked by its own name.
_TUNING = (
    *(
        f"sklearn.model_selection._split.{name}"
        for name in (
            "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneOut", "LeavePOut", "RepeatedKFold",
            "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold",
            "StratifiedShuffleSplit", "TimeSeriesSplit",
        )
    ),
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
)  # fmt: skip

# Functions of arrays.
_FUNCTIONS = (
    *(
        f"sklearn.metrics._classification.{name}"
        for name in (
            "accuracy_score", "balanced_accuracy_score", "brier_score_loss", "d2_brier_score", "d2_log_loss_score",
            "f1_score", "jaccard_score", "log_loss", "matthews_corrcoef", "precision_score", "recall_score",
        )
    ),
    *(
        f"sklearn.metrics._ranking.{name}"
        for name in ("average_precision_score", "roc_auc_score", "top_k_accuracy_score")
    ),
    *(
        f"sklearn.metrics._regression.{name}"
        for name in (
            "d2_absolute_error_score", "explained_variance_score", "max_error", "mean_absolute_error",
            "mean_absolute_percentage_error", "mean_gamma_deviance", "mean_pinball_loss", "mean_poisson_deviance",
            "mean_squared_error", "mean_squared_log_error", "median_absolute_error", "r2_score",
            "root_mean_squared_error", "root_mean_squared_log_error",
        )
    ),
    *(
        f"sklearn.feature_selection._univariate_selection.{name}"
        for name in ("chi2", "f_classif", "f_oneway", "f_regression", "r_regression")
    ),
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.utils.validation.check_array",
    *(
        f"numpy.{name}"
        for name in (
            "amax", "amin", "clip", "max", "mean", "median", "min", "nan_to_num", "nanmax", "nanmean", "nanmedian",
            "nanmin", "ravel", "round", "sum",
        )
    ),
)  # fmt: skip

# Python's and NumPy's containers. `partial` calls a function, which is checked by its own name, with fixed arguments.
_CONTAINERS = (
    "collections.OrderedDict",
    "functools.partial",
    "numpy.dtype",
    # A polynomial by its coefficients, and the function by which it turns them into an array.
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    # Sparse matrices, read by SciPy from arrays.
    "scipy.sparse._csc.csc_array",
    "scipy.sparse._csc.csc_matrix",
    "scipy.sparse._csr.csr_array",
    "scipy.sparse._csr.csr_matrix",
)

# Gradient boosting of other packages: each model is a text or a block of bytes that the package's own C++ code reads.
# As with trees, a forged one may crash the process.
_BOOSTERS = (
    "catboost.core.CatBoostClassifier",
    "catboost.core.CatBoostRegressor",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRFClassifier",
    "xgboost.sklearn.XGBRFRegressor",
    "xgboost.sklearn.XGBRegressor",
)

TRUSTED_TYPES = (
    *_TREES, *_DISTANCES, *_LOSSES, *_KERNELS, *_PARTS, *_TUNING, *_FUNCTIONS, *_CONTAINERS, *_BOOSTERS,
)  # fmt: skip

_COMPONENTS = "components."


def untrusted_types(model: Path) -> list[str]:
    """Types in a saved model that are not trusted, sorted. Those of `components/` are the project's own code."""
    import skops.io

    found = skops.io.get_untrusted_types(file=model)
    return sorted(name for name in found if name not in TRUSTED_TYPES and not name.startswith(_COMPONENTS))


def trusted_types(model: Path) -> list[str]:
    """Types that skops may load from a saved model: the list, and those of `components/` that the model contains."""
    if not _names_components(model):
        return list(TRUSTED_TYPES)
    import skops.io

    own = [name for name in skops.io.get_untrusted_types(file=model) if name.startswith(_COMPONENTS)]
    return [*TRUSTED_TYPES, *own]


def _names_components(model: Path) -> bool:
    """Whether the description in a saved model mentions them; skops's own search takes as long as a load."""
    with zipfile.ZipFile(model) as archive:
        return b'"components' in archive.read("schema.json")
