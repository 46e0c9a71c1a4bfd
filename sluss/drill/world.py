"""A use case in production, made from exported files in a folder of its own, to be damaged and put back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.drill.export import LIVE
from sluss.interval import Interval
from sluss.registry import artifacts
from sluss.registry.champion import champion
from sluss.training.rows import training_rows
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase
    from sluss.training.rows import TrainingRows

    Change = Callable[[pd.DataFrame], pd.DataFrame]

_DATABASE = "mlflow.db"


@dataclass(frozen=True)
class World:
    """A use case whose champion has scored its first live interval.

    `data/` has its rows and labels as files, `config/` its config, `home/` the stores of the embedded mode, and `kept/`
    a copy of all three, from which `restore` brings them back.
    """

    folder: Path
    name: str
    sound_locks: dict[str, str] = field(default_factory=dict)  # that refuse what is sound, with their sentences

    def keep(self) -> None:
        """Note this state as the one to come back to."""
        for part in ("data", "config", "home"):
            shutil.copytree(self.folder / part, self.folder / "kept" / part)

    def restore(self) -> None:
        """Undo every change since `keep`."""
        for part in ("data", "config", "home"):
            kept, here = self.folder / "kept" / part, self.folder / part
            for path in here.iterdir():
                if not path.name.startswith(_DATABASE):
                    _remove(path)
            for path in kept.iterdir():
                if not path.name.startswith(_DATABASE):
                    copy = shutil.copytree if path.is_dir() else shutil.copy
                    copy(path, here / path.name)
        _overwrite(self.folder / "kept" / "home" / _DATABASE, self.folder / "home" / _DATABASE)

    @contextmanager
    def older_registry(self) -> Iterator[None]:
        """Set MLflow's database back to its present state after the block."""
        database, backup = (self.folder / "home" / name for name in (_DATABASE, "backup.db"))
        _overwrite(database, backup)
        yield
        _overwrite(backup, database)

    @property
    def settings(self) -> Settings:
        """The embedded mode in this world's folder."""
        home = self.folder / "home"
        given: dict[str, Any] = {"home": home, "config_dir": self.folder / "config", "data": None}
        given |= {"warehouse_url": None, "lake_url": None, "deploys": True}
        return Settings(**given, MLFLOW_TRACKING_URI=f"sqlite:///{home}/{_DATABASE}")

    @property
    def context(self) -> Context:
        """A context with the config as it is now; nothing that an earlier one has read is remembered."""
        settings = self.settings
        return Context(settings, load_use_case(self.name, settings.config_dir))

    @cached_property
    def use_case(self) -> UseCase:
        """The use case before any mistake."""
        return self.context.use_case

    @cached_property
    def live(self) -> list[Interval]:
        """The live intervals; the first was scored."""
        unit, start = self.use_case.unit, self.use_case.first_live
        found: list[Interval] = []
        while len(found) < LIVE:
            found.append(Interval(start, start := unit.after(start)))
        return found

    @property
    def now(self) -> datetime:
        """The end of the newest live interval."""
        return self.live[-1].end

    @cached_property
    def trained_on(self) -> TrainingRows:
        """The rows that the champion learned from and was judged on. Not to be changed."""
        context = self.context
        return training_rows(context.lake, context.use_case, context.use_case.history.end)

    @property
    def champion(self) -> ModelVersion:
        """The version in production."""
        return champion(self.context)

    @property
    def artifacts(self) -> Path:
        """A local copy of the champion's artifacts. Not to be changed."""
        return artifacts.local_copy(self.settings, self.champion)

    @property
    def model(self) -> Pipeline:
        """The champion's pipeline, loaded anew."""
        return artifacts.load(self.settings, self.champion).pipeline

    # Reading and changing the files.

    def read(self, what: str) -> pd.DataFrame:
        """`rows` or `labels`, from all of their files."""
        return pd.concat(map(pd.read_parquet, sorted(self._file(what).parent.glob("*.parquet"))), ignore_index=True)

    def change(self, what: str, change: Change, span: Interval | None = None) -> None:
        """Replace the rows of a span (by default all) of `rows` or `labels` by those that `change` returns.

        The span is that of arrivals. Its rows come as a file of their own, as a delivery does.
        """
        frame, path = self.read(what), self._file(what)
        moments = frame["arrived_at" if what == "rows" else "label_time"]
        inside = moments >= moments.min() if span is None else moments.between(span.start, span.end, "left")
        changed = change(frame[inside].reset_index(drop=True).copy())
        if inside.all():
            path.unlink()
        else:
            frame[~inside].to_parquet(path, index=False)
        changed.to_parquet(path.with_name("changed.parquet"), index=False)

    def _file(self, what: str) -> Path:
        return self.folder / "data" / what / f"{what}.parquet"

    def config(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the content of the config's file."""
        path = self.folder / "config" / f"{self.name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    # Facts that decide whether a mistake applies.

    def columns(self, kind: str) -> list[str]:
        """Features of a kind."""
        columns = self.use_case.curation.columns
        return [name for name in self.use_case.features if columns[name].kind == kind]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes; none for a number."""
        return tuple(getattr(self.use_case, "classes", ()))


def _overwrite(source: Path, target: Path) -> None:
    """Write into the open database: MLflow's connections would keep reading a file that was replaced."""
    one, other = sqlite3.connect(source), sqlite3.connect(target)
    with closing(one), closing(other):
        one.backup(other)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
