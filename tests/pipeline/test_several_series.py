"""Several series by one config: each has a model and naive intervals of its own, from a table to a champion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from problem_loop import Loop
from test_forecast_loop import COLUMNS, HISTORY, START, content, series, with_rows

from sluss.config.settings import Settings
from sluss.interval import Interval, parse_interval
from sluss.registry import versions
from sluss.storage.lake import Lake
from tasks import batch_predict, deploy_model, train_model, validate_model

FACTOR = 20  # the demand of the south, in that of the north


def of_regions(days):
    """The same days of two regions, of which one has many times the demand of the other."""
    north, south = series(days), series(days)
    south["id"] = south["id"] + "-south"
    south[["label", "week", "day"]] = FACTOR * south[["label", "week", "day"]]
    return pd.concat([north.assign(region="north"), south.assign(region="south")], ignore_index=True)


def config():
    """The config of one series, with a column more, its number in front and a model for each."""
    found = content()
    found |= {"name": "regions", "model": "regions_model", "features": ["region", *found["features"]]}
    found["curation"]["columns"]["region"] = {"kind": "category", "categories": ["north", "south"]}
    found["forecast"]["series"] = "region"
    numbers = [name for name in found["features"] if name != "region"]
    found["training"] |= {
        "preprocessing": [
            {"columns": "region", "steps": [{"class": "sklearn.preprocessing.OrdinalEncoder"}]},
            {"columns": numbers, "steps": ["passthrough"]},
        ],
        "estimator": {
            "class": "components.forecast.EachSeries",
            "params": {"estimator": {"class": "components.forecast.ConformalForecast", "params": {"iterations": 12}}},
        },
    }
    found["gates"]["min_gain"] = 0.1
    return found


@pytest.fixture(scope="module")
def world(new_home):
    """A deployed version of both regions, with the answers of its gates; the first live day is scored."""
    home = new_home("regions")
    folder = home / "config"
    folder.mkdir()
    (folder / "regions.yaml").write_text(yaml.safe_dump(config()))
    known, rows = Loop(Settings(home=home, config_dir=folder, data=None), "regions"), of_regions(HISTORY + 2)
    whole = Interval(START - pd.Timedelta(days=30), START + pd.Timedelta(days=200))
    columns = [*COLUMNS, "region"]
    with known.context.warehouse() as warehouse:
        for name, time, names in (
            ("rows", "arrived_at", columns),
            ("labels", "label_time", ["id", "label", "label_time"]),
        ):
            warehouse.replace(f"regions_{name}", pa.table({each: rows[each].tolist() for each in names}), time, whole)
    known.curate(known.context.use_case.history)
    version = train_model.run(known.context, known.context.use_case.history.end)
    gates = validate_model.run(known.context, version.version).results
    deploy_model.run(known.context, version.version)
    day = parse_interval(f"{START + pd.Timedelta(days=HISTORY):%Y-%m-%d}", "day")
    known.curate(day)
    batch_predict.run(known.context, day)
    return known, gates, rows


def test_both_pass_every_gate_by_one_config(world):
    assert [result.sentence for result in world[1] if not result.passed] == []


@pytest.mark.parametrize("region", ["north", "south"])
def test_a_column_that_knows_the_label_of_one_region_is_a_leak(world, region):
    def leaking(rows):
        noise = np.random.default_rng(1).normal(0, 0.01, len(rows))
        return rows.assign(warm=rows.warm.where(rows.region != region, rows.label + noise))

    context = world[0].context
    result = with_rows(context, versions.by_version(context, "1"), "leak", leaking)
    assert not result.passed
    assert "warm" in result.sentence


def test_each_region_has_forecasts_of_its_own_size_whose_intervals_hold_its_labels(world):
    known, _, rows = world
    scored = Lake(known.settings, "regions").dataset("predictions").to_table().to_pandas()
    labelled = scored.merge(rows[["id", "label", "region", "warm"]], on="id")
    assert labelled.region.value_counts().to_dict() == {"north": 24, "south": 24}
    levels = np.stack(labelled["quantiles"])
    middle = pd.Series(levels[:, 2]).groupby(labelled.region).mean()
    assert middle["south"] / middle["north"] == pytest.approx(FACTOR, rel=0.05)
    inside = (levels[:, 0] <= labelled.label) & (labelled.label <= levels[:, -1])
    assert inside.groupby(labelled.region).mean().min() > 0.7
