"""A world as it is without a mistake: a champion in production, and the locks that refuse even that."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sluss.deployment.deploy import deploy
from sluss.drill import steps
from sluss.drill.world import World
from sluss.training.train import train

if TYPE_CHECKING:
    from pathlib import Path


def build(exported: Path, name: str) -> World:
    """Make a world of this process from exported files.

    Brings the history, trains and deploys a champion, scores and monitors the first live interval. Then it tries what
    is sound: a retraining on all rows, and live intervals without a mistake. A lock that refuses that proves nothing.

    Raises:
        SlussError: a step refuses the use case as it is.
    """
    folder = exported / f"world-{os.getpid()}"
    for part in ("data", "config"):
        shutil.copytree(exported / part, folder / part)
    (folder / "home").mkdir()
    world = World(folder, name)
    context = world.context
    steps.bring(context, context.use_case.history)
    train(context, context.use_case.history.end)
    deploy(context)
    for interval in world.live:
        steps.bring(context, interval)
    steps.score_and_monitor(context, world.live[0])
    world.keep()
    found = [*steps.learn(world), *steps.live(world)]
    world.sound_locks.update({each.lock: each.sentence for each in found})
    world.restore()
    return world
