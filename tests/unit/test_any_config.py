"""What is refused when a config is loaded, with the sentence that mends it, and the schema that editors complete by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from any_table import config

from sluss.config.settings import ROOT
from sluss.config.source_section import source_sections
from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from pathlib import Path


def refusal(folder: Path, content: object, name: str = "mine") -> str:
    """The sentence about a config, which is one line."""
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_use_case(name, folder)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schedule": "0 25 * * *"}, "'schedule' cannot be used: '0 25 * * *' is not a cron expression"),
        ({"schedule": "0 3 * * *"}, "starts a run at Thu 2026-01-01 03:00, within a day"),
        ({"unit": "fortnight"}, "'fortnight' is not a unit; choose hour, day, week, month"),
        ({"schedule_zone": "Mars"}, "'Mars' is not a time zone"),
        ({"unit": "6 hours", "schedule": "0 */6 * * *", "schedule_zone": "Europe/Berlin"}, "leave schedule_zone"),
        ({"unit": "week", "schedule": "0 0 * * 1"}, "live_start must be the first day of a week"),
        ({"live_end": "2026-01-01"}, "live_end must be after live_start"),
        ({"scheduel": "@daily"}, "'scheduel' is unknown. Remove it, or write schedule, which is the nearest one"),
        ({"xyzzy": 1}, "'xyzzy' is unknown. Remove it or correct its spelling"),
    ],
)
def test_a_wrong_clock_or_key_is_refused_with_the_right_one(tmp_path, change, sentence):
    assert sentence in refusal(tmp_path, config({}) | change)


@pytest.mark.parametrize(
    ("key", "written", "sentence"),
    [
        ("training", "traning", "'traning' is unknown. Remove it, or write training, which is the nearest one"),
        ("training", "xyzzy", "the key 'training' is missing"),
    ],
)
def test_a_key_that_is_misspelt_is_named_and_not_only_missed(tmp_path, key, written, sentence):
    content = config({})
    content[written] = content.pop(key)
    assert sentence in refusal(tmp_path, content)


def test_impossible_spans_and_doubled_features_are_refused(tmp_path):
    content = config({})
    long = content | {"training": content["training"] | {"holdout_days": 400}}
    assert "training.holdout_days: 400 leaves none of training.window_days" in refusal(tmp_path, long)
    twice = content | {"features": [*content["features"], content["features"][0]]}
    assert f"'{content['features'][0]}' stands twice; leave one out" in refusal(tmp_path, twice)


@pytest.mark.parametrize("content", ["", "# later\n", "[]", "words"])
def test_a_file_without_keys_is_one_sentence(tmp_path, content):
    assert "it has no keys. Write them as in the other files" in refusal(tmp_path, content)


@pytest.mark.parametrize(("key", "value"), [("training", 3), ("gates", ["x"]), ("curation", "text")])
def test_a_section_without_keys_is_named(tmp_path, key, value):
    assert f"the key '{key}' needs keys of its own below it" in refusal(tmp_path, config({}) | {key: value})


def test_a_link_that_leads_nowhere_and_a_folder_that_is_none_are_named(tmp_path):
    (tmp_path / "mine.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="is a link to a file that does not exist"):
        load_use_case("mine", tmp_path)
    with pytest.raises(ConfigError, match=r"is not a folder\. Let SLUSS_CONFIG_DIR"):
        load_use_case("mine", tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            {"kind": "ftp"},
            (
                "unknown kind of source 'ftp'; choose one of card_payments, delta, electricity, file, movielens, "
                "replay, table"
            ),
        ),
        ({"kind": "../file"}, "unknown kind of source"),
        ({"pth": "a"}, "'source.pth' is unknown. Remove it, or write source.path"),
        ({"time_zone": "EST5EDTX"}, "'EST5EDTX' is not a time zone"),
        ({"label_delay": "soon"}, "'soon' is not a delay; write for example 3 hours or 30 days"),
        ({"label_delay": "3 hours", "label_time": "known"}, "give label_time or label_delay, not both"),
        ({"labels": {"kind": "file", "path": "l.csv"}}, "label names a column of the rows, labels a source of its own"),
        ({"kind": "table", "path": None}, "give table or query, one of them"),
        (
            {"kind": "table", "path": None, "table": "t", "url_variable": "U", "airflow_connection": "c"},
            "give url_variable or airflow_connection, not both",
        ),
        ({"s3_variables": "SHOP_S3", "airflow_connection": "c"}, "give s3_variables or airflow_connection, not both"),
        ({"settle": "2 hours"}, "a task waits for it, so the longest is 30 minutes"),
        ({"s3_variables": "key:secret"}, "should match pattern"),
        (
            {"kind": "table", "path": None, "table": "t", "url_variable": "postgres://me:pw@host/db"},
            "should match pattern",
        ),
    ],
)
def test_a_wrong_source_is_refused_in_one_sentence(tmp_path, source, sentence):
    assert sentence in refusal(tmp_path, config(source))


def test_two_use_cases_of_one_model_are_refused_with_both_names(tmp_path):
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(config({}) | {"name": "other"}))
    said = refusal(tmp_path, config({}))
    assert "mine.yaml and other.yaml have the same model: mine" in said


@pytest.mark.parametrize(
    "text", ["a: [", "name: mine\nname: mine\n", "source:\n  kind: file\n  kind: table\n", "\tx: 1"]
)
def test_what_is_no_yaml_or_has_a_key_twice_is_refused(tmp_path, text):
    assert "is not valid YAML" in refusal(tmp_path, text)


def test_live_end_may_be_left_out(tmp_path):
    content = config({})
    del content["live_end"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    use_case = load_use_case("mine", tmp_path)
    assert use_case.live_end is use_case.end_live is None


def test_days_of_a_zone_begin_at_its_midnight(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config({}) | {"schedule_zone": "America/New_York"}))
    use_case = load_use_case("mine", tmp_path)
    assert (use_case.history.start.hour, use_case.first_live.hour) == (5, 5)


def schema() -> dict:
    return json.loads((ROOT / "config" / "use_case.schema.json").read_text(encoding="utf-8"))


def plain(content: dict) -> dict:
    """As JSON has it: days as text, and no key without a value."""
    return json.loads(json.dumps({key: value for key, value in content.items() if value is not None}, default=str))


def test_the_schema_takes_what_is_shipped_and_what_a_source_of_files_is():
    jsonschema.validate(plain(yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text())), schema())
    jsonschema.validate(plain(config({"mapping": {"a": "yes"}, "label_delay": "3 hours"})), schema())


def test_the_schema_refuses_what_loading_refuses():
    for wrong in ({"sourcee": {}}, {"source": {"kind": "file", "start": "2026-01-01"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(plain(config({}) | wrong), schema())


def test_every_kind_of_source_is_in_the_schema_and_documented():
    definitions = schema()["$defs"]
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    for kind, section in source_sections().items():
        assert section.__name__ in definitions
        assert f"| `{kind}` " in page


@pytest.mark.parametrize(
    "source",
    [
        {"label": None, "labels": {"kind": "file", "path": "l.csv", "id": "key", "label": "y", "label_time": "known"}},
        {"label": None, "labels": {"kind": "table", "table": "l", "url_variable": "SHOP_URL", "label": "y"}},
        {"kind": "replay", "path": None, "id": None, "time": None, "label": None}
        | {"of": {"kind": "file", "path": "a.csv", "time": "t", "start": "2020-01-01"}},
    ],
    ids=["labels in files", "labels in a table", "a replay"],
)
def test_the_config_that_a_version_records_has_the_keys_of_every_source_in_it(tmp_path, source):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config(source)))
    read = load_use_case("mine", tmp_path)
    assert UseCase.model_validate_json(read.model_dump_json(by_alias=True)) == read
