"""Mistakes with MLflow's registry: aliases, names, numbers and runs that were changed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.deployment.deploy import check
from sluss.deployment.rollback import roll_back
from sluss.digests import artifact_digest
from sluss.drill import needs
from sluss.drill.candidates import copy_of_champion, edited_holdout, registered, second_champion, unsound
from sluss.drill.mistake import Mistake
from sluss.drill.steps import attempt, deployment, gates, watch
from sluss.registry import aliases, versions
from sluss.registry.names import CHAMPION, DIGEST_TAG, GATE_TAG, UNTIL_TAG
from sluss.scoring.score_interval import score_interval
from sluss.tracking.client import experiment_id
from sluss.training.train import train

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World

    Act = Callable[[World], object]


def production(world: World) -> list[Refusal]:
    """Score and monitor the next interval, then deploy the newest version. If a wrong version scores, none refuses."""
    interval = world.live[1]
    scored, refused = attempt("scoring", lambda: score_interval(world.context, interval))
    found = [*refused, *(watch(world, interval) if scored else [])]
    if scored and (scored.version, scored.run_id) != _validated(world):
        return []
    return [*found, *deployment(world, lock="registry_mismatch")]


def _validated(world: World) -> tuple[str, str]:
    champion = world.champion
    return str(champion.version), str(champion.run_id)


def _acted(act: Act) -> Callable[[World], list[Refusal]]:
    def inject(world: World) -> list[Refusal]:
        act(world)
        return production(world)

    return inject


def _alias_moved(world: World) -> None:
    aliases.point(world.context, CHAMPION, unsound(world))


def _alias_deleted(world: World) -> None:
    aliases.point(world.context, CHAMPION, None)


def _registered_anew(world: World) -> None:
    """Delete the registered model, and register another one under the number of the champion."""
    champion = world.champion
    folder = copy_of_champion(world)
    edited_holdout(lambda judged: judged.iloc[::-1])(folder)
    context = world.context
    client, model = context.client, context.use_case.model
    client.delete_registered_model(model)
    tags = {DIGEST_TAG: artifact_digest(folder), UNTIL_TAG: champion.tags[UNTIL_TAG]}
    client.create_registered_model(model)
    versions.with_next_number(client, model, (folder.as_uri(), str(champion.run_id)), tags)
    aliases.point(context, CHAMPION, "1")


def _model_deleted(world: World) -> None:
    context = world.context
    context.client.delete_registered_model(context.use_case.model)


def _version_deleted(world: World) -> None:
    context = world.context
    aliases.point(context, CHAMPION, None)
    context.client.delete_model_version(context.use_case.model, world.champion.version)


def _renamed(world: World) -> None:
    context = world.context
    context.client.rename_registered_model(context.use_case.model, f"{context.use_case.model}_renamed")


def _other_model(world: World) -> None:
    world.config(lambda content: content.update(model=f"{content['model']}_two"))


def _digest_edited(world: World) -> None:
    context = world.context
    context.client.set_model_version_tag(context.use_case.model, world.champion.version, DIGEST_TAG, "0" * 64)


def _digest_deleted(world: World) -> None:
    context = world.context
    context.client.delete_model_version_tag(context.use_case.model, world.champion.version, DIGEST_TAG)


def _run_deleted(world: World) -> list[Refusal]:
    """Delete the run of a candidate."""
    context = world.context
    trained = train(context, world.now, force=True)
    context.client.delete_run(trained.run_id)
    return gates(world, trained.version)


def _experiment_deleted(world: World) -> list[Refusal]:
    context = world.context
    trained = train(context, world.now, force=True)
    client = context.client
    client.delete_experiment(experiment_id(context.settings, client, context.use_case.experiment))
    return gates(world, trained.version)


def _without_run(world: World) -> list[Refusal]:
    """Register a folder that no run has made."""
    folder = copy_of_champion(world)
    return gates(world, registered(world, folder, artifact_digest(folder), ""))


def _of_a_bare_run(world: World) -> list[Refusal]:
    """Register a folder with a run that a notebook started, and that records nothing."""
    context = world.context
    client = context.client
    run = client.create_run(experiment_id(context.settings, client, context.use_case.experiment))
    folder = copy_of_champion(world)
    return gates(world, registered(world, folder, artifact_digest(folder), run.info.run_id))


def _tag(name: str, value: str) -> Callable[[World], list[Refusal]]:
    """Edit a tag of a candidate's run."""

    def inject(world: World) -> list[Refusal]:
        folder = copy_of_champion(world)
        version = registered(world, folder, artifact_digest(folder))
        context = world.context
        context.client.set_tag(world.champion.run_id, name, value)
        return gates(world, version)

    return inject


