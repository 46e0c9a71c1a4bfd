"""Write the use case's report as one HTML page and print where it is."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

from sluss.reporting import write_report
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase


def main() -> None:
    """Parse, write and print; open it where a browser is at hand and asked for."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--open", action="store_true", help="open the page in a browser")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        path = write_report(settings, use_case)
        print(path)
        if given.open:
            webbrowser.open(path.resolve().as_uri())

    run_step(given, step)


if __name__ == "__main__":
    main()
