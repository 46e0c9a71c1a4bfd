"""Columns that hold the items of a label: of lists, the leak that a column of numbers or classes has otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems.item_lists import item_sets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

_MOST = 0.5  # share of a label's items; of sound columns, few users like again what they liked before


def telltale_items(
    rows: pd.DataFrame, kinds: Mapping[str, str], figures: dict[str, float]
) -> Iterator[tuple[str, str]]:
    """Yield the text columns in which the items of the label stand already, with the reason.

    Args:
        rows: of the holdout, with `label`.
        kinds: of the features, by name.
        figures: gets the greatest share of a label's items that a column holds.
    """
    liked = item_sets(rows["label"].to_numpy())
    for name in (name for name, kind in kinds.items() if kind == "text"):
        shares = [
            len(items & _numbers(text)) / len(items) for items, text in zip(liked, rows[name], strict=True) if items
        ]
        share = sum(shares) / len(shares) if shares else 0.0
        figures["told_items"] = max(figures.get("told_items", 0.0), share)
        if share > _MOST:
            yield name, f"holds {share:.0%} of the items of the label: it was written after the label was known"


def _numbers(text: object) -> set[int]:
    words = text.split() if isinstance(text, str) else []
    return {int(word) for word in words if word.isdecimal()}
