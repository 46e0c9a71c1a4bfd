"""Write the use case's report as one HTML page and print where it is."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

from sluss.reporting import write_report
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context


def main() -> None:
    """Parse, write and print; open it where a browser is at hand and asked for."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--open", action="store_true", help="open the page in a browser")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        path = write_report(context)
        print(path)
        if given.open:
            webbrowser.open(path.resolve().as_uri())

    run_step(given, step)


if __name__ == "__main__":
    main()
