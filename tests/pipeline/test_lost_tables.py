"""Tables of the lake that were deleted or damaged: one sentence, with a command that helps when it is followed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module

import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError

from commands.catalogue import ENTRIES
from sluss.alerting import outbox
from sluss.alerting.actions import Action, record
from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.control_room.overview import overview
from sluss.control_room.standing import read_standing
from sluss.control_room.status import status_of
from sluss.deployment.deploy import Checked
from sluss.errors import DataError, ServiceError
from sluss.interval import parse_interval
from sluss.lost_files import damaged_files, explained_in, lost_files
from sluss.registry import versions
from sluss.registry.champion import as_model
from sluss.registry.contract import contract_of
from sluss.storage import table_log
from tasks import batch_predict, deploy_model, monitor_model, repair_production, show_history

DAYS = ("2026-01-01", "2026-01-02")
INTERVALS = ("curated", "labels", "predictions", "monitoring")


@pytest.fixture(scope="module")
def scored(first_days, sentiment, tmp_path_factory) -> Settings:
    """The first days with version 1 in production, and two days scored and monitored."""
    settings = Settings(home=tmp_path_factory.mktemp("scored") / "home", data=first_days.data)
    shutil.copytree(first_days.home, settings.home)
    context = Context(settings, sentiment)
    for day in DAYS:
        batch_predict.run(context, parse_interval(day, sentiment.unit))
        monitor_model.run(context, parse_interval(day, sentiment.unit))
    return settings


@pytest.fixture
def world(scored, sentiment, tmp_path) -> Context:
    """A copy with a lake, a warehouse and a registry of its own."""
    settings = Settings(home=tmp_path / "home", data=scored.data)
    shutil.copytree(scored.home, settings.home)
    shutil.rmtree(settings.home / "models")
    return Context(settings, sentiment)


def folder(context, table):
    return context.settings.home / "lake" / context.use_case.name / table


def newest_file(context, table):
    return max(folder(context, table).glob("*/*.parquet"))


def as_found(context):
    """The same place, read by a process that begins now."""
    return Context(context.settings, context.use_case)


def follow(context, command):
    """Run the steps of a printed command as `sluss` does."""
    word, variables = re.fullmatch(r"make ([a-z]+)((?: [A-Z_]+=[\w-]+)*)", command).groups()
    given = dict(pair.split("=") for pair in variables.split())
    assert given.pop("USE_CASE") == context.use_case.name
    options = {name.lower(): value for name, value in given.items()}
    if word == "data":
        options = {"interval": None} | options | {"history": "interval" not in options}
    for step in ENTRIES[word].steps:
        body = import_module(f"tasks.{step}").command.body
        body(as_found(context), **({"interval": options["interval"]} if word == "score" else options))


def status(context):
    now = datetime.now(UTC)
    return status_of(context.use_case, read_standing(as_found(context)), now, scheduled=False)


@pytest.mark.parametrize("table", INTERVALS)
def test_a_file_that_was_deleted_is_named_and_its_interval_is_written_again(world, table):
    newest_file(world, table).unlink()
    with pytest.raises(FileNotFoundError) as raised:
        as_found(world).lake.dataset(table).to_table()
    sentence = explained_in(as_found(world), raised.value)
    assert f"1 file of the table {folder(world, table)} was lost or changed" in str(sentence)
    command = f"make {'data' if table in {'curated', 'labels'} else 'score'} USE_CASE=sentiment INTERVAL=2026-01-02"
    assert sentence.command == command
    assert str(sentence).endswith(f"or write its interval again: {command}.")
    follow(world, command)
    assert lost_files(as_found(world)) is None
    assert status(world).level == "well"


@pytest.mark.parametrize("content", [b"", b"PAR1 half of a file"], ids=["empty", "cut off"])
def test_a_file_with_another_size_is_named_whatever_the_library_says(world, content):
    newest_file(world, "predictions").write_bytes(content)
    with pytest.raises((OSError, ValueError)) as raised:
        as_found(world).lake.dataset("predictions").to_table()
    assert isinstance(explained_in(as_found(world), raised.value), DataError)
    with pytest.raises(Exception, match=r".") as raised:  # DataFusion's errors have no type of their own
        table_log.rows_with_id(as_found(world).lake, "predictions", "movies-12")
    assert isinstance(explained_in(as_found(world), raised.value), DataError)


def rot(path, place):
    """Turn bytes around, and leave the file's size as it is."""
    content = bytearray(path.read_bytes())
    for position in range(int(len(content) * place), min(int(len(content) * place) + 40, len(content))):
        content[position] ^= 0x5A
    path.write_bytes(content)


@pytest.mark.parametrize("place", [0.3, 0.999], ids=["values", "footer"])
@pytest.mark.parametrize("table", INTERVALS)
def test_a_file_whose_bytes_changed_at_equal_size_is_named_and_its_interval_is_written_again(world, table, place):
    rot(newest_file(world, table), place)
    with pytest.raises((OSError, ValueError)) as raised:
        as_found(world).lake.dataset(table).to_table()
    sentence = explained_in(as_found(world), raised.value)
    assert f"1 file of the table {folder(world, table)} was damaged, with bytes that changed at" in str(sentence)
    command = f"make {'data' if table in {'curated', 'labels'} else 'score'} USE_CASE=sentiment INTERVAL=2026-01-02"
    assert sentence.command == command
    follow(world, command)
    assert damaged_files(as_found(world)) is None
    assert status(world).level == "well"


