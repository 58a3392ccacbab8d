"""The report of a question bank's inspection as pages and as a workbook, the same for whoever may read it.

Built from what is stored with the file: counts, rows and checks, never a word of a question. `build` makes what the
macros of components/_bank_report.html show; `select` filters and pages the findings; `download` is the workbook.
"""

from __future__ import annotations

from app.web.bank_report.findings import Selection, select
from app.web.bank_report.place import Place
from app.web.bank_report.previous import compare
from app.web.bank_report.view import BankReport, build
from app.web.bank_report.workbook import download

__all__ = ["BankReport", "Place", "Selection", "build", "compare", "download", "select"]
