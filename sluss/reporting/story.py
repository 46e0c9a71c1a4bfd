"""The story that the newest intervals tell, and the champion's facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.problems import problem_of
from sluss.problems.metrics import METRICS
from sluss.registry.names import UNTIL_TAG

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.reporting.facts import Facts
    from sluss.statistics.figures import Estimate

_SHARES = ("accuracy", "balanced_accuracy")  # of rows; other metrics are not percentages
_UNCLEAR = "went"  # up or down, by no more than chance explains


def story(use_case: UseCase, facts: Facts) -> dict[str, Any]:
    """Return the headline, and the interval of the first alert on data and of the first on labels."""
    metric, (before, since) = METRICS[use_case.training.metric].title, (facts.before, facts.since)
    told = _share if use_case.training.metric in _SHARES else _plain
    by_data = next((period for period in facts.alert_periods if period.type != "quality_drop"), None)
    by_labels = next((period for period in facts.alert_periods if period.type == "quality_drop"), None)
    if not facts.alert_periods:
        headline = _quiet(use_case, facts)
    elif before and facts.fallen and since is None:
        headline = (
            f"{metric} {_verb(before, facts.fallen)} from {told(before)} to {told(facts.fallen)}. "
            "A new version has taken over; its labels have not arrived yet."
        )
    elif before is None or since is None:
        headline = f"{metric}: alerts were raised; too few labels are known to judge it."
    elif facts.fallen is not None and _verb(before, facts.fallen) == _UNCLEAR:
        headline = (
            f"{metric}: {told(before)} before the first alert, {told(facts.fallen)} from then to a new version, "
            f"{told(since)} of late."
        )
    elif facts.fallen is not None:
        verb = "brought it back to" if _better(since, facts.fallen) else "has it at"
        headline = (
            f"{metric} {_verb(before, facts.fallen)} from {told(before)} to {told(facts.fallen)}; "
            f"retraining {verb} {told(since)}."
        )
    else:
        headline = f"{metric} {_verb(before, since)} from {told(before)} to {told(since)}."
    return {
        "headline": headline,
        "by_data": by_data and by_data.since,
        "by_labels": by_labels and by_labels.since,
        # An alert on labels after that on data had ended is of another change.
        "apart": bool(by_data and by_labels and by_data.ended and by_data.last < by_labels.since),
        "active": [period for period in facts.alert_periods if not period.ended],
    }


def _quiet(use_case: UseCase, facts: Facts) -> str:
    """The headline without an alert. That none was raised shows little where few labels are known."""
    metric, title = use_case.training.metric, METRICS[use_case.training.metric].title
    seen, promised = facts.before, facts.champion.metrics.get(f"holdout_{metric}") if facts.champion else None
    if seen is None:
        return f"No alert was ever raised. No labels are known yet, so nothing tells {title}."
    if promised is None or not _far_below(use_case, seen.value, promised):
        return f"{title} holds: no alert was ever raised."
    return (
        f"{title} is {seen.value:.3g} on {counted(seen.rows, 'label')}, and {promised:.3g} was promised. No alert was "
        "raised: these labels are too few to tell."
    )


def _far_below(use_case: UseCase, seen: float, promised: float) -> bool:
    """Whether the metric is below the promise by more than the fall that counts."""
    limit = use_case.monitoring.quality_drop
    if METRICS[use_case.training.metric].lower_is_better:
        return seen > promised * (1 + limit)
    return seen < promised - limit


def _share(figure: Estimate) -> str:
    return f"{figure.value:.0%}"


def _plain(figure: Estimate) -> str:
    return f"{figure.value:.3g}"


def _better(now: Estimate, before: Estimate) -> bool:
    return now.high < before.low if METRICS[now.metric].lower_is_better else now.low > before.high


def _verb(before: Estimate, now: Estimate) -> str:
    return "fell" if now.high < before.low else "rose" if now.low > before.high else _UNCLEAR


def card(use_case: UseCase, facts: Facts) -> list[tuple[str, str, str]]:
    """Return the champion's facts, each with its name, value and meaning."""
    if facts.champion is None:
        return []
    metrics, tags, metric = facts.champion.metrics, facts.champion.tags, use_case.training.metric
    name, guessing = METRICS[metric].title, problem_of(use_case).judging.guessing
    return [
        ("Version", f"{use_case.model} {facts.champion.version}", "name and number in MLflow's registry"),
        (f"Holdout {name}", _figure(metrics, f"holdout_{metric}"), "on rows later than all it learned from"),
        (guessing, _figure(metrics, f"baseline_{metric}"), f"{name} of the baseline that it has to beat"),
        ("Cross-validation", _spread(metrics, f"cv_{metric}"), "mean and spread inside the training window"),
        ("Learned from", _count(metrics, "train_rows"), f"judged on {_count(metrics, 'holdout_rows')}"),
        ("Data", f"version {tags.get('sluss.data.version', '?')}", "of the curated Delta table, kept for good"),
        ("Known until", tags.get(UNTIL_TAG, "?")[:10], "nothing that arrived later was used"),
        ("Code", tags.get("sluss.commit", "?")[:12], "commit that trained it"),
    ]


def _figure(metrics: dict[str, float], name: str) -> str:
    return f"{metrics[name]:.3f}" if name in metrics else "?"


def _spread(metrics: dict[str, float], name: str) -> str:
    return f"{_figure(metrics, f'{name}_mean')} ± {_figure(metrics, f'{name}_std')}"


def _count(metrics: dict[str, float], name: str) -> str:
    return counted(metrics[name], "row") if name in metrics else "?"
