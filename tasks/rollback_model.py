"""Go back to the version that was in production before, and keep the reason in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.deployment.rollback import roll_back
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context

run = roll_back


def main() -> None:
    """Parse, go back and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--version", help="number of the version to take out; by default the one in production")
    arguments.add_argument("--reason", default="", help="why, for the ledger")
    arguments.add_argument("--by", default="", help="who, for the ledger; by default this user")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        use_case = context.use_case
        done = run(context, given.version, reason=given.reason, by=given.by)
        print(
            f"{use_case.model} version {done.version} is the champion again. Version {done.replaced} stays out until a "
            f"newer one passes the gates (entry {done.entry} of the ledger)."
        )

    run_step(given, step)


if __name__ == "__main__":
    main()
