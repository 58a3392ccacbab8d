"""The whole of `sheping banks inspect`: what the command line wires up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from uploads.banks.blueprint import Blueprint
from uploads.banks.checks.table import CHECKS, TITLES
from uploads.banks.inspection import inspect_path
from uploads.banks.levels import parse_level
from uploads.banks.loading import load_blueprint
from uploads.banks.models import KIND_LABELS, ItemRef, Kind, Severity
from uploads.banks.report import Report
from uploads.banks.sheets import Unreadable
from uploads.banks.text import fold_code

SHOWN = 200
_SEVERITIES = {Severity.BLOCK: "拒收", Severity.ERROR: "错误", Severity.WARN: "提醒", Severity.INFO: "说明"}


def inspect_files(
    paths: Sequence[str | Path],
    blueprint: str | Path | None,
    occupation: str | None,
    level: str | None,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Inspect each file and print it; the worst exit code wins: 2 unreadable, 1 a blocking finding, 0 neither."""
    level_id = parse_level(level) if level else None
    if level and not level_id:
        err.write(f"sheping banks inspect: 不认识的等级「{level}」(可写 三级、高级工、3 或 level_3)\n")
        return 2
    try:
        whole = load_blueprint(Path(blueprint)) if blueprint else None
    except Unreadable as error:
        err.write(f"sheping banks inspect: {error.problem.message}\n")
        return 2
    item = _item(occupation, level_id)
    worst = 0
    for path in paths:
        report = _inspect(path, item, whole, as_json, err)
        if as_json:
            write_json(report, out)
            out.flush()
        else:
            print_report(report, out)
        worst = max(worst, 2 if not report.readable else int(report.blocking))
    return worst


def _item(occupation: str | None, level: str | None) -> ItemRef | None:
    """`--occupation` takes a code (6-31-01-03) or a name (电工)."""
    if not occupation and not level:
        return None
    is_code = bool(occupation and fold_code(occupation)[:1].isdigit())
    return ItemRef(occupation if is_code else None, None if is_code else occupation, None, level)


def _inspect(path: str | Path, item: ItemRef | None, blueprint: Blueprint | None, as_json: bool, err: TextIO) -> Report:
    if as_json:
        return inspect_path(path, item=item, blueprint=blueprint)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=Console(file=err), transient=True
    )
    with bar:
        task = bar.add_task(f"读取 {Path(path).name}", total=len(CHECKS))

        def told(step: str) -> None:
            title = TITLES.get(step)
            bar.update(task, advance=1, description=f"检查 {title}" if title else f"读取 {Path(path).name}")

        return inspect_path(path, item=item, blueprint=blueprint, progress=told)


def write_json(report: Report, out: TextIO) -> None:
    """The object on one line, long lists a thousand items at a time: a bad bank has hundreds of thousands of pairs."""
    whole = report.to_json_dict()
    separator = "{"
    for name, value in whole.items():
        out.write(f"{separator}{json.dumps(name)}: ")
        if isinstance(value, list):
            out.write("[")
            for first in range(0, len(value), 1000):
                items = json.dumps(value[first : first + 1000], ensure_ascii=False)
                out.write((", " if first else "") + items[1:-1])
            out.write("]")
        else:
            out.write(json.dumps(value, ensure_ascii=False))
        separator = ", "
    out.write("}\n")


def print_report(report: Report, out: TextIO) -> None:
    """The readable form: counts, then findings with their address, the gravest first."""
    console = Console(file=out, highlight=False, markup=False)
    verdict = "无法读取" if not report.readable else "有必须改正的问题" if report.blocking else "可以提交"
    console.print(f"\n{report.file}  共{len(report.questions)}题  {verdict}", style="bold", soft_wrap=True)
    counts = Table("题型", "数量", title=None)
    for name, number in report.by_type.items():
        if number:
            counts.add_row(KIND_LABELS[Kind(name)], str(number))
    if report.questions:
        console.print(counts)
    if not report.findings:
        console.print("没有发现问题")
        return
    ranks = list(Severity)
    findings = sorted(report.findings, key=lambda found: ranks.index(found.severity))
    table = Table("检查", "程度", "工作表", "行", "列", "说明")
    for found in findings[:SHOWN]:
        address = (found.sheet, "" if found.row is None else str(found.row), found.column or "")
        table.add_row(found.check, _SEVERITIES[found.severity], *address, found.message)
    console.print(table)
    if len(findings) > SHOWN:
        console.print(f"另有{len(findings) - SHOWN}条未显示,加 --json 可看全部")
