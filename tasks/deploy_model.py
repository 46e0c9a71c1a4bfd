"""Make a version the champion, if every gate lets it pass."""

from dataclasses import dataclass

from tasks.shared.cli import run_step
from tasks.shared.errors import ModelError
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.validate_model import arguments
from tasks.validate_model import run as validate


@dataclass(frozen=True)
class Deployment:
    """The version in production, and the one before it."""

    version: str
    previous: str | None


def run(settings: Settings, use_case: UseCase, version: str | None = None) -> Deployment:
    """Validate a version (the newest by default) and move the alias `champion` to it.

    Raises:
        ModelError: there is no such version, or a gate refuses it; the champion stays.
        ServiceError: MLflow does not answer.
    """
    from tasks.hub import registry
    from tasks.hub.tracking import connect, reachable

    validation = validate(settings, use_case, version)
    number = validation.version
    if validation.refusals:
        reasons = " ".join(f"{result.gate}: {result.sentence}" for result in validation.refusals)
        raise ModelError(f"{use_case.model} version {number} is refused, and the champion stays. {reasons}")
    current = registry.by_alias(settings, use_case, registry.CHAMPION)
    if current is not None and str(current.version) == number:
        previous = registry.by_alias(settings, use_case, registry.PREVIOUS)
        return Deployment(number, str(previous.version) if previous else None)
    client = connect(settings)
    with reachable(settings):
        # `previous` first: killed in between, it names the version that is still in production.
        if current is not None:
            client.set_registered_model_alias(use_case.model, registry.PREVIOUS, current.version)
        client.set_registered_model_alias(use_case.model, registry.CHAMPION, number)
    return Deployment(number, str(current.version) if current else None)


def main() -> None:
    """Parse, deploy and print."""
    given = arguments(__doc__ or "")

    def step(settings: Settings, use_case: UseCase) -> None:
        deployed = run(settings, use_case, given.version)
        before = f" (before: version {deployed.previous})" if deployed.previous else ""
        print(f"{use_case.model} version {deployed.version} is the champion{before}.")

    run_step(given, step)


if __name__ == "__main__":
    main()