def _passed_by_hand(world: World) -> list[Refusal]:
    """Write passed verdicts on the run of a version that no gate would pass, and deploy it."""
    version = unsound(world)
    client = world.context.client
    for gate in ("data", "identity", "safety", "quality", "preprocessing"):
        client.set_tag(world.champion.run_id, f"{GATE_TAG}{gate}", "passed: by hand")
    return deployment(world, version, lock="preprocessing")


def _after_rollback(world: World) -> list[Refusal]:
    """Deploy a version again that was rolled back."""
    second = second_champion(world)
    roll_back(world.context, reason="it is worse")
    return deployment(world, second)


def _older_announced(world: World) -> list[Refusal]:
    """The deployment of an older version comes after that of a newer one."""
    second_champion(world)
    return attempt("ledger", lambda: check(world.context, "1", announced=True))[1]


def _old_model(world: World) -> list[Refusal]:
    """Deploy a model today whose training ended long ago."""
    history = world.use_case.history
    until = history.end - (history.end - max(history.start, world.read("rows").event_time.min())) / 2
    until = world.use_case.unit.start_of(until)
    trained, refused = attempt("rehearsal", lambda: train(world.context, until))
    return refused if trained is None else gates(world, trained.version)


def _registry(name: str, act: Act, lock: str = "registry_mismatch", needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "registry", lock, _acted(act), needed)


def _candidate(name: str, lock: str, inject: Callable[[World], list[Refusal]]) -> Mistake:
    return Mistake(name, "registry", lock, inject)


MISTAKES = (
    _registry("the alias champion was moved by hand to a version that no gate has seen", _alias_moved),
    _registry("the alias champion was deleted", _alias_deleted),
    _registry("the registered model was deleted, and another one has the number of the champion", _registered_anew),
    _registry("the registered model was deleted", _model_deleted),
    _registry("the champion's version was deleted", _version_deleted),
    _registry("the registered model was renamed", _renamed),
    _registry("the config names another model", _other_model),
    _registry("the champion's recorded digest was edited", _digest_edited),
    _registry("the champion's recorded digest was deleted", _digest_deleted),
    _candidate("the candidate's run was deleted", "data", _run_deleted),
    _candidate("the candidate's experiment was deleted", "data", _experiment_deleted),
    _candidate("a version that no run has made", "data", _without_run),
    _candidate("a version of a run that records nothing", "data", _of_a_bare_run),
    _candidate(
        "the run names a version of the table that was never written", "data", _tag("sluss.data.version", "9999")
    ),
    _candidate("the run names another table", "data", _tag("sluss.data.table", "/data/another")),
    _candidate("the run has another digest of the rows", "data", _tag("sluss.data.digest", "0" * 64)),
    _candidate("the run has another digest of the model", "training", _tag("sluss.pipeline", "0" * 64)),
    _candidate("the run names another end of its rows", "data", _tag(UNTIL_TAG, "2020-01-01T00:00:00+00:00")),
    _candidate("passed verdicts were written by hand", "preprocessing", _passed_by_hand),
    _candidate("a version that was rolled back is deployed again", "ledger", _after_rollback),
    _candidate("an older version's deployment comes late", "ledger", _older_announced),
    _candidate("a model of long ago is deployed today", "age", _old_model),
)
