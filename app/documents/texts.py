"""The text parts that the department may edit: versions, their variables checked before saving, filling them in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from app.db import db
from app.documents import settings
from app.documents.fonts import check_printable, load_fonts
from app.documents.kinds import Kind, Part, get_kind
from app.documents.models import DocumentText
from app.documents.schema import FieldType
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor, ScopeKind

MAX_BODY = 4_000
_VARIABLE = re.compile(r"\{([a-z0-9_]+)\}")


def cn_date(iso: str) -> str:
    """2026年11月23日, as documents write a date; nothing for nothing."""
    if not iso:
        return ""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def check_body(part: Part, body: str) -> str:
    """The text, trimmed. Refusals: document_text_empty, document_text_braces, document_text_variable (one the part does
    not know), document_text_needed (one that must stand in it), character_unprintable."""
    text = body.replace("\r\n", "\n").strip()
    if not text or len(text) > MAX_BODY:
        raise Refusal("document_text_empty", "R68", N_("请填写文字,且不超过%(max)d字。"), max=MAX_BODY)
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        raise Refusal(
            "document_text_braces", "R68", N_("花括号不成对,或括号内不是变量名。变量应写成 {organisation} 这样。")
        )
    used = set(_VARIABLE.findall(text))
    if unknown := sorted(used - set(part.variables)):
        raise Refusal(
            "document_text_variable",
            "R68",
            N_("这里不能使用变量:%(unknown)s。可用的变量有:%(known)s。"),
            unknown="、".join(unknown),
            known="、".join(part.variables),
        )
    if missing := [name for name in part.needed if name not in used]:
        raise Refusal("document_text_needed", "R68", N_("文字中必须保留变量:%(missing)s。"), missing="、".join(missing))
    check_printable([text], load_fonts(settings.current().fonts))
    return text


def fill(body: str, kind: Kind, data: Mapping[str, Any]) -> str:
    """The text with its variables filled from checked data; dates in the official form."""
    dates = {field.key for field in kind.fields if field.type is FieldType.date}

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        raw = str(data.get(name, ""))
        return cn_date(raw) if name in dates else raw

    return _VARIABLE.sub(value, body)


def list_versions(kind: str, part: str) -> list[DocumentText]:
    """All versions of a part, the one in force first."""
    query = select(DocumentText).where(DocumentText.kind == kind, DocumentText.part == part)
    return list(db.session.scalars(query.order_by(DocumentText.version.desc())))


def texts_in_force(kind: Kind) -> dict[str, tuple[str, int]]:
    """part -> (text, version); version 0 is the built-in text."""
    newest = (
        select(DocumentText.part, func.max(DocumentText.version).label("version"))
        .where(DocumentText.kind == kind.id)
        .group_by(DocumentText.part)
        .subquery()
    )
    rows = db.session.scalars(
        select(DocumentText)
        .join(newest, (DocumentText.part == newest.c.part) & (DocumentText.version == newest.c.version))
        .where(DocumentText.kind == kind.id)
    )
    edited = {row.part: (row.body, row.version) for row in rows}
    return {part.key: edited.get(part.key, (part.default, 0)) for part in kind.parts}


def save_text(*, actor: Actor, kind: str, part: str, body: str, now: datetime) -> DocumentText:
    """Bring the next version of a part into force; documents already issued keep theirs.

    Refusals: document_texts_by_department, document_kind_unknown, document_text_unchanged and those of `check_body`.
    """
    if actor.kind not in {ScopeKind.department, ScopeKind.system}:
        raise Refusal("document_texts_by_department", "R68", N_("文书文字由省厅统一维护。"))
    found = get_kind(kind)
    chosen = next((one for one in found.parts if one.key == part), None)
    if chosen is None:
        raise Refusal("document_kind_unknown", "", N_("没有这种文书:%(kind)s。"), kind=f"{kind}/{part}")
    text = check_body(chosen, body)
    current, version = texts_in_force(found)[part]
    if current == text:
        raise Refusal("document_text_unchanged", "R68", N_("内容与现行版本相同,不需要新版本。"))
    row = DocumentText(
        id=uuid.uuid4(),
        kind=kind,
        part=part,
        version=version + 1,
        body=text,
        created_by=actor.user_id,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    events.record(
        "document_text_saved",
        actor=actor,
        now=now,
        subject_type="document_text",
        subject_id=kind,
        rule="R68",
        title=f"{found.title} · {chosen.label} 第{row.version}版",
    )
    return row
