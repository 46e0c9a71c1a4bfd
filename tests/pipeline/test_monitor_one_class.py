"""Labels of one class only: the metric is not defined or even rises, and the alert is raised all the same."""

from __future__ import annotations

import pandas as pd
import pytest
from monitor_world import make_home, world_from

from sluss.monitoring.one_class import chance_of_one_class


@pytest.fixture(params=["roc_auc", "accuracy"])
def world(request, tmp_path, sentiment):
    training = sentiment.training.model_copy(update={"metric": request.param})
    use_case = sentiment.model_copy(update={"training": training})
    make_home(tmp_path / "template", use_case)
    return world_from(tmp_path / "template", tmp_path / "home", use_case)


def of_one_class(world, *days):
    """Let all labels of the rows of some days be of class 1."""
    labels = pd.DataFrame(world.rows("labels"))
    wrong = labels["id"].str.partition("-")[0].astype(int).isin(days)
    times = pd.to_datetime(labels["label_time"], utc=True).dt.to_pydatetime()
    labels = labels.assign(label=labels["label"].where(~wrong, 1), label_time=times)
    world.replace("labels", labels.sort_values("interval"))


def test_labels_of_one_class_raise_quality_drop_and_the_other_one_ends_it(world):
    world.live(*["usual"] * 9)
    of_one_class(world, 2, 3)
    results = world.monitor(*range(9))
    alerts = [next((each for each in result.alerts if each.type == "quality_drop"), None) for result in results]
    states = [each and each.state for each in alerts]
    assert states[:4] == [None, None, None, "raised"]
    assert f"are “{world.use_case.classes[1]}”" in alerts[3].message
    assert alerts[3].severity == "critical"
    assert states[4:] == ["ongoing", "ended", None, None, None]


def test_the_chance_is_that_of_fishers_exact_test():
    from scipy.stats import fisher_exact

    expected = fisher_exact([[20, 0], [40, 60]], alternative="greater").pvalue
    assert chance_of_one_class(40, 100, 20) == pytest.approx(expected)
    assert chance_of_one_class(100, 100, 20) == 1
