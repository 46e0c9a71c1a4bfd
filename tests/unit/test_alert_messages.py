"""Messages on alerts: receivers from the environment, their texts, and their signature."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from sluss.alerting.before import Before
from sluss.alerting.impact import impact
from sluss.alerting.message import harmless, single, summary
from sluss.alerting.news import News
from sluss.alerting.outbox import wait_after
from sluss.alerting.send import _finite
from sluss.alerting.targets import Target, targets, variables
from sluss.alerting.webhook import headers
from sluss.monitoring.conditions import alert_types
from sluss.problems import problem_of

FACTS = Before(300, "Version 2 scored; version 2 was promoted.", "Its config (ab) differs.", "A day has 300 rows.")
NAUGHTY = "<script>alert(1)</script>\r\nBcc: all@example.org @everyone <!channel>"


def news(**more: object) -> News:
    given = {
        "key": "k1", "what": "raised", "alert": "k3f7qa", "type": "data_drift", "severity": "critical",
        "since": "2026-01-02", "interval": "2026-01-02", "sentence": NAUGHTY, "figures": {}, "is_fresh": True,
        "lasts": True,
    }  # fmt: skip
    return News(**given | more)


@pytest.mark.parametrize(("severity", "expected"), [("warning", ["json://b"]), ("critical", ["json://c"])])
def test_the_most_specific_variable_wins(severity, expected):
    environment = {
        "SLUSS_NOTIFY": "json://a", "SLUSS_NOTIFY_CRITICAL": "json://d", "SLUSS_NOTIFY_FLIGHTS": "json://b",
        "SLUSS_NOTIFY_FLIGHTS_CRITICAL": "json://c",
    }  # fmt: skip
    assert [each.address for each in targets("flights", severity, environment)] == expected


def test_an_empty_variable_is_not_set_and_none_stands_for_nobody():
    assert list(variables("x", "warning")) == ["SLUSS_NOTIFY_X", "SLUSS_NOTIFY"]
    both = {"SLUSS_NOTIFY_X": " ", "SLUSS_NOTIFY": "json://a, json://b\njson://a"}
    assert [each.address for each in targets("x", "warning", both)] == ["json://a", "json://b"]
    assert targets("x", "critical", both | {"SLUSS_NOTIFY_X": "none"}) == []


@pytest.mark.parametrize("address", ["slack://TokenA/TokenB", "webhook+https://h/secret", "TokenA", "mailto://a:pw@h"])
def test_no_text_about_a_receiver_has_its_address(address):
    target = Target(address)
    for text in (repr(target), str(target), target.name, target.digest):
        assert not [part for part in ("Token", "secret", "pw", "://") if part in text]


def test_a_text_from_the_data_can_neither_break_a_header_nor_a_page_nor_call_a_channel(sentiment):
    message = single(sentiment, [news()], FACTS, [NAUGHTY], None)
    assert "\n" not in message.subject
    assert "\r" not in message.text
    assert "<script" not in message.html
    assert "&lt;script&gt;" in message.html
    assert "@everyone" not in message.text
    assert "<!channel" not in message.text
    assert len(harmless("x" * 5000)) == 1000


def test_a_message_names_what_since_how_bad_what_before_and_the_next_step(sentiment):
    text = single(sentiment, [news(sentence="Words differ.")], FACTS, ["3 times the limit."], None).text
    for part in ("Words differ.", "2026-01-02", "Critical. ", "3 times the limit.", *FACTS.sentences):
        assert part.strip() in text
    assert "make ack ALERT=k3f7qa USE_CASE=sentiment" in text
    assert "Key of this message: k1" in text


def test_each_type_of_alert_has_a_title_for_the_subject(sentiment):
    for kind in alert_types(problem_of(sentiment)):
        subject = single(sentiment, [news(type=kind)], FACTS, [], None).subject
        assert kind.replace("_", " ") not in subject.removesuffix("low confidence").removesuffix("data drift")


def test_the_subject_is_short(sentiment):
    assert single(sentiment, [news()], FACTS, [], None).subject == "[critical] sentiment: data drift"
    assert len(summary(sentiment, [news()], "key").subject) <= 78


def test_a_summary_tells_what_is_still_on_from_what_is_over(sentiment):
    over = news(key="k2", alert="aaaaaa", what="ended", lasts=False, sentence="Gone.", interval="2026-01-03")
    message = summary(sentiment, [news(sentence="Here."), over], "key")
    assert message.subject == "[critical] sentiment: 2 alerts, 1 still on, 2026-01-02 to 2026-01-03"
    assert message.text.index("Here.") < message.text.index("Gone.")


def test_the_size_is_in_the_metrics_terms_and_in_money_where_there_are_costs(sentiment):
    figures = {"metric": "accuracy", "value": 0.6, "reference": 0.8, "rows": 200}
    assert impact(sentiment, figures, 500) == [
        "Accuracy is 0.600 where the holdout promised 0.800: worse by 20.0 points."
    ]
    content = sentiment.model_dump(by_alias=True) | {"decision": {"costs": [[0, 2], [10, 0]], "currency": "EUR"}}
    priced = type(sentiment).model_validate(content)
    assert impact(priced, figures, 500)[1] == "That is 100 more errors, 200 EUR to 1,000 EUR per interval of 500 rows."
    costs = figures | {"metric": "cost", "value": 3.0, "reference": 2.0}
    assert impact(priced, costs, 500)[1] == "That costs about 500 EUR more per interval of 500 rows."


def test_the_size_of_a_drift_is_in_multiples_of_its_limit(sentiment):
    limit = sentiment.monitoring.drift_distance
    figures = {"features": {"text.words": {"distance": 3 * limit, "p_value": 0}, "score": {"distance": limit}}}
    assert "text.words 3.0, score 1.0." in impact(sentiment, figures, 300)[0]


@pytest.mark.parametrize("figures", [{}, {"features": {}}, {"features": {"a": 3}}, {"metric": "odd", "value": 1}])
def test_figures_without_a_size_give_no_sentence(sentiment, figures):
    assert impact(sentiment, figures, None) == []


def test_a_receiver_can_verify_origin_time_and_body():
    body = '{"key": "k1", "text": "é"}'.encode()
    sent = headers("k1", 1_790_000_000, body, "a-secret")
    content = sent["webhook-id"].encode() + b"." + sent["webhook-timestamp"].encode() + b"." + body
    expected = base64.b64encode(hmac.new(b"a-secret", content, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"


def test_json_has_neither_nan_nor_infinity():
    assert _finite({"a": [float("nan"), 1.5, (float("inf"),)]}) == {"a": [None, 1.5, [None]]}


def test_the_waits_double_up_to_an_hour():
    waits = [wait_after(attempts).total_seconds() / 60 for attempts in range(9)]
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]
