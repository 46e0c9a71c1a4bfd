"""Tables of somebody's own: 200 rows, one an hour from 2026-01-01, with a number `x`, and a config to read them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.curate import CuratedData, curate
from sluss.sources.generate import generate
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 200


def table(**columns: list[Any]) -> dict[str, list[Any]]:
    """The rows by column; a column given here replaces its own or comes after them."""
    times = [(START + timedelta(hours=number)).isoformat() for number in range(ROWS)]
    own = {"id": [f"r{number}" for number in range(ROWS)], "t": times, "x": [float(n) for n in range(ROWS)]}
    return own | {"y": [number % 2 for number in range(ROWS)]} | columns


def write_csv(path: Path, columns: dict[str, list[Any]], delimiter: str = ",") -> Path:
    """Write the rows as people do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def config(source: dict[str, Any], columns: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A use case `mine` that reads this source; by default a CSV with the columns of `table`."""
    content = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8"))
    own = columns or {"x": {"kind": "number"}}
    usual = {"kind": "file", "path": "mine.csv", "start": "2026-01-01", "id": "id", "time": "t", "label": "y"}
    content |= {
        "name": "mine", "model": "mine", "live_start": "2026-01-10", "live_end": None,
        "source": {key: value for key, value in (usual | source).items() if value is not None},
        "curation": {
            "columns": {"id": {"kind": "text"}, "event_time": {"kind": "time"}} | own, "max_bad_share": 0.05,
        },
        "features": list(own), "classes": ["no", "yes"],
    }  # fmt: skip
    calendar = {"class": "components.calendar_features.CalendarFeatures"}
    branches = [
        {"columns": [name], "steps": [calendar if column["kind"] == "time" else "passthrough"]}
        for name, column in own.items()
    ]
    content["training"] |= {"preprocessing": branches, "slices": [], "min_rows": 10}
    return content | changes


def context(home: Path, content: dict[str, Any], **settings: Any) -> Context:
    """The use case, read from a folder of its own beside its data."""
    folder = home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    made = Settings(home=home / "home", config_dir=folder, data=None, **settings)
    made.home.mkdir(exist_ok=True)
    return Context(made, load_use_case("mine", folder))


def bring(where: Context) -> CuratedData:
    """Bring and curate the history."""
    generate(where, where.use_case.history)
    return curate(where, where.use_case.history)


def rows_of(where: Context, name: str = "curated") -> list[dict[str, Any]]:
    """A table of the lake, sorted by id."""
    found = where.lake.dataset(name)
    return (
        [] if found is None else sorted(found.to_table().to_pylist(), key=lambda row: (str(row["id"]), row["interval"]))
    )
