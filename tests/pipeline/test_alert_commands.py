"""`make alerts`, `ack`, `silence`, `comment` and `reopen` as a person types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from alert_world import AlertWorld, alert, day

from commands.catalogue import ENTRIES
from sluss.alerting.read import read_lives
from sluss.config.settings import ROOT
from sluss.errors import ConfigError
from tasks import acknowledge_alert, comment_alert, reopen_alert, show_alerts, silence_alert


@pytest.fixture
def world(tmp_path, sentiment) -> AlertWorld:
    world = AlertWorld(sentiment, tmp_path / "home")
    world.monitored(3, alert(3, message="First day."), alert(3, type="quality_drop"))
    lasting = replace(alert(2, "ongoing", message="Today."), since=day(3))
    world.monitored(2, lasting, replace(alert(2, "ended"), since=day(3), type="quality_drop"))
    return world


def typed(world: AlertWorld, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, embedded."""
    environment = os.environ | {
        "SLUSS_HOME": str(world.home), "PYTHONPATH": str(ROOT), "WHERE": "embedded", "COLUMNS": "200", **variables,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "commands", name], env=environment, capture_output=True, text=True, check=False,
        cwd=ROOT, timeout=120,
    )  # fmt: skip


def test_the_list_has_open_alerts_with_age_owner_and_the_sentences_of_both_days(world):
    [life] = read_lives(world.context.lake)
    acknowledge_alert.run(world.context, life.id, "ann")
    shown = typed(world, "alerts").stdout
    for part in (life.id, "data_drift", "2 d", "ann", "acknowledged", "Today.", "First day.", "1 open alert."):
        assert part in shown
    assert "quality_drop" not in shown


def test_all_alerts_as_json_have_their_whole_history(world):
    first, second = read_lives(world.context.lake, ended=True)
    silence_alert.run(world.context, first.id, "3d", "the new source", "ann")
    comment_alert.run(world.context, second.id, "It was the form.", "bob")
    reopen_alert.run(world.context, second.id, "not yet", "bob")
    answer = json.loads(typed(world, "alerts", ALL="1", JSON="1").stdout)
    found = {each["type"]: each for each in answer["alerts"]}
    assert [each["what"] for each in found["data_drift"]["history"]] == ["raised", "silenced"]
    assert found["data_drift"]["history"][1] | {"at": "", "until": ""} == {
        "interval": day(2), "what": "silenced", "severity": "warning", "message": "the new source", "by": "ann",
        "at": "", "until": "",
    }  # fmt: skip
    assert [each["what"] for each in found["quality_drop"]["history"]] == ["raised", "ended", "commented", "reopened"]
    assert (found["data_drift"]["state"], found["quality_drop"]["state"]) == ("silenced", "reopened")
    assert {each.type for each in read_lives(world.context.lake)} == {"data_drift", "quality_drop"}


def test_the_list_is_printed_also_where_nothing_was_monitored(tmp_path, sentiment, capsys):
    empty = AlertWorld(sentiment, tmp_path / "home")
    show_alerts.show(sentiment, show_alerts.run(empty.context))
    assert capsys.readouterr().out == "No alert is open.\n"


@pytest.mark.parametrize(
    ("name", "variables", "sentence"),
    [
        ("ack", {}, "make ack ALERT="),
        ("silence", {"ALERT": "abc"}, "make silence ALERT="),
        ("silence", {"ALERT": "id", "UNTIL": "soon", "REASON": "x"}, "'soon' is not a time."),
        ("ack", {"ALERT": "zzzzzz"}, "sentiment has no alert 'zzzzzz'."),
    ],
)
def test_a_wrong_id_or_time_is_one_sentence_and_exit_code_2(world, name, variables, sentence):
    [life] = read_lives(world.context.lake)
    given = {key: life.id if value == "id" else value for key, value in variables.items()}
    done = typed(world, name, **given)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_characters_of_an_id_are_enough_and_two_are_not(world):
    [life] = read_lives(world.context.lake)
    assert "now belongs to ann" in acknowledge_alert.run(world.context, life.id[:3].upper(), "ann").sentence
    assert acknowledge_alert.run(world.context, life.id, "ann").sentence == f"{life.id} already belongs to ann."
    assert "in place of ann" in acknowledge_alert.run(world.context, life.id, "bob").sentence
    with pytest.raises(ConfigError, match="three characters"):
        acknowledge_alert.run(world.context, life.id[:2], "ann")


def test_an_ended_alert_is_acknowledged_only_after_it_was_opened_again(world):
    ended = next(life for life in read_lives(world.context.lake, ended=True) if not life.is_open)
    with pytest.raises(ConfigError, match="make reopen"):
        acknowledge_alert.run(world.context, ended.id, "ann")
    reopen_alert.run(world.context, ended.id, "not yet", "ann")
    acknowledge_alert.run(world.context, ended.id, "ann")
    assert {life.owner for life in read_lives(world.context.lake)} == {"ann", ""}
    reopen_alert.close(world.context, ended.id, "now", "ann")
    assert len(read_lives(world.context.lake)) == 1


def test_an_alert_that_is_on_is_closed_by_the_monitor_alone(world):
    [life] = read_lives(world.context.lake)
    with pytest.raises(ConfigError, match="ends it itself"):
        reopen_alert.close(world.context, life.id)


@pytest.mark.parametrize("name", ["alerts", "ack", "silence", "comment", "reopen", "notify"])
def test_each_command_has_help_and_a_step(name):
    assert ENTRIES[name].load().get_short_help_str()
    assert (ROOT / "tasks" / f"{ENTRIES[name].steps[0]}.py").exists()
