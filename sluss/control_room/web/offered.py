"""The acts that the state of a use case or of an alert allows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.control_room.registered import awaiting_approval
from sluss.control_room.web.acts import REASON, REMARK, Act, Field
from sluss.interval import first_day
from sluss.registry import ledger

if TYPE_CHECKING:
    from sluss.alerting.life import Life
    from sluss.control_room.known import Seen
    from sluss.registry.entry import Entry

_UNTIL = Field(
    "until", "Until", required=True, kind="text", value="3d",
    hint="A span from now such as 12h, 3d or 2w, or a day or time such as 2026-12-01T08:00.",
)  # fmt: skip
_COMMENT = Field("reason", "Comment", required=True, hint="For the history of the alert.")


def for_use_case(seen: Seen) -> dict[str, Act]:
    """Return the acts on a use case, by kind."""
    if seen.use_case is None or seen.standing is None:
        return {}
    found = [*_approval(seen), *_rollback(seen.standing.entries), _train(seen), *_backfill(seen)]
    return {act.kind: act for act in found}


def for_alert(life: Life) -> dict[str, Act]:
    """Return the acts on an alert, by kind."""
    what = f"{life.type.replace('_', ' ')} since {life.since}"
    comment = Act("comment", f"Comment on {what}", "The history keeps your words.", "Comment", (_COMMENT,))
    again = Act("reopen", f"Open {what} again", _again(life), "Open again", (REMARK,))
    if not life.is_open:
        return {act.kind: act for act in (again, comment)}
    taken = f", in place of {life.owner}" if life.owner else ""
    own = f"You become its owner{taken}. Others see that a person takes care of it."
    acknowledge = Act("acknowledge", f"Take {what}", own, "Take it", (replace(REMARK, label="Comment"),))
    quiet = f"No news of it are sent until then, unless it becomes more severe than {life.severity}."
    silence = Act("silence", f"Silence {what}", quiet, "Silence", (_UNTIL, REASON))
    shut = Act("close", f"Close {what}", "It ends, as it was opened again by a person.", "Close", (REMARK,))
    last = again if life.on else shut
    return {act.kind: act for act in (acknowledge, silence, comment, last)}


def _again(life: Life) -> str:
    if life.on:
        return "It loses its owner and its silence."
    return "It stays open until a person closes it."


def _approval(seen: Seen) -> list[Act]:
    assert seen.use_case is not None
    assert seen.standing is not None
    if seen.use_case.deployment.approval != "manual":
        return []
    candidate = awaiting_approval(seen.standing.entries, seen.registered)
    if candidate is None:
        return []
    number = candidate.version
    version = Field("version", "Version", required=True, kind="hidden", value=number)
    yes = f"Every gate has passed version {number}. It becomes the champion, and scores from the next run on."
    no = f"Version {number} does not become the champion, and waits no longer. The champion stays."
    return [
        Act("approve", f"Approve version {number}", yes, f"Approve version {number}", (version, REMARK)),
        Act("refuse", f"Refuse version {number}", no, f"Refuse version {number}", (version, REASON), danger=True),
    ]


def _rollback(entries: tuple[Entry, ...]) -> list[Act]:
    standing = ledger.standing(entries)
    if len(standing) < 2 or ledger.in_production(entries) is None:
        return []
    back, now = standing[-2:]
    sentence = (
        f"Version {now} goes out of production, and version {back} is back. No gate runs, because version {back} was "
        f"in production before. Version {now} stays out until a newer version passes the gates."
    )
    version = Field("version", "Version", required=True, kind="hidden", value=now)
    title = f"Roll back to version {back}"
    return [Act("rollback", title, sentence, title, (version, REASON), danger=True)]


def _train(seen: Seen) -> Act:
    sentence = (
        "A model is trained now on all rows and labels that are known, whatever the rules under `retraining` say. "
        "It becomes a candidate; the gates decide on it."
    )
    return Act("train", f"Train {seen.title} anew", sentence, "Train", (REMARK,))


def _backfill(seen: Seen) -> list[Act]:
    assert seen.use_case is not None
    unit = seen.use_case.unit
    newest = seen.days[-1].interval if seen.days else unit.partition(seen.use_case.first_live)
    last = first_day(newest, unit).isoformat()
    days = tuple(
        Field(name, label, required=True, kind="date", value=last)
        for name, label in (("first", "First day"), ("last", "Last day"))
    )
    sentence = "The champion scores every interval of these days, again where they were scored, one after the other."
    return [Act("backfill", f"Score a span of {seen.title}", sentence, "Score the span", (*days, REMARK))]
