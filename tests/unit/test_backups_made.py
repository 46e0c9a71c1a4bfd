"""The age of the newest backup, and a warning where one should have come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from s3_stand_in import serving

from sluss.config.settings import Settings
from sluss.control_room.metrics import exposition
from sluss.control_room.overview import Overview
from sluss.control_room.status import Status
from sluss.disk import Room
from sluss.errors import ServiceError
from sluss.storage.backups_made import BackupsMade, note_backup, read_backups_made
from sluss.storage.lake import Lake

NIGHT = datetime(2026, 1, 5, 3, tzinfo=UTC)
DAY = timedelta(days=1)
NIGHTLY = BackupsMade(tuple(NIGHT + number * DAY for number in range(4)))


@pytest.mark.parametrize(
    ("moments", "later", "late"),
    [
        ((), DAY, False),
        (NIGHTLY.moments[:2], 90 * DAY, False),  # two tell no schedule
        (NIGHTLY.moments, 1.9 * DAY, False),
        (NIGHTLY.moments, 2.1 * DAY, True),
        ([NIGHT + timedelta(minutes=number) for number in range(4)], timedelta(minutes=50), False),  # made by hand
        (NIGHTLY.moments, -DAY, False),  # a clock that went back
    ],
)
def test_a_backup_is_late_by_its_own_rhythm(moments, later, late):
    made = BackupsMade(tuple(moments))
    assert made.is_late((made.newest or NIGHT) + later) == late


def test_status_and_metrics_show_the_newest_backup():
    now = NIGHTLY.newest + 3 * DAY
    well = Overview("embedded", now, (Status("a", "A", "well"),), Room("/", 10**12, 10**12), NIGHTLY)
    assert well.backup_warning.startswith("The newest backup is 3 d old, and they came every 1 d. See why no newer one")
    assert (well.all_well, replace(well, at=NIGHTLY.newest + DAY).all_well) == (False, True)
    assert well.as_json()["backup"] == {"newest": "2026-01-08T03:00:00+00:00", "warning": well.backup_warning}
    text = exposition([], now, scheduled=True, backups=NIGHTLY).decode()
    assert "\nsluss_backup_late 1.0\n" in text
    assert "\nsluss_backup_late 1.0\n" not in exposition([], now, scheduled=True).decode()


def test_backups_are_noted_in_the_lake(tmp_path):
    settings = Settings(home=tmp_path, data=None)
    note_backup(settings, NIGHT)  # without a lake to note it in
    assert read_backups_made(settings) == BackupsMade()
    (tmp_path / "lake").mkdir()
    for moment in reversed(NIGHTLY.moments):
        note_backup(settings, moment)
    assert read_backups_made(settings) == NIGHTLY
    (tmp_path / "lake" / ".backups.json").write_text("{")
    assert read_backups_made(settings) == BackupsMade()


def test_a_bucket_that_was_deleted_is_a_sentence(tmp_path):
    with serving(tmp_path) as address:
        account = {"s3_endpoint_url": address, "s3_access_key_id": "a", "s3_secret_access_key": "b"}
        settings = Settings(home=tmp_path, lake_url="s3://lake", **account)
        with pytest.raises(ServiceError, match=r"The bucket of the lake, s3://lake, does not exist any more\. Make it"):
            Lake(settings, "sentiment").table("curated")
        assert read_backups_made(settings) == BackupsMade()
