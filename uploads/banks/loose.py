"""Sheets without a header, into which a Word bank was pasted line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from uploads.banks.models import Kind
from uploads.banks.sheets import Table
from uploads.banks.tables import Yield
from uploads.banks.word_free import read_free
from uploads.banks.word_lines import Line


def read_loose_table(table: Table, out: Yield, letters: Mapping[str, str]) -> bool:
    """Add the questions of such a sheet to `out`; False when it holds no such bank."""
    lines = [Line(table.number(index), " ".join(filter(None, row))) for index, row in enumerate(table.rows) if any(row)]
    part = Yield()
    read_free(lines, part, letters)
    whole = [q for q in part.questions if q.answer and (len(q.options) > 1 or q.kind is not Kind.SHORT_ANSWER)]
    if not whole or len(whole) * 2 < len(part.questions):
        return False
    for question in part.questions:
        question.sheet, question.layout = table.name, replace(question.layout, unit=table.unit)
    for finding in part.findings:
        told = re.sub(r"第(\d+)段", rf"第\1{table.unit}", finding.message)
        out.findings.append(replace(finding, sheet=table.name, message=told))
    out.statements.extend(replace(said, sheet=table.name) for said in part.statements)
    out.questions.extend(part.questions)
    out.headers += 1
    return True
