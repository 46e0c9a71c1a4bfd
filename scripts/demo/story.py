"""The demo's output on the terminal while its DAGs run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

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


class Story:
    """Words for each chapter; every figure is read from the tables and the hub."""

    def __init__(self, context: Context, console: Console) -> None:
        self.context, self.use_case, self.console = context, context.use_case, console
        self.lake = context.lake
        columns = context.use_case.curation.columns
        self.mix = next(name for name, column in columns.items() if column.kind == "category")
        self.newest = ""  # the version that was shown last

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
        metric = self.use_case.training.metric
        self.console.print(
            f"[bold]{first.name}[/] version {first.version} learned from "
            f"{metrics['train_rows']:,.0f} movie reviews "
            f"(cross-validated {metric} {metrics[f'cv_{metric}_mean']:.3f} ± {metrics[f'cv_{metric}_std']:.3f}). "
            f"On the {metrics['holdout_rows']:,.0f} reviews that came after, its {metric} is "
            f"[bold]{metrics[f'holdout_{metric}']:.3f}[/]; guessing gives {metrics['baseline_accuracy']:.3f}. "
            "It passed the gates and is the champion.\n"
        )
        self.console.print("[dim]day         reviews of      rows  by    confidence  drift  accuracy, as known[/]")

    def scored(self, day: Interval) -> None:
        """One line a day: what came, how sure the model was, and what the labels say so far."""
        name = partition(day.start, self.use_case.unit)
        monitored = read_monitored(self.lake, first=name, last=name)[0]
        summary = monitored.summary
        drift = max((each.distance for each in summary.drift), default=0.0)
        quality = summary.quality
        known = f"{quality.value:.3f} ({summary.quality_intervals[-1]})" if quality else "no labels yet"
        self.console.print(
            f"{name}  {self._sources(name):14} {summary.rows:5}  v{summary.model_version:3}  "
            f"{summary.figures['mean_confidence']:10.3f}  {drift:5.2f}  {known}"
        )
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

    def _sources(self, interval: str) -> str:
        rows = read_rows(self.lake, "curated", [self.mix], first=interval, last=interval)
        return ", ".join(sorted(rows[self.mix].unique()))

    def _summary(self) -> Table:
        """Table of the accuracy by source of the reviews and version, over all labels that have arrived."""
        from sluss.statistics.proportions import wilson

        table = Table(
            "reviews of", "version", "days", "rows", "labelled", "accuracy", "95 % interval", title="What happened"
        )
        for (source, version), rows in self._labelled().groupby([self.mix, "model_version"], sort=False):
            known = rows.dropna(subset="label")
            correct = int((known["prediction"] == known["label"]).sum())
            low, high = wilson(correct, len(known))
            table.add_row(
                str(source),
                str(version),
                str(rows[INTERVAL].nunique()),
                f"{len(rows):,}",
                f"{len(known):,}",
                f"{correct / len(known):.3f}" if len(known) else "–",
                f"{low:.3f} – {high:.3f}" if len(known) else "–",
            )
        return table

    def _labelled(self) -> pd.DataFrame:
        predictions = read_rows(self.lake, "predictions", [INTERVAL, "id", "prediction", "model_version"])
        sources = read_rows(self.lake, "curated", ["id", self.mix])
        labels = read_rows(self.lake, "labels", ["id", "label"])
        return predictions.sort_values(INTERVAL).merge(sources, on="id").merge(labels, on="id", how="left")

    def _where_next(self, report: Path) -> None:
        self.console.print(f"\nThe report with all plots: [bold]{report}[/]  (make report opens it)")
        self.console.print("The same runs in MLflow's and Airflow's pages: [bold]make ui[/]")
        self.console.print("The real stack in containers: [bold]make up[/]")
