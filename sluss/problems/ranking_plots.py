"""Plots of lists: where they hit, and how evenly they recommend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems import ranking_metrics
from sluss.problems.metrics import Judged

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels


def _figure(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def hits_by_place(labels: Labels, scores: Floats) -> Figure:
    """The share of rows that liked the item at each place of their list."""
    import numpy as np

    judged = Judged(labels, scores, ranking_metrics.items_of(scores))
    shares = ranking_metrics.hits(judged)[ranking_metrics.judgeable(judged)].mean(axis=0)
    figure, axes = _figure("Hits on the holdout by place of the list")
    axes.bar(np.arange(1, len(shares) + 1), shares)
    axes.set_xlabel("place")
    axes.set_ylabel("share of rows that liked the item")
    return figure


def recommended_items(scores: Floats) -> Figure:
    """The share of lists that each recommended item is in, from the most recommended one down."""
    import numpy as np

    _, counts = np.unique(ranking_metrics.items_of(scores), return_counts=True)
    figure, axes = _figure("Recommended items on the holdout")
    axes.plot(np.arange(1, len(counts) + 1), np.sort(counts)[::-1] / max(len(scores), 1))
    axes.set_xscale("log")
    axes.set_xlabel("item, by how often it is recommended")
    axes.set_ylabel("share of lists")
    return figure
