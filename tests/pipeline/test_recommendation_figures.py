"""The figures on the page of the recommendation use case are those of a fresh run, and its source is MovieLens."""

from __future__ import annotations

import re
import sys
from datetime import date

import pandas as pd
import pytest
from ranking_world import content

from sluss.config.settings import ROOT, Settings
from sluss.config.use_case import UseCase
from sluss.context import Context
from sluss.errors import DataError
from sluss.interval import parse_interval
from sluss.sources.archive import R_DATA_SETS
from sluss.sources.movielens import read_ratings
from sluss.sources.source import source_of

sys.path.insert(0, str(ROOT / "benchmarks"))

import use_case_recommendation as figures

PAGE = ROOT / "docs" / "use_cases" / "recommendation.md"


@pytest.fixture(scope="module")
def kept():
    """The home in which the wheel is kept between runs."""
    home = Settings(home=ROOT / "var", data=None)
    R_DATA_SETS.find(home)
    return home


@pytest.fixture(scope="module")
def world(kept):
    return figures.World(tuple(figures.by_user(read_ratings(kept))))


def cells(first):
    """The cells of the page's rows that begin so."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in row[1:]] for row in rows if row[0].strip() == first]


@pytest.mark.weekly
@pytest.mark.timeout(900)
def test_the_tables_of_models_and_gaps_are_those_of_a_fresh_run(world):
    rows = world.rows(figures.JUDGED, lambda user: figures.moments_of(user, figures.RULES))
    found = figures.scored(world, rows, figures.MODELS)
    for name, each in found.items():
        ndcg, recall, coverage, novelty = each.figures
        shown = cells(name)
        assert shown[0] == [f"{ndcg:.3f}", f"{recall:.3f}", f"{100 * coverage:.1f} %", f"{novelty:.2f}"]
        if name != figures.SHIPPED:
            mean, low, high = figures.gap(found[figures.SHIPPED], each)
            assert shown[1] == [f"{mean:+.3f}", f"{low:+.3f} to {high:+.3f}"]
    assert f"over the {len(found[figures.SHIPPED].ndcg)} users" in PAGE.read_text(encoding="utf-8").replace("\n", " ")


@pytest.mark.weekly
@pytest.mark.timeout(900)
def test_the_table_of_the_frozen_model_is_that_of_a_fresh_run(world):
    rows = world.rows(figures.JUDGED, lambda user: figures.moments_of(user, figures.RULES))
    only = {figures.SHIPPED: figures.MODELS[figures.SHIPPED]}
    some = [row for row in rows if row.moment.year >= 2012]
    old, new = (figures.scored(world, some, only, since)[figures.SHIPPED] for since in (figures.FROZEN, None))
    mean, low, high = figures.gap(new, old)
    [shown] = cells("2012–2016")
    assert shown == [
        str(len(new.ndcg)), f"{old.ndcg.mean():.3f}", f"{new.ndcg.mean():.3f}", f"{mean:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
    ]  # fmt: skip


@pytest.mark.weekly
@pytest.mark.timeout(900)
def test_users_without_history_are_as_the_page_has_them(world):
    names = (figures.SHIPPED, figures.LAST_YEAR, "popularity of all time")
    models = {name: figures.MODELS[name] for name in names}
    found = figures.scored(world, world.rows(figures.JUDGED, figures.first_visits), models)
    page = PAGE.read_text(encoding="utf-8").replace("\n", " ")
    told = re.search(
        r"model's list has ([\d.]+), that of the last year's popularity ([\d.]+), that of all time ([\d.]+)", page
    )
    assert told is not None
    assert list(told.groups()) == [f"{found[name].ndcg.mean():.3f}" for name in names]
    for one, other in ((0, 2), (0, 1), (1, 2)):
        gap, low, high = figures.gap(found[names[one]], found[names[other]])
        assert f"{gap:+.3f} [{low:+.3f}, {high:+.3f}]" in page


@pytest.fixture
def source(kept):
    use_case = UseCase.model_validate(content())
    return source_of(Context(kept, use_case))


def test_each_row_comes_in_its_interval_and_its_label_thirty_days_later(source):
    quarter = parse_interval("2000-01", "quarter")
    rows = pd.concat(batch.to_pandas() for batch in source.rows(quarter))
    labels = pd.concat(batch.to_pandas() for batch in source.labels(quarter))
    assert len(rows) > 20
    assert rows.event_time.between(quarter.start, quarter.end, inclusive="left").all()
    assert (rows.arrived_at == rows.event_time).all()
    both = rows.merge(labels, on="id")
    assert (both.label_time - both.event_time == pd.Timedelta(days=30)).all()
    assert labels.label.str.fullmatch(r"\d+( \d+)*").all()


def test_half_stars_appear_when_they_did(source):
    before, after = (
        pd.concat(batch.to_pandas() for name in names for batch in source.rows(parse_interval(name, "quarter")))
        for names in (("2002-04", "2003-01"), ("2003-07", "2004-07"))
    )
    assert (before.half_stars == 0).all()
    assert after.half_stars.mean() > 0.8


def test_an_interval_after_the_last_rating_is_one_sentence(source):
    with pytest.raises(DataError, match=r"the last rating is of 2016-10-16\. Choose an earlier interval\."):
        next(source.rows(parse_interval("2017-01", "quarter")))
    assert source.first_day == date(2026, 1, 1)


def test_another_archive_is_refused_before_any_work(kept, tmp_path):
    (tmp_path / "other.whl").write_bytes(b"x")
    section = UseCase.model_validate(content()).source
    section.check(kept)
    with pytest.raises(DataError, match="is damaged or another file"):
        section.check(Settings(home=tmp_path, data=tmp_path / "other.whl"))