def test_damage_that_a_library_of_another_language_passes_on_is_named(world):
    rot(newest_file(world, "curated"), 0.5)
    with pytest.raises(DeltaError) as raised:
        batch_predict.run(as_found(world), parse_interval(DAYS[1], "day"))
    assert "was damaged, with bytes" in str(explained_in(as_found(world), raised.value))


def test_a_store_that_does_not_answer_is_not_read_as_a_whole(world):
    rot(newest_file(world, "predictions"), 0.3)
    silent = ServiceError("The lake does not answer.")
    silent.__cause__ = OSError("AWS Error NETWORK_CONNECTION during GetObject: timed out")
    settings = world.settings.model_copy(update={"lake_url": "s3://lake"})
    assert explained_in(Context(settings, world.use_case), silent) is silent


@pytest.mark.parametrize("place", [0.15, 0.3, 0.6, 0.999])
def test_a_ledger_whose_bytes_changed_is_a_sentence_that_leads_out(world, place):
    rot(max(folder(world, "ledger").glob("*/*.parquet")), place)
    try:
        said = " ".join(show_history.run(as_found(world)).problems)
    except Exception as error:  # noqa: BLE001 - of a library
        said = str(explained_in(as_found(world), error))
    # A value that can still be read breaks the chain; any other is read no more.
    assert "make repair USE_CASE=sentiment" in said


def test_an_error_of_another_cause_stays_what_it_is(world):
    newest_file(world, "predictions").unlink()
    assert explained_in(as_found(world), KeyError("a bug")) is None
    assert str(explained_in(as_found(world), DataError("Wrong rows."))) == "Wrong rows."
    assert explained_in(None, FileNotFoundError("gone")) is None


