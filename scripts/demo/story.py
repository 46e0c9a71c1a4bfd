"""The demo's output on the terminal while its DAGs run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from sluss.counted import counted
from sluss.errors import ModelError
from sluss.interval import Interval, partition
from sluss.monitoring.tables import read_monitored, read_rows
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from sluss.context import Context
    from sluss.monitoring.alerts import Alert
    from sluss.statistics.figures import Estimate

_MIX, _CELL = 14, 10  # widths of columns


class Story:
    """Words for each chapter; every figure is read from the tables and the hub."""

    def __init__(self, context: Context, console: Console) -> None:
        self.context, self.use_case, self.console = context, context.use_case, console
        self.lake, self.problem = context.lake, context.problem
        columns = context.use_case.curation.columns
        # The parts of the data that the story tells apart, if the table has such a column.
        self.mix = next((name for name, column in columns.items() if column.categories), None)
        self.metric = self.problem.judging.metric.title.lower()
        self.newest = ""  # the version that was shown last
        self._headed = False

    def trained(self, refusals: list[str]) -> None:
        """Chapter one: the champion and how it was judged.

        Raises:
            ModelError: there is none, since the gates refused the first candidate.
        """
        from sluss.registry.champion import champion

        if refusals:
            raise ModelError(refusals[0])
        first = champion(self.context)
        self.newest = str(first.version)
        metrics = self.context.client.get_run(first.run_id).data.metrics
        judging, name = self.problem.judging, self.use_case.training.metric
        unit = judging.in_unit(judging.metric)
        guessing = judging.guessing[0].lower() + judging.guessing[1:]
        tried = ""
        if f"cv_{name}_mean" in metrics:
            tried = (
                f" (cross-validated {self.metric} {metrics[f'cv_{name}_mean']:.3f} ± {metrics[f'cv_{name}_std']:.3f})"
            )
        self.console.print(
            f"[bold]{first.name}[/] version {first.version} learned from "
            f"{counted(int(metrics['train_rows']), 'row')}{tried}. "
            f"On the {counted(int(metrics['holdout_rows']), 'row')} that came after, its {self.metric} is "
            f"[bold]{metrics[f'holdout_{name}']:.3f}[/]{unit}; {guessing} gives "
            f"{metrics[f'baseline_{name}']:.3f}{unit}. It passed the gates and is the champion.\n"
        )

    def scored(self, day: Interval) -> None:
        """One line a day: what came, how sure the model was, and what the labels say so far."""
        name = partition(day.start, self.use_case.unit)
        found = read_monitored(self.lake, first=name, last=name)
        if not found:
            self.console.print(f"{name:10}  no rows, which the config allows: nothing to score")
            return
        [monitored] = found
        summary = monitored.summary
        drift = max((each.distance for each in summary.drift), default=0.0)
        quality = summary.quality
        known = f"{quality.value:.3f} ({summary.quality_intervals[-1]})" if quality else "no labels yet"
        # The first of the kind's own figures; a terminal of 80 columns has no room for more.
        own = list(self.problem.reporting.cells(summary).items())[:1]
        if not self._headed:
            self._headed = True
            self._head([heading for heading, _ in own])
        mix = [f"{self._parts(name, self.mix):{_MIX}}"] if self.mix else []
        cells = [f"{cell:>{_CELL}}" for _, cell in own]
        line = [f"{name:10}", *mix, f"{summary.rows:6}", f"v{summary.model_version:3}", *cells, f"{drift:5.2f}", known]
        self.console.print(escape("  ".join(line)), soft_wrap=True)
        for alert in monitored.alerts:
            if alert.state != "ongoing":
                self._tell(alert)

    def learned(self, until: datetime, refusals: list[str]) -> None:
        """A line for a version that was trained since the last call: why, and what became of it."""
        from sluss.registry import versions
        from sluss.registry.champion import champion
        from sluss.registry.names import GATE_TAG
        from tasks import decide_training

        newest = versions.newest(self.context)
        if str(newest.version) == self.newest:
            return
        self.newest = str(newest.version)
        reason = decide_training.run(self.context, until).reason
        self._say(f"[blue]↻ version {newest.version} trained[/]: {escape(reason)}")
        tags = self.context.client.get_run(newest.run_id).data.tags
        if str(champion(self.context).version) == self.newest:
            said = tags.get(f"{GATE_TAG}quality", "").removeprefix("passed: ")
            self._say(f"[green]✓ version {newest.version} is the champion[/]: {escape(said)}")
        for refusal in refusals:
            self._say(f"[yellow]✗[/] {escape(refusal)}")

    def end(self) -> None:
        """The summary, the report, and where to look next."""
        from sluss.control_room.report import write_report

        report = write_report(self.context)
        self.console.print()
        self.console.print(self._summary())
        self._where_next(report)

    def _tell(self, alert: Alert) -> None:
        mark, style = ("▲", "red") if alert.active else ("✓", "green")
        self._say(f"[{style}]{mark} {alert.type} {alert.state}[/]: {escape(alert.message)}")

    def _say(self, text: str) -> None:
        self.console.print(Padding(text, (0, 0, 0, 12)))

    def _head(self, own: list[str]) -> None:
        mix = [f"{self.mix:{_MIX}}"] if self.mix else []
        cells = [f"{heading.lower():>{_CELL}}" for heading in own]
        line = [
            f"{self.use_case.unit.name:10}",
            *mix,
            f"{'rows':>6}",
            "by  ",
            *cells,
            "drift",
            f"{self.metric}, as known",
        ]
        self.console.print(f"[dim]{escape('  '.join(line))}[/]", soft_wrap=True)

    def _parts(self, interval: str, column: str) -> str:
        rows = read_rows(self.lake, "curated", [column], first=interval, last=interval)
        return ", ".join(sorted(rows[column].dropna().unique()))

    def _summary(self) -> Table:
        """Table of the metric by part of the data and version, over all labels that have arrived."""
        table = Table(
            *([self.mix] if self.mix else []),
            *("version", f"{self.use_case.unit.name}s", "rows", "labelled", self.metric, "95 % interval"),
            title="What happened",
        )
        parts = [*([self.mix] if self.mix else []), "model_version"]
        for key, rows in self._labelled().groupby(parts, sort=False):
            known = rows.dropna(subset="label")
            found = self._estimate(known)
            table.add_row(
                *map(str, key),
                str(rows[INTERVAL].nunique()),
                f"{len(rows):,}",
                f"{len(known):,}",
                f"{found.value:.3f}" if found else "–",
                f"{found.low:.3f} – {found.high:.3f}" if found else "–",
            )
        return table

    def _estimate(self, known: pd.DataFrame) -> Estimate | None:
        if known.empty:
            return None
        group = self.use_case.group
        return self.problem.judging.estimate(
            known["label"].to_numpy(),
            self.problem.scoring.read(known),
            None if group is None else known[group].to_numpy(),
        )

    def _labelled(self) -> pd.DataFrame:
        stored = [INTERVAL, "id", "model_version", *self.problem.scoring.stored]
        found = read_rows(self.lake, "predictions", stored).sort_values([INTERVAL, "id"])
        if extra := sorted({each for each in (self.mix, self.use_case.group) if each}):
            found = found.merge(read_rows(self.lake, "curated", ["id", *extra]), on="id")
        return found.merge(read_rows(self.lake, "labels", ["id", "label"]), on="id", how="left")

    def _where_next(self, report: Path) -> None:
        self.console.print(
            f"\nThe report with all plots: [bold]{report}[/]  (make report USE_CASE={self.use_case.name} opens it)"
        )
        self.console.print("The same runs in MLflow's and Airflow's pages: [bold]make ui[/]")
        self.console.print("The real stack in containers: [bold]make up[/]")
