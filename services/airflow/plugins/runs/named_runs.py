"""Airflow's plug-in point for schedules: a run bears the name of its interval, as in `scheduled__2026-01-05`.

Airflow itself takes the moment at which the interval ends, so that the fifth of January is run 2026-01-06. The
scheduler, which must know the schedule, has none of our packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.interval import CronDataIntervalTimetable

if TYPE_CHECKING:
    from airflow.timetables.base import DataInterval
    from airflow.utils.types import DagRunType
    from pendulum import DateTime


class NamedByInterval(CronDataIntervalTimetable):  # type: ignore[misc] # Airflow has no types for it
    """One run for each interval of a cron expression, named after the interval.

    Args:
        cron: when an interval ends and the next one begins.
        zone: time zone of the expression and of the names.
        name_format: `strftime`'s format of a name, made from the start of the interval.
    """

    def __init__(self, cron: str, zone: str, name_format: str) -> None:
        super().__init__(cron, timezone=zone)
        self.zone, self.name_format = zone, name_format

    def serialize(self) -> dict[str, Any]:
        """Return what Airflow keeps of the schedule in its database."""
        return {**super().serialize(), "zone": self.zone, "name_format": self.name_format}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> NamedByInterval:
        """Make the schedule again from what Airflow has kept."""
        return cls(data["expression"], data["zone"], data["name_format"])

    def generate_run_id(
        self, *, run_type: DagRunType, run_after: DateTime, data_interval: DataInterval | None, **extra: object
    ) -> str:
        """Return the name of a new run. A run that a person starts bears the moment of its start, too."""
        usual: str = super().generate_run_id(
            run_type=run_type, run_after=run_after, data_interval=data_interval, **extra
        )
        if data_interval is None:
            return usual
        name = data_interval.start.astimezone(ZoneInfo(self.zone)).strftime(self.name_format)
        if run_type == "manual":  # an interval may have many
            return usual.replace("manual__", f"manual__{name}__", 1)
        return str(run_type.generate_run_id(suffix=name))


class NamedRuns(AirflowPlugin):  # type: ignore[misc] # Airflow has no types for it
    """Makes the schedule known to every part of Airflow."""

    name = "named_runs"
    timetables: ClassVar[list[type[NamedByInterval]]] = [NamedByInterval]
