"""`make bench`, or `python -m tests.benchmarks [name …]` for some of: upload, inbox, and the banks'."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.rows import Row, show, write

MODULES = ("upload_bench", "inbox_bench", "banks_bench", "deadlines_bench", "reminders_bench", "documents_bench")
RESULT = Path("bench.json")


def main(wanted: Sequence[str]) -> int:
    """Measure, print, write; the exit code is 2 for a name that is none."""
    names = [name for name in MODULES if not wanted or name.removesuffix("_bench") in wanted]
    if unknown := set(wanted) - {name.removesuffix("_bench") for name in MODULES}:
        sys.stderr.write(f"bench: no such benchmark: {', '.join(sorted(unknown))}\n")
        return 2
    rows: list[Row] = []
    for name in names:
        sys.stderr.write(f"measuring {name.removesuffix('_bench')} …\n")
        rows += [_row(row) for row in importlib.import_module(f"tests.benchmarks.{name}").measure()]
    show(rows)
    write(rows, RESULT)
    return 0


def _row(row: Any) -> Row:
    values = asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row)
    return Row(**values)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
