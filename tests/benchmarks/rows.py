"""A measured row, and how rows are shown and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """`value` and the yardstick's `peer` in one unit and run; `ratio`: 1 is as well as it, above 1 better."""

    name: str
    value: float
    unit: str
    peer: float | None
    ratio: float | None
    n: int

    @classmethod
    def of_rates(cls, name: str, value: float, unit: str, peer: float, n: int) -> Row:
        """A row of rates: more is better."""
        return cls(name, round(value, 3), unit, round(peer, 3), round(value / peer, 3), n)


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table("name", "value", "unit", "peer", "ratio", "n", title="make bench")
    for row in rows:
        table.add_row(row.name, f"{row.value:g}", row.unit, _text(row.peer), _text(row.ratio), str(row.n))
    Console().print(table)


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def write(rows: Sequence[Row], path: Path) -> None:
    """The rows as JSON, the list that design.md section 8 describes."""
    path.write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
