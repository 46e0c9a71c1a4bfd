"""How a table of the lake, or an interval of it, is written again after it was lost."""

from __future__ import annotations

# The command that writes an interval's partition anew, from the warehouse or from the tables before it.
_COMMANDS = {
    "curated": "data", "labels": "data", "quarantine": "data", "arrivals": "data",
    "predictions": "score", "monitoring": "score",
}  # fmt: skip
TABLES = (*_COMMANDS, "ledger", "alert_actions", "alert_deliveries", "drill")

# The content of tables that no command writes again, or not all of it.
_GONE = {
    "quarantine": "the rows that curation had put aside, with the reasons",
    "alert_actions": "who acknowledged, silenced, commented and reopened alerts",
    "alert_deliveries": "which messages were delivered, so that news of the last three days may be sent twice",
    "drill": "the result of the last drill",
    "ledger": "every change of production",
}


def lost_for_good(use_case: str, table: str, *, begun_anew: bool = False) -> str:
    """Return the sentences for a table that was deleted: its content, and how to go on."""
    content = _GONE.get(table, "its rows")
    then = " and begun anew" if begun_anew else ""
    again = (
        f"write its rows again (make data USE_CASE={use_case} for the history, then make data USE_CASE={use_case} "
        "INTERVAL=… for each later interval), or "
        if table in _COMMANDS
        else ""
    )
    told = "" if again else " No command writes that again."
    return (
        f"The table {table} was deleted{then}, and with it {content}.{told} Restore its folder from a backup, {again}"
        f"{'' if again else 'or '}accept the loss: make repair USE_CASE={use_case} ACCEPT=1."
    )


def interval_again(use_case: str, table: str, interval: str) -> str:
    """Return the command that writes one interval of a table again; empty for a table without one."""
    command = _COMMANDS.get(table)
    return f"make {command} USE_CASE={use_case} INTERVAL={interval}" if command else ""


def table_again(use_case: str, table: str) -> str:
    """Return how to go on without a table that no backup has, as the end of a sentence."""
    away = "or move it away and "
    if table == "ledger":
        return f"{away}begin a new one: make repair USE_CASE={use_case} ACCEPT=1, then make deploy USE_CASE={use_case}."
    if (command := _COMMANDS.get(table)) == "data":
        return (
            f"{away}load its rows again: make data USE_CASE={use_case} for the history, then make data "
            f"USE_CASE={use_case} INTERVAL=… for each later interval."
        )
    if command == "score":
        return f"{away}score its intervals again: make score USE_CASE={use_case} INTERVAL=… for each."
    return f"{away}do without: it is made anew when it is needed."
