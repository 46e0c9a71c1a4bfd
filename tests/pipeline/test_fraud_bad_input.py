"""Card payments that are wrong or unusual: amounts, unknown cards and terminals, late and unordered ones."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from fraud_tables import fill_tables

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.late import curate_late
from sluss.errors import DataError
from sluss.interval import Interval
from sluss.monitoring.tables import read_rows
from sluss.training.rows import training_rows
from sluss.use_cases import load_use_case
from tasks import curate_data

START = datetime(2018, 5, 1, tzinfo=UTC)


def day(number):
    return Interval(START + timedelta(days=number), START + timedelta(days=number + 1))


def payment(name, hours, amount=10.0, *, at=("c1", "t1"), late=0):
    moment = START + timedelta(hours=hours)
    return {
        "id": name, "event_time": moment, "arrived_at": moment + timedelta(hours=late),
        "customer_id": at[0], "terminal_id": at[1], "amount": amount,
    }  # fmt: skip


@pytest.fixture
def world(tmp_path):
    """The use case with limits for a few rows, and a function that fills its warehouse."""
    config = tmp_path / "config"
    config.mkdir()
    shutil.copy(ROOT / "config" / "fraud.sql", config)
    content = yaml.safe_load((ROOT / "config" / "fraud.yaml").read_text())
    content["curation"] |= {"min_rows": 1, "max_bad_share": 0.2}
    content["training"] |= {"window_days": 40, "holdout_days": 20, "min_rows": 1}
    (config / "fraud.yaml").write_text(yaml.safe_dump(content))
    context = Context(Settings(home=tmp_path, config_dir=config), load_use_case("fraud", config))

    def fill(rows, labels=()):
        with context.warehouse() as warehouse:
            fill_tables(warehouse, rows, labels)
        return context

    return fill


def curated(context):
    columns = ["id", "amount", "customer_count_1", "customer_mean_1", "amount_to_month", "terminal_risk_30"]
    found = read_rows(context.lake, "curated", [*columns, "terminal_count_30"])
    return {row["id"]: row for row in found.to_dict("records")}


def test_an_amount_of_0_is_a_payment(world):
    context = world([payment("free", 1, amount=0.0), payment("next", 2, amount=8.0)])
    curate_data.run(context, day(0))
    rows = curated(context)
    assert rows["free"] | {"amount": 0.0, "customer_mean_1": 0.0, "amount_to_month": 1.0} == rows["free"]
    assert (rows["next"]["customer_count_1"], rows["next"]["customer_mean_1"]) == (2, 4.0)


def test_a_negative_amount_is_in_quarantine_and_counts_for_no_other_payment(world):
    context = world([payment(f"p{n}", n) for n in range(1, 9)] + [payment("back", 0.5, amount=-500.0)])
    done = curate_data.run(context, day(0))
    assert (done.rows, done.bad_rows) == (8, 1)
    [reason] = read_rows(context.lake, "quarantine", ["reason"])["reason"]
    assert "amount is below 0" in reason
    assert all(row["customer_mean_1"] == 10.0 for row in curated(context).values())
    assert curated(context)["p1"]["customer_count_1"] == 1


def test_too_many_negative_amounts_refuse_the_interval(world):
    context = world([payment("good", 1), payment("back", 2, amount=-1.0)])
    with pytest.raises(DataError, match="max_bad_share"):
        curate_data.run(context, day(0))


def test_a_card_and_a_terminal_that_were_never_seen_have_no_past(world):
    context = world([payment("old", 1), payment("new", 2, 25.0, at=("c9", "t9"))])
    curate_data.run(context, day(0))
    new = curated(context)["new"]
    assert (new["customer_count_1"], new["customer_mean_1"], new["amount_to_month"]) == (1, 25.0, 1.0)
    assert (new["terminal_count_30"], new["terminal_risk_30"]) == (0, 0.0)


def test_the_order_in_which_rows_stand_is_no_matter(world):
    rows = [payment(f"p{n}", n / 3, amount=float(n)) for n in range(20)]
    context = world(rows)
    curate_data.run(context, day(0))
    before = curated(context)
    context = world(rows[::-1])
    curate_data.run(context, day(0))
    assert curated(context) == before


def test_a_late_payment_joins_its_day_and_counts_from_its_arrival_on(world):
    rows = [payment("first", 1), payment("late", 2, late=30), payment("same day", 3), payment("next day", 40)]
    context = world(rows)
    curate_data.run(context, day(0))
    curate_data.run(context, day(1))
    curate_late(context, day(1))
    found = curated(context)
    assert set(found) == {"first", "late", "same day", "next day"}
    assert found["same day"]["customer_count_1"] == 2  # without the late one, which was not known then
    assert found["next day"]["customer_count_1"] == 2


def test_frauds_that_a_card_reports_after_a_month_are_unlabelled_until_then(world):
    rows = [payment(f"p{n}", 24 * n, at=(f"c{n % 2}", "t1")) for n in range(40)]
    labels = [
        {
            "id": row["id"], "label": n % 2,
            "label_time": row["event_time"] + timedelta(days=30 if n % 2 else 7),
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    context = world(rows, labels)
    curate_data.run(context, Interval(START, day(39).end))
    found = curated(context)
    # On day 25, the terminal's labels are those of the other card: no fraud is known yet.
    assert (found["p25"]["terminal_count_30"], found["p25"]["terminal_risk_30"]) == (9, 0.0)
    assert found["p39"]["terminal_risk_30"] > 0
    with pytest.raises(DataError, match=r"same label"):
        training_rows(context.lake, context.use_case, START + timedelta(days=28))
    # After a month, the frauds of the first days are there to learn from, and no payment has a wrong label before.
    known = training_rows(
        context.lake, context.use_case.model_copy(update={"training": _shorter(context)}), day(39).end
    )
    assert known.train.label.sum() > 0


def _shorter(context):
    return context.use_case.training.model_copy(update={"holdout_days": 33, "window_days": 41})
