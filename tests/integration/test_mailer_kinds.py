"""Every kind of notice that the code tells has its mail, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.config import ROOT
from app.lifecycle.submissions.reviews import _OUTCOME
from app.reminders import delivery, mailer

TELLING = ("tell", "tell_many", "write_one")
AT = datetime(2026, 11, 23, 1, tzinfo=UTC)
WORDS = {
    "organisation": "青岛某评价中心", "authority": "青岛市人力资源和社会保障局", "number": "D-1", "title": "题库",
    "reason": "缺少答案", "count": 2, "more": 1, "files": 3, "sha256": "ab" * 32, "manifest_sha256": "cd" * 32,
    "signed_at": AT.isoformat(), "submitted_at": AT.isoformat(), "delivered_at": AT.isoformat(),
    "decided_at": AT.isoformat(), "name": "王建国", "role": "editor", "side": "青岛某评价中心",
    "dossiers": [{"number": "D-1", "title": "题库"}, {"number": "D-2", "title": "自评"}],
    "entries": [{"organisation": "甲", "kind": "题库提交期限", "subject": "电工", "due_on": "2026-11-23"}],
    "cause": "期满自动退出", "removed_on": "2026-11-23", "ended_on": "2026-11-22", "step": "准予逾期提交续期申请",
    "issued_on": "2026-11-20",
    "link": "/org", "statutory": True,
    "clause": {"title": "二(二)2", "quote": "期限不超过180天。", "anchor": "c-2-2-2"},
}  # fmt: skip


def told_kinds() -> Iterator[str]:
    for folder in ("app", "tenants", "uploads"):
        for path in Path(ROOT, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in TELLING:
                    for keyword in node.keywords:
                        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant):
                            yield keyword.value.value


KINDS = sorted({*told_kinds(), *(name for _, _, name in _OUTCOME.values()), "member_role_changed", "member_removed"})


def test_the_scan_sees_the_kinds() -> None:
    assert {"dossier_submitted", "deadlines_missed", "commitment_signed"} <= set(KINDS)


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_mail(worker_app: Flask, kind: str, locale: str) -> None:
    with worker_app.app_context():
        mail = mailer.render(kind, delivery.restored(WORDS), to_name="王建国", locale=locale, at=AT)
        title = mailer.render_subject(kind, delivery.restored(WORDS), locale=locale, at=AT)
    assert mail.subject == title
    assert mail.subject.strip()
    for body in (mail.text, mail.html):
        assert "王建国" in body
        assert "%(" not in body
        assert "{{" not in body
        assert "None" not in body
        assert "期限不超过180天。" in body