def test_a_step_ends_with_the_sentence_and_status_gives_the_command(world, tmp_path):
    for file in folder(world, "monitoring").glob("*/*.parquet"):
        file.unlink()
    known = {"SLUSS_HOME": str(world.settings.home), "PYTHONPATH": str(ROOT), "SLUSS_ENV_FILE": str(tmp_path / "none")}
    done = subprocess.run(
        [sys.executable, "-m", "commands", "alerts", "--where", "embedded"],
        env=known | {"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2
    assert "2 files of the table" in done.stderr
    assert done.stderr.rstrip().endswith(
        "make score USE_CASE=sentiment INTERVAL=2026-01-01, then those of 2026-01-02 in the same way."
    )
    found = next(each for each in overview(world.settings).use_cases if each.name == "sentiment")
    assert found.next == "make score USE_CASE=sentiment INTERVAL=2026-01-01"


@pytest.mark.parametrize("table", [*INTERVALS, "ledger"])
def test_a_damaged_log_is_a_sentence_that_leads_out(world, table):
    log = max((folder(world, table) / "_delta_log").glob("*.json"))
    log.write_bytes(log.read_bytes()[:100])
    with pytest.raises(DataError, match="restore its folder from a backup, or move it away and") as raised:
        as_found(world).lake.table(table)
    commands = re.findall(r"make (\w+)", str(raised.value))
    assert commands == {"ledger": ["repair", "deploy"], "curated": ["data"] * 2, "labels": ["data"] * 2}.get(
        table, ["score"]
    )


def test_a_ledger_that_was_moved_away_begins_anew(world):
    shutil.move(folder(world, "ledger"), world.settings.home / "away")
    assert "is accepted" in repair_production.run(as_found(world), accept=True).done[0]
    model, now = vars(as_model(versions.by_version(world, "1"))), datetime.now(UTC).isoformat()
    passed = Checked("1", 0, now, {"quality": "passed: good"}, model, contract_of(world.use_case))
    deploy_model.run(as_found(world), checked=passed)
    assert show_history.run(as_found(world)).problems == ()


@pytest.mark.parametrize("table", INTERVALS)
def test_a_table_that_was_deleted_is_seen_and_comes_back_by_the_commands(world, table):
    shutil.rmtree(folder(world, table))
    seen = status(world)
    assert (seen.level in {"attention", "critical"}, bool(seen.next)) == (True, True)
    for _ in range(4):
        if not (found := status(world)).next:
            break
        follow(world, found.next)
    assert status(world).waiting == ()


def with_people(world):
    """The same place, with a table of each kind that no interval writes."""
    lake = as_found(world).lake
    record(lake, Action("k3f7qa", "drift", DAYS[0], "acknowledge", "ann", datetime.now(UTC), DAYS[1], "warning"))
    outbox.record(lake, [outbox.Delivery("e", "m", "t", "mail", datetime.now(UTC), "sent")])
    rows = pa.Table.from_pylist([{"interval": DAYS[0], "id": "1", "reason": "broken"}])
    lake.replace("quarantine", rows, DAYS[0], DAYS[1])
    assert status(world).level == "well"
    return world


LOST = {
    "alert_actions": "who acknowledged, silenced, commented and reopened alerts. No command writes that again. ",
    "alert_deliveries": "which messages were delivered, so that news of the last three days may be sent twice. No",
    "quarantine": "the rows that curation had put aside, with the reasons. Restore its folder from a backup, write its",
}


@pytest.mark.parametrize("table", LOST)
def test_a_table_that_no_command_writes_again_is_named_until_a_person_accepts_the_loss(world, table):
    with_people(world)
    shutil.rmtree(folder(world, table))
    [sentence] = status(world).waiting
    assert sentence.startswith(f"The table {table} was deleted, and with it {LOST[table]}")
    assert (status(world).level, status(world).next) == ("attention", "make repair USE_CASE=sentiment ACCEPT=1")
    done = repair_production.run(as_found(world), accept=True).done
    assert f"The loss of 1 table, {table}, is accepted by" in done[0]
    assert status(world).level == "well"
    assert len(as_found(world).lake.table("ledger").history()) > 0


def test_a_table_that_was_lost_and_begun_anew_is_named_until_a_person_accepts_the_loss(world):
    with_people(world)
    shutil.rmtree(folder(world, "alert_deliveries"))
    outbox.record(as_found(world).lake, [outbox.Delivery("f", "n", "t", "mail", datetime.now(UTC), "sent")])
    [sentence] = status(world).waiting
    assert sentence.startswith("The table alert_deliveries was deleted and begun anew, and with it which messages")
    repair_production.run(as_found(world), accept=True)
    assert status(world).level == "well"


@pytest.mark.parametrize("table", ["monitoring", "alert_actions"])
def test_a_process_that_reads_a_table_which_was_deleted_meanwhile_names_it(world, table):
    control_room = as_found(with_people(world))
    read_standing(control_room)
    shutil.rmtree(folder(world, table))
    with pytest.raises((OSError, ServiceError)) as raised:
        read_standing(control_room)
    assert f"of the table {folder(world, table)} w" in str(explained_in(control_room, raised.value))


@pytest.mark.parametrize("table", ["curated", "labels", "predictions", "quarantine"])
def test_a_process_that_has_a_table_open_sees_that_it_was_deleted(world, table):
    control_room = as_found(with_people(world))
    assert read_standing(control_room).gone == ()
    shutil.rmtree(folder(world, table))
    standing = read_standing(control_room)
    assert standing.gone == (table,)
    assert status_of(world.use_case, standing, datetime.now(UTC), scheduled=False).waiting


def test_a_ledger_that_was_deleted_is_critical(world):
    shutil.rmtree(folder(world, "ledger"))
    assert status(world).level == "critical"
    assert "The table ledger is gone." in status(world).waiting
    assert status(world).next == "make history USE_CASE=sentiment"
    assert "make repair USE_CASE=sentiment" in show_history.run(as_found(world)).problems[-1]


@pytest.mark.parametrize("table", [*INTERVALS, "ledger", *LOST])
def test_a_table_that_lost_only_its_log_does_not_begin_anew_over_its_files(world, table):
    with_people(world)
    before = set(folder(world, table).rglob("*.parquet"))
    shutil.rmtree(folder(world, table) / "_delta_log")
    with pytest.raises(
        DataError, match=r"its log \(_delta_log\) is gone. Restore its folder from a backup, or move it"
    ):
        as_found(world).lake.table(table)
    with pytest.raises(DataError, match="its log"):
        as_found(world).lake.replace(table, pa.table({"interval": [DAYS[0]]}), DAYS[0], DAYS[1])
    assert set(folder(world, table).rglob("*.parquet")) == before
    found = next(each for each in overview(world.settings).use_cases if each.name == "sentiment")
    assert found.level == "unknown"
    assert "its log (_delta_log) is gone" in found.error


def test_files_of_a_process_that_was_killed_while_it_made_a_table_are_no_lost_log(world):
    orphan = folder(world, "quarantine") / f"interval={DAYS[0]}" / "part.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"PAR1")
    with_people(world)
    assert as_found(world).lake.table("quarantine").version() == 0


def test_a_table_of_an_older_release_is_known_after_some_writes(world):
    lake = as_found(world).lake
    shutil.rmtree(folder(world, ".tables"))
    rows = pa.Table.from_pylist([{"interval": DAYS[0], "id": "1", "reason": "broken"}])
    for _ in range(6):
        lake.replace("quarantine", rows, DAYS[0], DAYS[1])
    shutil.rmtree(folder(world, ".tables"))
    for _ in range(5):
        lake.replace("quarantine", rows, DAYS[0], DAYS[1])
    assert lake.known.names() == {"quarantine"}
    assert not lake.known.begun_anew()


def test_a_commit_that_was_lost_from_the_log_is_seen(world):
    max((folder(world, "curated") / "_delta_log").glob("*.json")).write_bytes(b"")
    assert status(world).waiting == ("1 scored interval from 2026-01-02 on has no rows in the table curated.",)
    follow(world, status(world).next)
    assert status(world).level == "well"
