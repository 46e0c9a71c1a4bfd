"""Candidates with one mistake each: copies of the champion with a changed file, and models fitted in a wrong way."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import skops.io
from sklearn.base import clone

from sluss.deployment.production import settle
from sluss.digests import artifact_digest
from sluss.drill.mistake import NotRefusedError
from sluss.drill.steps import gates
from sluss.problems import problem_of
from sluss.registry import ledger, versions
from sluss.registry.artifacts import HOLDOUT_FILE, MODEL_FILE
from sluss.registry.champion import as_model
from sluss.registry.entry import Change
from sluss.registry.names import DIGEST_TAG, INPUTS_TAG, UNTIL_TAG
from sluss.registry.trusted_types import trusted_types
from sluss.training.blas import one_blas_thread
from sluss.training.candidate import Candidate
from sluss.training.evaluation import judge
from sluss.training.pipeline import build_pipeline
from sluss.training.register import register

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.pipeline import Pipeline

    from sluss.drill.mistake import Refusal
    from sluss.drill.world import World
    from sluss.training.evaluation import Verdict
    from sluss.training.rows import TrainingRows

    Edit = Callable[[Path], object]
    Fit = Callable[[Pipeline, TrainingRows], Pipeline]
    Judge = Callable[[Pipeline, TrainingRows], Verdict]


def files_before(edit: Edit) -> Callable[[World], list[Refusal]]:
    """The gates on a version whose files were edited before it was registered, so that its digest is theirs."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        edit(folder)
        return gates(world, registered(world, folder, artifact_digest(folder)))

    return inject


def files_after(edit: Edit) -> Callable[[World], list[Refusal]]:
    """The gates on a version whose files were edited after it was registered."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        version = registered(world, folder, artifact_digest(folder))
        edit(folder)
        return gates(world, version)

    return inject


def copy_of_champion(world: World) -> Path:
    """A copy of the champion's artifacts in the artifact store."""
    store = world.settings.home / "artifacts"
    folder = Path(tempfile.mkdtemp(prefix="by-hand-", dir=store)) / "model"
    shutil.copytree(world.artifacts, folder)
    return folder


def registered(world: World, folder: Path, digest: str | None, run_id: str | None = None, **tags: str) -> str:
    """Register a folder as a version of the champion's training run."""
    context, champion = world.context, world.champion
    given = {INPUTS_TAG: champion.tags.get(INPUTS_TAG, ""), UNTIL_TAG: champion.tags[UNTIL_TAG], DIGEST_TAG: digest}
    known = {name: value for name, value in (given | tags).items() if value}
    run = str(champion.run_id) if run_id is None else run_id
    made = versions.create(context, (folder.as_uri(), run), known)
    return str(made.version)


def fitted(fit: Fit, judge_by: Judge | None = None) -> Callable[[World], list[Refusal]]:
    """The gates on a version that was fitted, or judged, in another way than the training does."""
    return lambda world: gates(world, made_by_hand(world, fit, judge_by))


def made_by_hand(world: World, fit: Fit, judge_by: Judge | None = None) -> str:
    """Register a pipeline that `fit` made, with the record of a training on the champion's rows."""
    context, rows = world.context, world.trained_on
    use_case = context.use_case
    pipeline = build_pipeline(use_case)
    problem_of(use_case).scoring.assemble(pipeline)
    with one_blas_thread():
        pipeline = fit(pipeline, rows)
        verdict = judge_by(pipeline, rows) if judge_by else judge(pipeline, use_case, rows.train, rows.holdout)
    candidate = Candidate(pipeline, verdict, rows, use_case.history.end, "by hand", 1.0)
    try:
        return register(context, candidate).version
    except Exception as error:
        # MLflow does not save such a model, before any lock could see it.
        raise NotRefusedError(f"It cannot be registered: {' '.join(str(error).split())[:300]}") from error


def features(world: World) -> list[str]:
    """Names of the features."""
    return list(world.use_case.features)


def plainly(pipeline: Pipeline, frame: Any, names: list[str]) -> Pipeline:  # noqa: ANN401 - a DataFrame
    """Fit on the rows of a frame."""
    pipeline.fit(frame[names], frame["label"])
    return pipeline


def edited_holdout(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    """Change the record of the holdout."""

    def edit(folder: Path) -> None:
        path = folder / HOLDOUT_FILE
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return edit


def edited_model(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Load the model, change it, and save it again."""

    def edit(folder: Path) -> None:
        path = folder / MODEL_FILE
        pipeline = skops.io.load(path, trusted=trusted_types(path))
        skops.io.dump(change(pipeline), path)

    return edit


def unsound(world: World, run_id: str | None = None) -> str:
    """Register a version that no gate has seen, whose model was never fitted."""
    folder = copy_of_champion(world)
    edited_model(clone)(folder)
    return registered(world, folder, artifact_digest(folder), run_id)


def second_champion(world: World) -> str:
    """Put a second version into production, a copy of the first."""
    context, folder = world.context, copy_of_champion(world)
    (folder / "note.json").write_text('{"copy": true}')
    number = registered(world, folder, artifact_digest(folder))
    entries = ledger.read(context.lake)
    model = as_model(versions.by_version(context, number))
    contract = entries[-1].contract
    change = Change("promote", number, "1", "drill", "a second version", entries[-1].gates, model, contract)
    ledger.append(context.lake, change, after=len(entries))
    settle(context)
    return number
