"""Checking a document (验证): how it stands today by its code, and whether a file is the one that was issued.

A file is read in memory and forgotten. Look-ups that miss and files are counted by place, so that codes cannot be
tried one after the other; the codes themselves have a hundred random bits.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.serialization import Encoding
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge

from app.db import db
from app.documents import keys, settings, verifying
from app.documents.verifying import Known, Standing, Verification
from app.rules.core import N_, Refusal
from app.web.access import PUBLIC
from app.web.errors import http_error, refusal_text
from app.web.public.views import ACCESS, blueprint
from tenants.accounts import gate, throttle
from tenants.accounts.throttle import Limit

ACCESS |= {"public.verify_receipt": PUBLIC, "public.verify_file": PUBLIC, "public.verify_one": PUBLIC}
MISSES = Limit("verify_miss", times=20, minutes=10, message=N_("查询过于频繁,请等 %(minutes)d 分钟后再试。"))
FILES = Limit("verify_file", times=40, minutes=10, message=N_("查询过于频繁,请等 %(minutes)d 分钟后再试。"))
_REFERENCE = re.compile(r"[0-9]{6}-[A-Z]{2}-[0-9]{4}-[0-9]{4,7}-([0-9A-HJKMNP-TV-Z]{20})")


def _code(typed: str) -> str:
    """The unguessable part of what was scanned or typed: a whole address, a reference, or the code alone."""
    text = typed.strip().rpartition("/")[2].upper().replace(" ", "")
    if found := _REFERENCE.fullmatch(text):
        return found[1]
    return text if re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{20}", text) else ""


@blueprint.get("/verify")
def verify_receipt() -> ResponseReturnValue:
    """Ask for a code or a file."""
    if typed := request.args.get("code", "").strip()[:200]:
        if not _code(typed):
            problem = gettext("验证码应为20位字母和数字。请照文书左下角的“验证码”填写。")
            return render_template("public/verify.html", problem=problem, typed=typed), 422
        return redirect(url_for("public.verify_one", reference=typed.rpartition("/")[2].upper()), 303)
    return render_template("public/verify.html", problem="", typed="")


@blueprint.get("/verify/<reference>")
def verify_one(reference: str) -> ResponseReturnValue:
    """How the document with this reference stands today."""
    try:
        known = _look_up(_code(reference[:200]))
    except Refusal as refusal:
        db.session.rollback()
        return render_template("public/verify.html", problem=refusal_text(refusal), typed=""), 429
    if known is None or not _is_of(known, reference):
        problem = gettext("没有查到这份文书。请核对验证码;如文书由他人提供,请谨防伪造。")
        return render_template("public/verify.html", problem=problem, typed=reference[:80]), 404
    return render_template("public/verify_one.html", known=known, result=None, standing=_standing(known.standing))


def _is_of(known: Known, reference: str) -> bool:
    """Whether the number before a right code is its own too; a code alone will do."""
    text = reference.strip().upper()
    return text == known.reference or text == known.reference.rpartition("-")[2]


def _look_up(code: str) -> Known | None:
    place = request.remote_addr or "unknown"
    with gate.opened(MISSES.key(place), *([code] if code else [])):
        throttle.check(MISSES, place)
        known = verifying.find_known(code, now=g.now) if code else None
        if known is None:
            throttle.count(MISSES, place)
        db.session.commit()
    return known


@blueprint.post("/verify")
def verify_file() -> ResponseReturnValue:
    """Check a file: unaltered and whole, by whom, when, and how it stands. Nothing of it is kept."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return render_template("public/verify.html", problem=gettext("请选择要查验的PDF文件。"), typed=""), 422
    place = request.remote_addr or "unknown"
    try:
        with gate.opened(FILES.key(place)):
            throttle.check(FILES, place)
            throttle.count(FILES, place)
            db.session.commit()
        seen: list[Known] = []
        result = _verify(given.stream.read(verifying.MAX_BYTES + 1), seen)
    except Refusal as refusal:
        db.session.rollback()
        return render_template("public/verify.html", problem=refusal_text(refusal), typed=""), 429
    return render_template(
        "public/verify_one.html",
        known=seen[0] if seen else None,
        result=result,
        standing=_standing(Standing(result.state)),
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """A file larger than any of ours is told so where it was dropped; other forms of the public get the common page."""
    if request.endpoint != "public.verify_file":
        return http_error(error)
    problem = gettext("文件超过4 MB,不是本系统出具的文书。")
    return render_template("public/verify.html", problem=problem, typed=""), 413


def _verify(pdf: bytes, seen: list[Known]) -> Verification:
    chosen = settings.current()

    def find(code: str) -> Known | None:
        known = _look_up(code)
        if known is not None:
            seen.append(known)
        return known

    return verifying.verify(
        pdf,
        roots=keys.trust_roots(chosen, with_demo=chosen.demo_keys),
        crls=[crl.public_bytes(Encoding.DER) for crl in keys.read_crls(chosen.crls)],
        find=find,
    )


def _standing(state: Standing) -> tuple[str, str]:
    """The tone and the words of a standing."""
    return {
        Standing.valid: ("good", gettext("现行有效")),
        Standing.renewed: ("neutral", gettext("已续期,由新回执替代")),
        Standing.superseded: ("neutral", gettext("已被替代")),
        Standing.revoked: ("bad", gettext("已撤销")),
        Standing.left_directory: ("bad", gettext("机构已移出目录")),
        Standing.awaiting: ("waiting", gettext("正在制作")),
        Standing.sample: ("neutral", gettext("样例,没有效力")),
        Standing.unknown: ("bad", gettext("未查到")),
    }[state]
