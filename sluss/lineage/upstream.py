"""The upstream of a version as nodes: its data, code, packages, run, gates and deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.lineage.graph import Fact, Graph, Node
from sluss.lineage.version_record import UNKNOWN, Provenance
from sluss.registry import ledger
from sluss.registry.entry import verify

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.config.use_case import UseCase
    from sluss.registry.entry import Entry
    from sluss.storage.lake import Lake


def version_node(use_case: UseCase, made: Provenance) -> Node:
    """Return the node of a version, with its digest and the gates' verdict."""
    refused = ", ".join(made.refusals)
    verdict = f"refused by {refused}" if refused else "all passed" if made.gates else UNKNOWN
    facts: dict[str, Fact] = {"digest": made.tag("digest"), "registered": moment(made.registered), "gates": verdict}
    return Node("version", f"{use_case.model} version {made.version}", facts)


def add_upstream(graph: Graph, use_case: UseCase, made: Provenance) -> Node:
    """Add the version and its upstream to the graph, and return its node."""
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
    """Add the ledger's newest entry, before a moment, that put the version into production."""
    entries = ledger.read(lake)
    entry = deployment(entries, number, before)
    if entry is None:
        graph.link(Node("deployment", "deployment", {"ledger": UNKNOWN}), "put into production", version)
        return
    facts = {"action": entry.action, "at": moment(entry.at), "by": entry.by, "reason": entry.reason}
    facts["gates then"] = entry.passed or UNKNOWN
    facts["hash"] = entry.hash
    if broken := verify(entries):
        facts["ledger"] = f"not as it was written: {broken[0]}"
    graph.link(Node("deployment", f"entry {entry.number} of the ledger", dict(facts)), "put into production", version)


def deployment(entries: list[Entry], version: str, before: datetime | None = None) -> Entry | None:
    """Return the entry that put a version into production: the newest before a moment, or else the newest of all."""
    of_version = [entry for entry in entries if entry.version == version]
    earlier = [entry for entry in of_version if before is None or entry.at <= before]
    return next(reversed(earlier or of_version), None)


def moment(at: datetime | None) -> str:
    """Return a time to the second, or `not recorded`."""
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
