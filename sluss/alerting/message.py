"""A message as subject, text, HTML and JSON. Names of features come from data, so each text is made harmless."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sluss.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.alerting.before import Before
    from sluss.alerting.life import Life
    from sluss.alerting.news import News
    from sluss.config.use_case import UseCase
    from sluss.problems.condition import Severity

_SUBJECT, _LINE = 78, 1_000  # characters; the first is what a mail's header takes in one line (RFC 5322, 2.1.1)
_NOT_JOINED = "\u200b"  # between the sign and the word of a mention, which then addresses no channel
_TITLES = {
    "data_drift": "data drift", "quality_drop": "quality fell", "low_confidence": "low confidence",
    "confidence_trend": "confidence falls", "registry_mismatch": "the registry contradicts the ledger",
    "worse_champion": "the new champion is worse", "silent_lock": "a lock stays silent",
}  # fmt: skip
_WORDS = {"raised": "", "updated": "worse: ", "ended": "over: ", "unsilenced": "silence over: "}


@dataclass(frozen=True)
class Part:
    """A heading and its lines. Commands are shown as they are typed."""

    heading: str
    lines: tuple[str, ...]
    is_command: bool = False


@dataclass(frozen=True)
class Message:
    """One message to one receiver."""

    key: str  # against doubles
    use_case: str
    subject: str
    severity: Severity
    parts: tuple[Part, ...]
    news: tuple[News, ...]
    is_good: bool = False  # whether all of it has ended

    @property
    def text(self) -> str:
        """The plain text."""
        blocks = [f"{part.heading}:\n" + "\n".join(f"  {line}" for line in part.lines) for part in self.parts]
        return "\n\n".join([*blocks, f"Key of this message: {self.key}"])

    @property
    def html(self) -> str:
        """The same as HTML, with every text escaped."""
        blocks = []
        for part in self.parts:
            lines = [html.escape(line) for line in part.lines]
            inner = [f"<code>{line}</code>" for line in lines] if part.is_command else lines
            blocks.append(f"<p><b>{html.escape(part.heading)}</b><br>{'<br>'.join(inner)}</p>")
        return "".join([*blocks, f"<p><small>Key of this message: {html.escape(self.key)}</small></p>"])

    def as_dict(self) -> dict[str, Any]:
        """The body of a webhook."""
        return {
            "key": self.key,
            "use_case": self.use_case,
            "subject": self.subject,
            "severity": self.severity,
            "text": self.text,
            "sent_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "news": [
                {
                    "key": each.key,
                    "event": each.what,
                    "alert": each.alert,
                    "type": each.type,
                    "severity": each.severity,
                    "since": each.since,
                    "interval": each.interval,
                    "on": each.lasts,
                    "sentence": harmless(each.sentence),
                    "figures": each.figures,
                }
                for each in self.news
            ],
        }


def harmless(text: str, longest: int = _LINE) -> str:
    """A text from outside for one line: without control characters, mentions or links of a chat, and not too long."""
    shown = printable(text)
    for mention in ("<!", "<@", "<#", "@everyone", "@here", "@channel"):
        shown = shown.replace(mention, mention[0] + _NOT_JOINED + mention[1:])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def single(use_case: UseCase, news: Sequence[News], facts: Before, sizes: Sequence[str], life: Life | None) -> Message:
    """Return the message on one alert. The last of `news` is its subject; it covers the others."""
    newest = news[-1]
    since = f"{newest.since}, the interval that raised it; this is the news of {newest.interval}."
    owner = life.owner if life and life.owner else "none yet"
    parts = [
        _part("What happened", [newest.sentence]),
        _part("Since", [since]),
        _part("How bad", [f"{newest.severity.capitalize()}.", *sizes]),
        _part("What changed before", facts.sentences),
        _part("Owner", [owner]),
        _part("Next step", next_steps(use_case.name, newest), is_command=True),
    ]
    return Message(
        key=newest.key,
        use_case=use_case.name,
        subject=_subject(newest.severity, f"{use_case.name}: {_WORDS[newest.what]}{_title(newest.type)}"),
        severity=newest.severity,
        parts=tuple(part for part in parts if part.lines),
        news=tuple(news),
        is_good=newest.what == "ended",
    )


def summary(use_case: UseCase, news: Sequence[News], key: str) -> Message:
    """Return one message on the news of intervals that ended long ago."""
    first, last = min(each.interval for each in news), max(each.interval for each in news)
    newest = {each.alert: each for each in sorted(news, key=lambda each: each.interval)}
    lasting = [each for each in newest.values() if each.lasts]
    over = [each for each in newest.values() if not each.lasts]
    severity: Severity = "critical" if any(each.severity == "critical" for each in lasting) else "warning"
    count = f"{len(newest)} alert{'s' if len(newest) > 1 else ''}, {len(lasting)} still on"
    parts = [
        _part("What happened", [f"Intervals from {first} to {last} were monitored later than usual."]),
        _part("Still on", [_line(each) for each in lasting]),
        _part("Over", [_line(each) for each in over]),
        _part("Next step", [f"make alerts USE_CASE={use_case.name} ALL=1"], is_command=True),
    ]
    return Message(
        key=key,
        use_case=use_case.name,
        subject=_subject(severity if lasting else "over", f"{use_case.name}: {count}, {first} to {last}"),
        severity=severity,
        parts=tuple(part for part in parts if part.lines),
        news=tuple(news),
        is_good=not lasting,
    )


def _part(heading: str, lines: Sequence[str], *, is_command: bool = False) -> Part:
    return Part(heading, tuple(harmless(line) for line in lines), is_command)


def _line(news: News) -> str:
    return f"{news.alert} {news.type} ({news.severity}, since {news.since}): {news.sentence}"


def _subject(severity: str, text: str) -> str:
    return harmless(f"[{severity}] {text}", _SUBJECT)


def _title(kind: str) -> str:
    return _TITLES.get(kind, kind.replace("_", " "))


def next_steps(use_case: str, news: News) -> list[str]:
    """Return the commands that a person runs next."""
    chosen = f"USE_CASE={use_case}"
    if news.what == "ended":
        return [f"make alerts {chosen} ALL=1"]
    of_type = {
        "data_drift": [f"make lineage INTERVAL={news.interval} {chosen}", f"make report {chosen}"],
        "quality_drop": [f"make history {chosen}", f"make rollback {chosen} REASON='{news.type} since {news.since}'"],
        "registry_mismatch": [f"make repair {chosen}"],
        "silent_lock": [f"make drill {chosen}"],
        "worse_champion": [f"make history {chosen}"],  # the guard has rolled back already
    }
    return [f"make ack ALERT={news.alert} {chosen}", *of_type.get(news.type, [f"make report {chosen}"])]
