"""No table that we hand out holds a formula, whatever stands in the database; and only three modules write tables."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from app.config import ROOT
from app.lifecycle.sheets import write_workbook
from app.web.exports import table
from uploads.banks.models import Finding, Severity
from uploads.banks.report import Report
from uploads.banks.report_xlsx import neutralise, write_report_xlsx

WRITERS = {"app/lifecycle/sheets.py", "app/web/exports.py", "uploads/banks/report_xlsx.py"}
ATTACKS = st.builds(
    "{}{}".format,
    st.sampled_from(["=", "+", "-", "@", "\t=", "\r=", "\n=", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "{="]),
    st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=20),
)


def cells(content: bytes) -> str:
    """The XML of all sheets and shared strings."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/") or "sharedStrings" in name]
        return "".join(archive.read(name).decode() for name in names)


@settings(max_examples=30, deadline=None)
@given(text=ATTACKS)
def test_an_export_of_lists_has_no_formula(text: str) -> None:
    xml = cells(write_workbook(title="名单", columns=[("单位", 10)], rows=[[text], ["x"]]))
    assert "<f>" not in xml
    assert "hyperlink" not in xml


@settings(max_examples=30, deadline=None)
@given(text=ATTACKS)
def test_the_report_of_a_bank_has_no_formula(text: str) -> None:
    report = Report(file=text)
    report.findings = [Finding(check="C05", severity=Severity.ERROR, message=text, sheet=text, row=2)]
    out = io.BytesIO()
    write_report_xlsx(report, out)
    xml = cells(out.getvalue())
    assert "<f>" not in xml
    assert not re.search(r"<t[^>]*>[=+@-]", xml)
    assert neutralise(text).startswith(("'", "{"))


@settings(max_examples=30, deadline=None)
@given(text=ATTACKS)
def test_a_csv_export_has_no_formula(text: str) -> None:
    answer = table(["单位"], [[text]], "名单.csv")
    (cell,) = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))[1]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_nobody_else_writes_tables() -> None:
    found = set()
    for folder in ("app", "uploads", "tenants"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (isinstance(node, ast.Attribute) and node.attr in {"Workbook", "DictWriter"}) or (
                    isinstance(node, ast.Attribute)
                    and node.attr == "writer"
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "csv"
                ):
                    found.add(str(path.relative_to(ROOT)))
    # The demo's papers are files that a visitor uploads, not tables handed out.
    assert found - {"app/demo/papers.py"} <= WRITERS
