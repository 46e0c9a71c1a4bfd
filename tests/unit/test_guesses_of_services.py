"""Limits on guessing where programs log in at each request: MLflow's server, and Airflow's."""

from __future__ import annotations

from sluss.guesses import FREE_OF_SERVICES, LONGEST_OF_SERVICES, Limits

INSIDE, OUTSIDE = "172.20.0.7", "172.20.0.1"


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def guess(limits: Limits, name: str, address: str, times: int) -> int:
    """Guess wrong so often; the number of guesses that were looked at."""
    return sum(limits.wait(name, address) == 0 for _ in range(times))


def test_guesses_from_elsewhere_never_lock_out_the_tasks() -> None:
    clock = Clock()
    limits = Limits.of_services(clock)
    assert limits.wait("sluss", INSIDE) == 0
    limits.succeeded("sluss", INSIDE)
    for number in range(1_000):
        guess(limits, "sluss", f"10.0.{number // 250}.{number % 250}", 10)
    assert limits.left("sluss", INSIDE) == 0
    clock.now += 24 * 3600
    guess(limits, "sluss", OUTSIDE, 10_000)
    assert limits.left("sluss", INSIDE) == 0


def test_one_address_gets_few_guesses_of_one_name_in_an_hour() -> None:
    clock = Clock()
    limits, looked_at = Limits.of_services(clock), 0
    while clock.now < 3600:
        wait = limits.wait("admin", OUTSIDE)
        looked_at += wait == 0
        clock.now += wait
    assert looked_at <= FREE_OF_SERVICES["pair"] + 6 + 3600 / LONGEST_OF_SERVICES


def test_many_addresses_share_the_guesses_of_a_name_and_one_address_those_of_many_names() -> None:
    limits = Limits.of_services(Clock())
    assert sum(guess(limits, "admin", f"10.0.{n // 250}.{n % 250}", 5) for n in range(200)) == FREE_OF_SERVICES["name"]
    limits = Limits.of_services(Clock())
    assert sum(guess(limits, f"name{n}", OUTSIDE, 5) for n in range(200)) == FREE_OF_SERVICES["address"]


def test_a_wait_of_the_right_one_is_short() -> None:
    clock = Clock()
    limits = Limits.of_services(clock)
    while (wait := limits.wait("ann", OUTSIDE)) < LONGEST_OF_SERVICES:
        clock.now += wait
    clock.now += LONGEST_OF_SERVICES
    assert limits.wait("ann", OUTSIDE) == 0
    limits.succeeded("ann", OUTSIDE)
    assert guess(limits, "ann", OUTSIDE, 10) == FREE_OF_SERVICES["pair"]


def test_a_look_counts_nothing() -> None:
    limits = Limits.of_services(Clock())
    assert all(limits.left("ann", OUTSIDE) == 0 for _ in range(50))
    assert guess(limits, "ann", OUTSIDE, 10) == FREE_OF_SERVICES["pair"]
