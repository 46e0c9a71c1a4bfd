"""Findings about a table, printed for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted

if TYPE_CHECKING:
    from rich.console import Console

    from sluss.new.look import Look
    from sluss.new.quick import Quick

_STYLES = {"label": "bold green", "id": "cyan", "time": "cyan", "left out": "dim", "feature": ""}


def show(console: Console, look: Look, quick: Quick | None) -> None:
    """Print the columns with type, role and reason, the warnings, and what the quick trial reached."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "column", "type", "missing", "role", "why", title=counted(look.profile.rows, "row"), title_justify="left"
    )
    for name, role in look.roles.items():
        column = look.profile.columns[name]
        missing = f"{column.missing / column.rows:.1%}" if column.missing else ""
        reason = f"{role.reason}{'; calendar' if name in look.calendar else ''}"
        cells = (escape(name), f"{column.kind}: {column.written}", missing, role.name, escape(reason))
        table.add_row(*cells, style=_STYLES[role.name])
    console.print(table)
    for warning in look.warnings:
        console.print(f"[yellow]![/] {escape(warning)}", highlight=False)
    target = look.target
    console.print(
        f"A {target.kind} of '{escape(target.column)}', judged by {target.metric}: {escape(target.why_metric)}."
    )
    if quick:
        console.print(
            f"On the newest fifth of {counted(quick.rows, 'row')} gradient boosting reaches {quick.strong:.3f}, a "
            f"linear model {quick.simple:.3f}, guessing {quick.guess:.3f}.",
            highlight=False,
        )
