"""Make every mistake of the catalogue that applies to a use case, and record which lock refuses it."""

from __future__ import annotations

import difflib
import multiprocessing
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.drill.catalogue import MISTAKES
from sluss.drill.export import export
from sluss.drill.mistake import KINDS, NothingChangedError, NotRefusedError, judged, left_out
from sluss.drill.sound import build
from sluss.errors import ConfigError, ModelError
from sluss.interval import parse_interval
from sluss.monitoring import silent_locks
from sluss.monitoring.monitor import monitor
from sluss.monitoring.silent_locks import Silence
from sluss.monitoring.tables import MONITORING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sluss.context import Context
    from sluss.drill.mistake import Mistake, Refusal, Result
    from sluss.drill.world import World

    Tell = Callable[[Result], None]


class SilentLockError(ModelError):
    """A mistake was made on purpose, and no lock refused it."""


@dataclass(frozen=True)
class Drilled:
    """The counts of a drill in which no lock stayed silent."""

    tried: int
    left_out: int


_BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def drill(
    context: Context, kinds: Sequence[str] = (), names: Sequence[str] = (), *, jobs: int = 1, tell: Tell | None = None
) -> list[Result]:
    """Make the mistakes, each in a fresh copy of the use case's stores, and return their results in their order.

    The use case's own stores are read only.

    Args:
        context: settings and use case.
        kinds: kinds to try; by default all.
        names: mistakes to try; by default all of the kinds.
        jobs: processes, each with a copy of its own.
        tell: is called with every result as it comes.

    Raises:
        ConfigError: the kind or the mistake does not exist.
        SlussError: the use case itself is refused, so nothing can be tried with it.
    """
    wanted = chosen(kinds, names)
    with tempfile.TemporaryDirectory(prefix="drill-", dir=context.settings.home) as scratch:
        folder = Path(scratch)
        export(context, folder)
        results = []
        for result in _results(folder, context.use_case.name, wanted, jobs):
            results.append(result)
            if tell:
                tell(result)
    return results


def nightly(context: Context) -> Drilled:
    """Make every mistake, as the nightly DAG does. A lock that stays silent raises an alert, which ends when it holds.

    Raises:
        SilentLockError: no lock refused one of them; the sentence names mistakes and locks.
        SlussError: the use case itself is refused.
    """
    results = drill(context)
    silent = [each for each in results if each.silent]
    tell_monitor(context, [Silence(each.name, each.expected, each.sentence) for each in silent])
    if silent:
        named = "; ".join(f"{each.name} ({each.expected}: {each.sentence})" for each in silent)
        raise SilentLockError(
            f"{counted(len(silent), 'mistake')} of the drill of {context.use_case.name} went through: {named} Try one "
            f'again: make drill USE_CASE={context.use_case.name} NAME="{silent[0].name}".'
        )
    tried = sum(each.state == "tried" for each in results)
    return Drilled(tried, len(results) - tried)


def tell_monitor(context: Context, silent: Sequence[Silence]) -> None:
    """Keep the result for the monitor, and let it judge the newest interval again if the silent locks are others."""
    last = silent_locks.read(context.lake)
    silent_locks.write(context.lake, silent)
    before = () if last is None else last.silent
    newest = context.lake.newest(MONITORING)
    if newest is not None and {each.mistake for each in before} != {each.mistake for each in silent}:
        monitor(context, parse_interval(newest, context.use_case.unit))


def chosen(kinds: Sequence[str] = (), names: Sequence[str] = ()) -> list[Mistake]:
    """The mistakes of these kinds and names, in the order of the catalogue.

    Raises:
        ConfigError: the kind or the mistake does not exist.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ConfigError(f"There is no kind of mistakes '{unknown[0]}'. Choose of {', '.join(KINDS)}.")
    if missing := [name for name in names if name not in _BY_NAME]:
        near = difflib.get_close_matches(missing[0], list(_BY_NAME), 3, 0.4)
        known = f"Similar ones are: {'; '.join(near)}" if near else f"There are: {'; '.join(sorted(_BY_NAME))}"
        raise ConfigError(f"There is no mistake '{missing[0]}'. {known}.")
    return [each for each in MISTAKES if (not kinds or each.kind in kinds) and (not names or each.name in names)]


def _results(folder: Path, name: str, wanted: Sequence[Mistake], jobs: int) -> Iterator[Result]:
    if jobs == 1:
        world = _built(folder, name)
        yield from (make(world, each) for each in wanted)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of Arrow's threads
    with ProcessPoolExecutor(min(jobs, len(wanted)), context, _begin, (folder, name)) as pool:
        yield from pool.map(_make, [each.name for each in wanted])


def _built(folder: Path, name: str) -> World:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(folder, name)


_worlds: list[World] = []  # of a worker process


def _begin(folder: Path, name: str) -> None:
    _worlds.append(_built(folder, name))


def _make(name: str) -> Result:
    return make(_worlds[0], _BY_NAME[name])


def make(world: World, mistake: Mistake) -> Result:
    """Make a mistake in the world, and undo it."""
    if mistake.uncatchable:
        return left_out(mistake, "uncatchable", mistake.uncatchable)
    if reason := mistake.needs(world) or _proves_nothing(world, mistake):
        return left_out(mistake, "does not apply", reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return judged(mistake, _counted(world, mistake.inject(world)))
    except NothingChangedError as error:
        return left_out(mistake, "does not apply", str(error))
    except NotRefusedError as error:
        return left_out(mistake, "tried", str(error))
    except Exception as error:  # noqa: BLE001 - one mistake that cannot be made must not end the drill of the others
        return left_out(mistake, "tried", f"It could not be made here: {type(error).__name__}: {error}")
    finally:
        world.restore()


def _counted(world: World, refusals: Sequence[Refusal]) -> list[Refusal]:
    """The refusals of locks that let sound models and rows through: the others prove nothing."""
    return [each for each in refusals if each.lock not in world.sound_locks]


def _proves_nothing(world: World, mistake: Mistake) -> str:
    sentence = world.sound_locks.get(mistake.expected)
    return f"{mistake.expected} refuses here what is sound, so it proves nothing: {sentence}" if sentence else ""
