"""Errors as a person, htmx or a program can use them. Never a bare 500, never silence; nothing typed is lost.

Pages get a page, htmx a fragment that its handler shows beside the form as it was typed, the API problem+json.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from werkzeug.exceptions import BadRequest, HTTPException

from app.db import db
from app.rules.core import N_, Refusal
from app.web import wording
from app.web.guards import Unauthenticated, sign_in_redirect
from uploads.errors import PartDown

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(Unauthenticated, _unauthenticated)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(PartDown, _part_down)
    app.register_error_handler(OperationalError, _database_down)
    app.register_error_handler(InterfaceError, _database_down)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(DBAPIError, _unexpected)
    app.register_error_handler(Exception, _unexpected)


def is_api() -> bool:
    """Whether the request came by the JSON API."""
    return request.path.startswith("/api/")


def refusal_text(refusal: Refusal) -> str:
    """The sentence of a refusal in the reader's language."""
    # Without parameters nothing is formatted, and a doubled percent sign would show.
    # Parameters may be words of the rules (a state, an act), which have their twin in the catalogue too.
    params = {
        key: gettext(value) if isinstance(value, str) and value else value for key, value in refusal.params.items()
    }
    if refusal.code == "changed_meanwhile" and "event" in params:
        params["event"] = wording.what_happened(refusal.params["event"], refusal.params.get("by", ""))
    text = gettext(refusal.message, **params)
    return str(text if refusal.params else text.replace("%%", "%"))


def problem(status: int, code: str, detail: str, **extra: Any) -> Response:
    """An RFC 9457 problem document. `code` is stable; `detail` is for people."""
    body = {"type": "about:blank", "title": detail, "status": status, "code": code, "detail": detail, **extra}
    answer = jsonify(body | {"request_id": g.get("request_id", "")})
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def answer(status: int, code: str, title: str, detail: str, **extra: Any) -> ResponseReturnValue:
    """One error in the form the asker can use. `extra` may carry `rule` and `clause`."""
    # Where a part failed, the page must be made without asking it again.
    g.failed = status >= 500
    if is_api():
        return problem(status, code, detail, **{k: v for k, v in extra.items() if k in {"rule", "clause", "location"}})
    template = "errors/_error.html" if getattr(request, "htmx", False) else "errors/error.html"
    page = render_template(template, status=status, code=code, title=title, detail=detail, **extra)
    return Response(page, status=status, headers={"X-Error-Code": code}, mimetype="text/html")


def _refused(refusal: Refusal) -> ResponseReturnValue:
    db.session.rollback()
    clause = refusal.clause
    extra = {
        "rule": refusal.rule,
        "clause": clause.title if clause else None,
        "anchor": clause.anchor if clause else None,
    }
    return answer(422, refusal.code, gettext("现在还不能这样做"), refusal_text(refusal), **extra)


def _unauthenticated(error: Unauthenticated) -> ResponseReturnValue:
    if is_api():
        response = problem(401, "unauthenticated", gettext("请先登录,或在 Authorization 头中给出访问令牌。"))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if getattr(request, "htmx", False):
        return answer(401, "session_expired", gettext("登录已过期"), gettext("请重新登录后继续,您填写的内容仍在本页。"))
    return sign_in_redirect()


def _csrf(error: CSRFError) -> ResponseReturnValue:
    detail = gettext("页面停留太久,安全令牌已过期。请返回上一页刷新后再提交,您填写的内容已在本机保留。")
    response = make_response(answer(400, "csrf_expired", gettext("页面已过期"), detail))
    # With a fresh token the page can send the form again as typed; only our own origin may read it.
    response.headers["X-CSRFToken"] = generate_csrf()
    return response


_HTTP_TEXT = {
    400: (N_("请求无法识别"), N_("提交的内容格式不正确,请返回检查后重试。")),
    403: (N_("没有权限"), N_("您所在的角色不能执行此操作,请联系本单位管理员调整权限。")),
    404: (N_("没有找到"), N_("页面不存在,或不属于您的单位。请检查网址,或从首页重新进入。")),
    405: (N_("不支持的操作"), N_("此网址不支持这样访问,请从页面上的按钮操作。")),
    409: (N_("内容已变化"), N_("该记录刚刚被其他人修改,请刷新后再操作。")),
    413: (N_("内容过大"), N_("提交的内容超过限制。文件请通过上传区域上传。")),
    429: (N_("操作过于频繁"), N_("请稍候再试。")),
}


_HTTP_OTHER = (N_("请求未能完成"), N_("请稍后重试;如仍有问题,请联系管理员。"))
# A program has no buttons and no page to go back to.
_API_TEXT = {
    400: (N_("请求无法识别"), N_("请求的格式不正确。请对照接口说明(/api/v1/openapi.json)检查后重试。")),
    403: (N_("没有权限"), N_("该令牌或登录所属的角色不能执行此操作。")),
    404: (N_("没有找到"), N_("没有这个接口地址或记录,或不属于您的单位。接口说明见 /api/v1/openapi.json。")),
    405: (
        N_("不支持的方法"),
        N_("此接口地址不接受这种方法,可用的见响应头 Allow。接口说明见 /api/v1/openapi.json。"),
    ),
    413: (N_("内容过大"), N_("请求的内容超过限制。文件请经上传接口分片上传。")),
}


def http_error(error: HTTPException) -> ResponseReturnValue:
    """The page of an HTTP error, in our words."""
    status = error.code or 500
    if status < 400:
        return error
    if is_api() and status in _API_TEXT:
        title, detail = _API_TEXT[status]
        document = problem(status, f"http_{status}", gettext(detail), title=gettext(title))
        document.headers.extend((key, value) for key, value in error.get_headers() if key == "Allow")
        return document
    title, detail = _HTTP_TEXT.get(status, _HTTP_OTHER)
    return answer(status, f"http_{status}", gettext(title), gettext(detail))


def _part_down(error: PartDown) -> ResponseReturnValue:
    db.session.rollback()
    log.error("part_down", part=error.part, reason=str(error))
    detail = gettext("文件存储暂时不可用,已上传的内容不会丢失。请几分钟后重试。")
    return answer(503, "part_down", gettext("服务暂时不可用"), detail)


def _database_down(error: OperationalError | InterfaceError) -> ResponseReturnValue:
    log.error("database_down", reason=str(error.orig))
    detail = gettext("系统暂时无法读写数据,已提交的内容不会丢失,未提交的内容仍在您的页面上。请几分钟后重试。")
    return answer(503, "database_down", gettext("服务暂时不可用"), detail)


def _data_error(error: DataError) -> ResponseReturnValue:
    # The character that no text of PostgreSQL can hold, and no keyboard types: what does not drop it itself ends here.
    if "NUL (0x00)" not in str(error.orig) and "\\u0000" not in str(error.orig):
        return _unexpected(error)
    db.session.rollback()
    return http_error(BadRequest())


def _unexpected(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    log.error("unexpected_error", exc_info=error)
    detail = gettext(
        "系统出现意外错误,已记录。您填写的内容未提交,请稍后重试;如反复出现,请把编号告诉我们:%(id)s", id=g.request_id
    )
    return answer(500, "unexpected", gettext("出现意外错误"), detail)
