"""Make a version the champion, if every gate lets it pass and its smoke prediction goes well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.deployment.deploy import check, deploy
from sluss.step import run_step, version_parser

if TYPE_CHECKING:
    from sluss.context import Context

__all__ = ["check", "run"]

run = deploy


def main() -> None:
    """Parse, deploy and print."""
    arguments = version_parser(__doc__ or "")
    arguments.add_argument("--by", default="", help="who deploys, for the ledger; by default this user")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        deployed = run(context, given.version, by=given.by)
        print(f"{context.use_case.model} {deployed}")

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
