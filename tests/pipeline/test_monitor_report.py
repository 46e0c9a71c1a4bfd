"""The report: one page, its figures from the tables, harmless whatever the data hold."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from monitor_world import World, register, world_from

from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.control_room.report import write_report
from sluss.errors import DataError
from sluss.reporting.story import story as told
from sluss.statistics.figures import Estimate
from sluss.tracking.client import connect

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

EVIL = "<script>alert('x')</script>"


class Tags(HTMLParser):
    """Counts tags and keeps every address a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.loads += [value for name, value in attrs if name in {"src", "href", "data"}]


@pytest.fixture
def world(template: Path, tmp_path: Path, sentiment: UseCase) -> World:
    return world_from(template, tmp_path / "home", sentiment)


@pytest.fixture
def story(world: World) -> World:
    world.live("usual", "usual", "strange", "strange", "strange")
    world.monitor(*range(5))
    return world


def page(world: World) -> str:
    return write_report(Context(world.settings, world.use_case)).read_text(encoding="utf-8")


def parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    return tags


def test_the_page_shows_the_fall_and_which_alert_came_first(story):
    text = page(story)
    assert re.search(r"<h1>Accuracy fell from [78]\d% to 5\d%\.</h1>", text)
    assert "The data alone gave it away on <b>2026-01-03</b>" in text
    assert "The labels confirmed it on <b>2026-01-0" in text


def test_the_page_shows_that_a_new_version_restored_the_metric(world):
    register(world, world.settings.home / "versions" / "2", connect(world.settings))
    world.live("usual", "usual", "strange", "strange", "usual", "usual", "usual")
    scored = pd.DataFrame(world.rows("predictions"))
    scored.loc[scored.interval >= "2026-01-05", "model_version"] = "2"
    world.replace("predictions", scored)
    world.monitor(*range(7))
    text = page(world)
    assert re.search(r"<h1>Accuracy fell from [78]\d% to 5\d%; retraining brought it back to [78]\d%\.</h1>", text)
    assert text.count('class="turn"') == 1
    assert "<dt>usual, version 1</dt>" in text
    assert "<dt>usual, version 2</dt>" in text


def test_figures_come_from_the_tables(story):
    text, predictions = page(story), pd.DataFrame(story.rows("predictions"))
    labels = pd.DataFrame(story.rows("labels"))
    known = predictions.merge(labels[labels.label_time < story.day(4).end], on="id")
    first = known[known.interval_x == "2026-01-01"]
    assert f"{(first.prediction == first.label).mean():.3f} <small>" in text
    for value in predictions.groupby("interval").confidence.mean():
        assert f'<td class="n">{value:.3f}</td>' in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_no_script(story):
    tags = parsed(page(story))
    assert tags.loads == []
    assert not {"script", "link", "iframe", "img"} & set(tags.seen)


def test_every_picture_has_words_for_who_cannot_see_it(story):
    text = page(story)
    assert len(re.findall(r'<svg [^>]*role="img" aria-label="[^"]{20,}"', text)) == text.count("<svg") >= 6


def test_text_of_the_data_is_shown_and_never_run(world):
    world.live("usual", "usual")
    curated = pd.DataFrame(world.rows("curated")).assign(source=EVIL, text=EVIL)
    world.replace("curated", curated)
    world.monitor(0, 1)
    evil = World(world.settings, world.use_case.model_copy(update={"title": EVIL, "classes": (EVIL, EVIL)}))
    text = page(evil)
    assert EVIL not in text
    assert "script" not in parsed(text).seen
    assert "&lt;script&gt;" in text


def test_steady_days_are_reported_as_steady(world):
    world.live("usual", "usual")
    world.monitor(0, 1)
    assert "Accuracy holds: no alert was ever raised." in page(world)


@pytest.mark.parametrize(
    ("value", "headline"),
    [
        (0.79, "Accuracy holds: no alert was ever raised."),
        (0.6, "Accuracy is 0.6 on 29 labels, and 0.8 was promised. No alert was raised: these labels are too few"),
        (None, "No alert was ever raised. No labels are known yet, so nothing tells Accuracy."),
    ],
)
def test_few_labels_without_an_alert_show_little(sentiment, value, headline):
    seen = None if value is None else Estimate("accuracy", value, 0.3, 0.9, 29, 29, 15)
    champion = SimpleNamespace(metrics={"holdout_accuracy": 0.8})
    facts = SimpleNamespace(alert_periods=[], before=seen, since=None, fallen=None, champion=champion)
    assert told(sentiment, facts)["headline"].removesuffix(" to tell.") == headline


def test_the_first_day_can_be_reported_before_any_label_is_known(world):
    world.live("usual")
    world.monitor(0)
    assert "<h1>No alert was ever raised." in page(world)


def test_nothing_to_report_says_what_to_run(world):
    with pytest.raises(DataError, match="make demo"):
        write_report(Context(world.settings, world.use_case))


def test_the_command_names_the_page(story):
    command = [sys.executable, str(ROOT / "tasks" / "make_report.py"), "--use-case", "sentiment"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"SLUSS_HOME": str(story.settings.home), "PATH": ""}
    )
    assert Path(done.stdout.strip().splitlines()[-1]).is_file()
