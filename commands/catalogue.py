"""Every subcommand of `sluss`, with the line that lists it. A subcommand's own module is imported when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


@dataclass(frozen=True)
class Subcommand:
    """A subcommand: steps of `tasks/` that run in the stack or here, or a command of a module of its own."""

    name: str
    words: str
    steps: tuple[str, ...] = ()
    target: str = ""
    missing: str = ""  # the sentence where a required option is missing

    def load(self) -> click.Command:
        """The command, and with it the modules that it needs."""
        if self.steps:
            from commands.placed import PlacedCommand

            return PlacedCommand(self.name, self.words, self.steps, self.missing)
        module, _, name = self.target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


START = (
    Subcommand(
        "status",
        "Show what is live, how fresh and how good it is, and what needs a person",
        target="commands.status:command",
    ),
    Subcommand(
        "new", "Look at a table, write its use case, and bring a model into production", target="commands.new:command"
    ),
    Subcommand(
        "demo", "Run the whole life cycle on real data, on this machine, without Docker", target="commands.local:demo"
    ),
    Subcommand("ui", "Serve MLflow's and Airflow's pages on the demo's state", target="commands.local:ui"),
    Subcommand("report", "Write the report", target="commands.local:report"),
    Subcommand("notebook", "Start JupyterLab on notebooks/", target="commands.local:notebook"),
)
STEPS = (
    Subcommand("data", "Load and curate the history, or one interval", steps=("generate_data", "curate_data")),
    Subcommand("train", "Train, judge and register a model", steps=("train_model",)),
    Subcommand("plots", "Draw the plots of a version", steps=("plot_model",)),
    Subcommand("reproduce", "Train a version again in a fresh environment", target="commands.reproduce:command"),
    Subcommand("gates", "Run the gates on a version", steps=("validate_model",)),
    Subcommand("deploy", "Make a version the champion if every gate passes it", steps=("deploy_model",)),
    Subcommand("rollback", "Restore the previous version at once", steps=("rollback_model",)),
    Subcommand("repair", "Mend what contradicts the ledger in MLflow", steps=("repair_production",)),
    Subcommand("history", "Show every change of production, and verify the ledger", steps=("show_history",)),
    Subcommand(
        "score",
        "Bring an interval's rows if they are not there, score, monitor and summarise them",
        steps=("bring_interval", "batch_predict", "monitor_model", "generate_summary"),
        missing="Name the interval to score: make score INTERVAL=2026-01-05",
    ),
    Subcommand("alerts", "Show the alerts with age and owner, the open ones first", steps=("show_alerts",)),
    Subcommand(
        "ack",
        "Make a person the owner of an alert",
        steps=("acknowledge_alert",),
        missing="Name the alert, as make alerts shows it: make ack ALERT=k3f7qa",
    ),
    Subcommand(
        "silence",
        "Send no more news of an alert until a time, unless it becomes more severe",
        steps=("silence_alert",),
        missing="Name the alert, the end and the reason: make silence ALERT=k3f7qa UNTIL=3d REASON='a new source'",
    ),
    Subcommand(
        "comment",
        "Add a comment to the history of an alert",
        steps=("comment_alert",),
        missing="Name the alert and give the comment: make comment ALERT=k3f7qa COMMENT='the form has changed'",
    ),
    Subcommand(
        "reopen",
        "Open an alert again, or close one that was opened again",
        steps=("reopen_alert",),
        missing="Name the alert, as make alerts shows it: make reopen ALERT=k3f7qa",
    ),
    Subcommand("drill", "Make mistakes on purpose, and show which lock refuses which", steps=("run_drill",)),
    Subcommand(
        "lineage", "Trace a prediction or a version upstream, or a day's data downstream", steps=("show_lineage",)
    ),
    Subcommand(
        "why",
        "Show one prediction's receipt, and score its row again",
        steps=("explain_prediction",),
        missing="Name the row by its id, as the table predictions has it: make why ID=…",
    ),
)
BACKUPS = (
    Subcommand("backup", "Back up all stores while steps go on", target="commands.backup:save"),
    Subcommand("restore", "Restore a backup to an empty place, and verify it", target="commands.backup:restore"),
    Subcommand("verify", "Verify a backup: digests, ledger, rows, predictions", target="commands.backup:check"),
)
SINGLE_STEPS = (
    Subcommand("generate", "Load new rows and labels into the warehouse", steps=("generate_data",)),
    Subcommand("curate", "Check new rows and bring them to the lake", steps=("curate_data",)),
    Subcommand("predict", "Score an interval", steps=("batch_predict",)),
    Subcommand("monitor", "Compare an interval's scores with the model's profile", steps=("monitor_model",)),
    Subcommand("notify", "Send the news of alerts that are due", steps=("send_alerts",)),
    Subcommand("summary", "Summarise an interval on one page", steps=("generate_summary",)),
    Subcommand("decide", "Decide whether a new model is worth training", steps=("decide_training",)),
    Subcommand("retrain", "Train a version again in this environment, and compare", steps=("reproduce_model",)),
    Subcommand("cleanup", "Delete predictions, runs and files past their retention", steps=("cleanup_old_artifacts",)),
)
STACK = (
    Subcommand("up", "Build, start, wait until every service is healthy", target="commands.stack:up"),
    Subcommand("down", "Stop the stack; its data stays", target="commands.stack:down"),
    Subcommand("destroy", "Delete the stack and its data, after a question", target="commands.stack:destroy"),
    Subcommand("ps", "Show the containers", target="commands.stack:ps"),
    Subcommand("logs", "Show the last lines of all services, or of one", target="commands.stack:logs"),
    Subcommand("login", "Show the addresses and the logins", target="commands.stack:login"),
    Subcommand("shell", "Open a shell where the tasks run, or run a command there", target="commands.stack:shell"),
    Subcommand("backfill", "Score past days in the stack", target="commands.stack:backfill"),
    Subcommand("build", "Build the images only", target="commands.stack:build"),
)
SECTIONS = {
    "Start here": START,
    "Steps, in the stack if it is up, embedded otherwise": STEPS,
    "Backups, of the stack if it is up, embedded otherwise": BACKUPS,
    "Single steps, as the DAGs run them": SINGLE_STEPS,
    "The stack": STACK,
}
ENTRIES = {entry.name: entry for section in SECTIONS.values() for entry in section}
