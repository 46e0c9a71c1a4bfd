"""The hands of the embedded mode: calls of the library, and processes for what takes minutes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, cast, get_args

from sluss.alerting.actions import Kind
from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.control_room.web.acts import Done, Order
from sluss.counted import counted
from sluss.errors import ConfigError, SlussError
from sluss.interval import span_of_days
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

_MOST = 400  # intervals of a span


class HandsHere:
    """Acts as this machine's user."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()  # trainings and spans

    async def do(self, order: Order) -> Done:
        """Carry out an order."""
        use_case = load_use_case(order.use_case, self._settings.config_dir)
        if order.kind == "train":
            return await self._train(use_case)
        if order.kind == "backfill":
            return await self._backfill(use_case, order)
        return Done(await asyncio.to_thread(_CALLS[order.kind], Context(self._settings, use_case), order))

    async def _train(self, use_case: UseCase) -> Done:
        async with self._one_at_a_time:
            return Done(await self._command("train", "--force", "--use-case", use_case.name))

    async def _backfill(self, use_case: UseCase, order: Order) -> Done:
        names = intervals(use_case, order.of("first"), order.of("last"))
        async with self._one_at_a_time:
            for name in names:
                await self._command("score", "--interval", name, "--use-case", use_case.name)
        return Done(f"{counted(len(names), 'interval')} scored, from {names[0]} to {names[-1]}.")

    async def _command(self, *arguments: str) -> str:
        """Run a command of `sluss` on this home, and return its last line.

        Raises:
            SlussError: it failed; the sentence is its own.
        """
        settings = self._settings
        here = {"SLUSS_HOME": str(settings.home), "SLUSS_CONFIG_DIR": str(settings.config_dir)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "commands", *arguments, "--where", "embedded",
            cwd=ROOT, env=os.environ | here, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            out, failure = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            raise
        if process.returncode:
            raise SlussError(_last_line(failure) or f"{arguments[0]} ended with {process.returncode}.")
        return _last_line(out)


def intervals(use_case: UseCase, first: str, last: str) -> list[str]:
    """Return the names of the intervals from the first day to the last.

    Raises:
        ConfigError: the days are not days, in the wrong order, not live, or too many.
    """
    span = span_of_days(first, last, use_case.schedule_zone)
    moment, stop = span.start, span.end
    if moment < use_case.first_live:
        raise ConfigError(f"The span begins on {use_case.live_start} at the earliest.")
    names = []
    while moment < stop:
        names.append(use_case.unit.partition(moment))
        moment = use_case.unit.after(moment)
        if len(names) > _MOST:
            raise ConfigError(f"A span has at most {counted(_MOST, 'interval')}: take a shorter one.")
    return names


def _rollback(context: Context, order: Order) -> str:
    from sluss.deployment.rollback import roll_back

    done = roll_back(context, order.of("version"), reason=order.of("reason"), by=order.person.name)
    return f"V{str(done)[1:]}"


def _approve(context: Context, order: Order) -> str:
    from sluss.deployment.deploy import deploy

    remark = f" ({order.of('reason')})" if order.of("reason") else ""
    done = deploy(context, order.of("version"), by=f"{order.person.name}, who approved it{remark}")
    return f"V{str(done)[1:]}"


def _refuse(context: Context, order: Order) -> str:
    from sluss.deployment.refuse import refuse

    done = refuse(context, order.of("version"), reason=order.of("reason"), by=order.person.name)
    return f"Version {done.version} is refused, and the champion stays."


def _alert(context: Context, order: Order) -> str:
    from sluss.alerting.asked import Asked, carry_out

    asked = Asked(cast("Kind", order.kind), order.of("alert"), order.person.name, order.of("reason"), order.of("until"))
    return carry_out(context, asked).sentence


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


ALERT_ACTS = get_args(Kind)
_CALLS: dict[str, Callable[[Context, Order], str]] = {
    "rollback": _rollback,
    "approve": _approve,
    "refuse": _refuse,
    **dict.fromkeys(ALERT_ACTS, _alert),
}
