"""Make a version the champion, if every gate lets it pass and its smoke prediction goes well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.deployment.deploy import deploy
from sluss.step import run_step, version_parser

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

run = deploy


def main() -> None:
    """Parse, deploy and print."""
    arguments = version_parser(__doc__ or "")
    arguments.add_argument("--by", default="", help="who deploys, for the ledger; by default this user")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        deployed = run(settings, use_case, given.version, by=given.by)
        print(f"{use_case.model} {deployed}")

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
