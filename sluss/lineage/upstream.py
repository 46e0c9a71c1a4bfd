"""The making of a version, as nodes: its data, code, packages, run, gates, and who put it into production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.lineage.graph import Fact, Graph, Node
from sluss.lineage.version_record import UNKNOWN, Provenance
from sluss.registry import ledger

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.config.use_case import UseCase
    from sluss.registry.ledger import Entry
    from sluss.storage.lake import Lake


def version_node(use_case: UseCase, made: Provenance) -> Node:
    """A version by its digest, and whether the gates let it pass."""
    refused = ", ".join(made.refusals)
    verdict = f"refused by {refused}" if refused else "all passed" if made.gates else UNKNOWN
    facts: dict[str, Fact] = {"digest": made.tag("digest"), "registered": moment(made.registered), "gates": verdict}
    return Node("version", f"{use_case.model} version {made.version}", facts)


def add_makers(graph: Graph, use_case: UseCase, made: Provenance) -> Node:
    """Add the version and all that made it, and give back its node."""
    version = version_node(use_case, made)
    run = Node("run", f"run {made.run_id}", {"fitted pipeline": made.tag("pipeline")})
    graph.link(run, "registered", version)
    graph.link(_training_data(use_case, made), "taught", run)
    graph.link(Node("code", "code", {"commit": made.tag("commit"), "digest": made.tag("code")}), "ran in", run)
    packages: dict[str, Fact] = {"lock file": made.tag("lock"), "Python": made.tag("python")}
    graph.link(Node("environment", "packages", packages), "were used by", run)
    graph.link(Node("gates", "gates", dict(made.gates) or {"verdicts": UNKNOWN}), "judged", version)
    return version


def add_deployment(graph: Graph, lake: Lake, version: Node, number: str, before: datetime | None = None) -> None:
    """Add the ledger's entry that put the version into production, the newest one before a moment."""
    entries = ledger.read(lake)
    entry = deployment(entries, number, before)
    if entry is None:
        graph.link(Node("deployment", "deployment", {"ledger": UNKNOWN}), "put into production", version)
        return
    facts = {"action": entry.action, "at": moment(entry.at), "by": entry.by, "reason": entry.reason}
    facts["gates then"] = entry.passed or UNKNOWN
    facts["hash"] = entry.hash
    if broken := ledger.verify(entries):
        facts["ledger"] = f"not as it was written: {broken[0]}"
    graph.link(Node("deployment", f"entry {entry.number} of the ledger", dict(facts)), "put into production", version)


def deployment(entries: list[Entry], version: str, before: datetime | None = None) -> Entry | None:
    """The newest entry, of those before a moment if there are any, that put a version into production."""
    of_version = [entry for entry in entries if entry.version == version]
    earlier = [entry for entry in of_version if before is None or entry.at <= before]
    return next(reversed(earlier or of_version), None)


def moment(at: datetime | None) -> str:
    """A time to the second, or that none was recorded."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else UNKNOWN


def _training_data(use_case: UseCase, made: Provenance) -> Node:
    window = made.window(use_case)
    facts: dict[str, Fact] = {
        "table": made.tag("data.table"),
        "version": made.tag("data.version"),
        "intervals": f"{window[0]} to before {window[1]}" if window else UNKNOWN,
        "known until": moment(made.until),
        "version of labels": made.tag("labels.version"),
        "digest of the rows": made.tag("data.digest"),
    }
    return Node("data", "training data", facts)
