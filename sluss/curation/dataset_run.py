"""The run of a curated span in MLflow: its data set with digest, schema and column figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sluss.interval import Interval, partitions
from sluss.tracking.interval_runs import IntervalRun, Seen, keep_run
from sluss.tracking.safe_names import safe_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

    from sluss.config.curation import Column
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.curation.column_figures import ColumnFigures, Description
    from sluss.storage.lake import Lake

_SPEC = {"text": "string", "category": "string", "number": "double", "time": "datetime"}  # MLflow's names


@dataclass(frozen=True)
class Data:
    """One curated table: its address, the digest and figures of its rows, and the version that holds them."""

    table: str
    uri: str
    rows: int
    digest: str
    columns: dict[str, Column]
    figures: ColumnFigures
    version: int


@dataclass(frozen=True)
class Content:
    """The content of a span's run: `curated` and `labels`, and further counts by metric."""

    data: tuple[Data, Data]
    counts: dict[str, float]


def record(context: Context, span: Interval, content: Content, seen: Seen) -> str:
    """Log the two tables of a span, and return the run's id. Each span has one run, however often the step runs.

    `seen` are the runs with the span's `run_name`, from `look`. Unchanged rows keep their run, which names the first
    version that held them.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    client, data = context.client, content.data
    metrics = content.counts | _metrics(data)
    run = IntervalRun(
        run_name(span, context.use_case), span, _digest(data, metrics), _tags(context.use_case, span, data), metrics
    )
    with context.reachable():
        return keep_run(client, seen, run, lambda run: _log_inputs(client, run, [_dataset(each) for each in data]))


def describe_table(lake: Lake, table: str, rows: Description, version: int) -> Data:
    """Return a table's digest and figures, which were counted while its rows were written."""
    return Data(table, lake.uri(table), rows.rows, rows.digest(), rows.columns, rows.figures(), version)


def run_name(span: Interval, use_case: UseCase) -> str:
    """Return the partition's name, or those of the first one and of the one after the last."""
    first, end = partitions(span, use_case.unit)
    return first if use_case.unit.after(span.start) == span.end else f"{first} to {end}"


def _metrics(data: tuple[Data, Data]) -> dict[str, float]:
    curated, labels = data
    found: dict[str, float] = {"rows": curated.rows, "labels": labels.rows}
    for name, values in curated.figures.items():
        if curated.columns[name].kind in ("number", "text"):
            found |= {safe_name(f"{name}.{figure}"): float(value) for figure, value in values.items()}
    return found


def _digest(data: tuple[Data, Data], metrics: dict[str, float]) -> str:
    """SHA-256 of the content, without the versions of the tables."""
    rows = [(each.table, each.digest, each.figures, _schema(each)) for each in data]
    return sha256(json.dumps([rows, metrics], sort_keys=True).encode()).hexdigest()


def _tags(use_case: UseCase, span: Interval, data: tuple[Data, Data]) -> dict[str, str]:
    curated, labels = data
    first, end = partitions(span, use_case.unit)
    return {
        "sluss.use_case": use_case.name,
        "sluss.data.table": curated.uri,
        "sluss.data.version": str(curated.version),
        "sluss.data.digest": curated.digest,
        "sluss.labels.version": str(labels.version),
        "sluss.labels.digest": labels.digest,
        "sluss.data.first": first,
        "sluss.data.end": end,
    }


def _log_inputs(client: MlflowClient, run: Run, datasets: list[DatasetInput]) -> None:
    """Log the data sets. Of two steps that log the same ones at once, MLflow fails one; its retry finds them logged."""
    from mlflow.exceptions import MlflowException

    for tries_left in reversed(range(5)):
        try:
            client.log_inputs(run.info.run_id, datasets=datasets)
        except MlflowException as error:
            if not tries_left or error.error_code != "BAD_REQUEST":  # MLflow's code for a violated constraint
                raise
        else:
            break


def _dataset(data: Data) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return DatasetInput(
        Dataset(
            name=data.table,
            digest=data.digest[:36],  # MLflow's column holds 36 characters; the whole digest is a tag
            source_type="delta",
            source=json.dumps({"path": data.uri, "delta_table_version": data.version}),
            schema=_schema(data),
            profile=json.dumps({"num_rows": data.rows, "columns": data.figures}),
        ),
        [InputTag("mlflow.data.context", "curation")],
    )


def _schema(data: Data) -> str:
    columns = [
        {"name": name, "type": _SPEC[column.kind], "required": not column.nullable}
        for name, column in data.columns.items()
    ]
    return json.dumps({"mlflow_colspec": columns})
