"""Lineage queries, upstream and downstream, answered by MLflow and Delta alone.

No table of edges exists that could disagree with the data: every edge follows from a tag, a commit or a row that a step
writes anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.errors import ConfigError, DataError, printable
from sluss.interval import given_interval, partition
from sluss.lineage import version_record
from sluss.lineage.downstream import curated_rows, scored_intervals, spans
from sluss.lineage.graph import Fact, Graph, Node
from sluss.lineage.upstream import add_deployment, add_upstream, moment, version_node
from sluss.lineage.version_record import UNKNOWN, Provenance
from sluss.problems import problem_of
from sluss.storage import table_log
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.table_log import SCORED_FROM

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context


def of_prediction(context: Context, row_id: str, interval: str | None = None) -> Graph:
    """Return the upstream of a row's newest prediction, or of the one in an interval.

    Raises:
        DataError: the row was never scored.
        ModelError: the version that scored it is not registered any more.
        ServiceError: the lake or MLflow does not answer.
    """
    lake = context.lake
    found = predictions_of(lake, context.use_case, row_id, interval)
    return of_scored(lake, context.use_case, found, version_record.of_version(context, found[0]["model_version"]))


def of_scored(lake: Lake, use_case: UseCase, found: list[dict[str, Any]], made_by: Provenance) -> Graph:
    """Return the upstream of the first of a row's predictions; the others become facts of it."""
    prediction, *others = found
    row_id, name, number = prediction["id"], prediction[INTERVAL], prediction["model_version"]
    written = table_log.written(lake, "predictions", name)
    at, read = (written.at, written.notes.get(SCORED_FROM, UNKNOWN)) if written else (None, UNKNOWN)
    facts: dict[str, Fact] = {
        "score": prediction["score"],
        **problem_of(use_case).scoring.receipt(prediction),
        "scored at": moment(at),
    }
    for other in others:
        facts[f"also scored in {other[INTERVAL]}"] = f"{other['score']:.4f} by version {other['model_version']}"
    graph = Graph(Node("predictions", f"prediction for {printable(row_id)} in {name}", facts))
    row = Node("row", f"row {printable(row_id)}", {"table": lake.uri("curated"), "version": read, "interval": name})
    graph.link(row, "was input of", graph.root)
    version = add_upstream(graph, use_case, made_by)
    graph.link(version, "made", graph.root)
    add_deployment(graph, lake, version, number, at)
    return graph


def of_interval(context: Context, interval: str) -> Graph:
    """Return the downstream of an interval's rows: versions trained or judged on them, and all resulting predictions.

    A version counts if at least one row of the interval and its label had arrived when it was trained.

    Raises:
        DataError: the interval has no curated rows.
        ServiceError: the lake or MLflow does not answer.
    """
    use_case = context.use_case
    lake, name = context.lake, _partition(use_case, interval)
    rows, scored = curated_rows(lake, use_case, name), scored_intervals(lake)
    graph = Graph(Node("data", f"curated rows of {name}", {"table": lake.uri("curated"), "rows": rows.count}))
    for number, count in scored.get(name, {}).items():
        made = Node("predictions", f"predictions of {name} by version {number}", {"rows": count})
        graph.link(graph.root, "were input of", made)
    for made_by in version_record.of_all(context):
        known = rows.known(made_by.until) if made_by.until and _covers(made_by, use_case, name) else 0
        if known:
            version, held_out = version_node(use_case, made_by), made_by.held_out_from(use_case)
            version.facts["labelled rows"] = known
            graph.link(graph.root, "judged" if held_out and held_out <= name else "taught", version)
            _add_predictions(graph, version, made_by.version, scored)
    return graph


def of_version(context: Context, number: str) -> Graph:
    """Return the upstream of a version, and its predictions.

    Raises:
        ModelError: the version does not exist.
        ServiceError: the lake or MLflow does not answer.
    """
    lake, made = context.lake, version_record.of_version(context, number)
    graph = Graph(version_node(context.use_case, made))
    add_upstream(graph, context.use_case, made)
    add_deployment(graph, lake, graph.root, number)
    _add_predictions(graph, graph.root, number, scored_intervals(lake))
    return graph


def predictions_of(lake: Lake, use_case: UseCase, row_id: str, interval: str | None = None) -> list[dict[str, Any]]:
    """Return all predictions for a row, the newest interval first; with `interval`, only that one.

    Raises:
        DataError: the row was never scored.
    """
    name = _partition(use_case, interval) if interval else None
    found = table_log.rows_with_id(lake, "predictions", row_id, name)
    if not found:  # no table, or no row
        raise DataError(
            f"No row '{printable(row_id)}' of {use_case.name} was scored{f' in {name}' if name else ''}. Check the id "
            f"(column id of the table {lake.uri('predictions')}), or score its {use_case.unit}: "
            f"make score USE_CASE={use_case.name} INTERVAL={name or '…'}."
        )
    return list(found.to_pylist())


def _partition(use_case: UseCase, interval: str) -> str:
    return partition(given_interval(interval, use_case.unit).start, use_case.unit)


def _covers(made: Provenance, use_case: UseCase, interval: str) -> bool:
    window = made.window(use_case)
    return window is not None and window[0] <= interval < window[1]


def _add_predictions(graph: Graph, version: Node, number: str, scored: dict[str, dict[str, int]]) -> None:
    """Add the predictions of a version, if it has any."""
    facts: dict[str, Fact] = {span: counted(rows, "row") for span, rows in spans(scored, number).items()}
    if facts:
        graph.link(version, "made", Node("predictions", f"predictions by version {number}", facts))


def lineage_of(
    context: Context,
    *,
    row_id: str | None = None,
    interval: str | None = None,
    version: str | None = None,
) -> Graph:
    """Return the lineage of a row's prediction (its newest, or the interval's), a version, or an interval's data.

    Raises:
        ConfigError: neither was given, or a version together with a row or an interval.
        DataError: the row was never scored, or the interval has no rows.
        ModelError: the version does not exist.
        ServiceError: the lake or MLflow does not answer.
    """
    if version and not row_id and not interval:
        return of_version(context, version)
    if row_id and not version:
        return of_prediction(context, row_id, interval)
    if interval and not version:
        return of_interval(context, interval)
    suffix = f"USE_CASE={context.use_case.name}"
    raise ConfigError(
        f"Choose one lineage to show: of a prediction (make lineage ID=… {suffix}), of an interval's data "
        f"(make lineage INTERVAL=… {suffix}) or of a version (make lineage VERSION=1 {suffix})."
    )
