"""The first page: what to do next, what is running, what happened."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.calls.queries import find_next_call, find_open_call
from app.web.applicant import tasks
from app.web.applicant.base import fingerprint, live_page, page
from app.web.applicant.space import Space, load_space
from app.web.dates import cn_date
from app.web.wording import timeline_rows
from tenants import events

LATEST = 8


@page("")
def home() -> ResponseReturnValue:
    """One page «下一步»; its lists refresh themselves."""
    space = load_space()
    todo = tasks.list_tasks(space)
    latest = events.list_for_organisation(space.organisation.id, limit=LATEST)
    return live_page(
        "applicant/home.html",
        "applicant/_home.html",
        lead=_lead(space),
        seen=fingerprint(space.fingerprint(), todo, [event.id for event in latest]),
        space=space,
        tasks=todo,
        ours=tasks.count_ours(todo),
        events=[row | {"hash": None} for row in timeline_rows(latest)],
        call=find_open_call(g.now) if space.is_new else None,
        next_call=find_next_call(g.now) if space.is_new else None,
    )


def _lead(space: Space) -> str:
    """What the organisation is just now, in one sentence."""
    if space.in_incubation:
        return str(gettext("本单位是孵化培育对象,今天是孵化培育期第 %(day)d 天。", day=space.incubation_day))
    if space.period is not None and space.period.valid_from > space.today:
        first = cn_date(space.period.valid_from)
        return str(gettext("本单位已获准续期,新的备案期自 %(on)s 起。", on=first))
    if space.period is not None:
        return str(gettext("本单位是已备案的社评组织,处于第 %(no)d 个备案期。", no=space.period.period_no))
    if space.exit_case is not None:
        return str(gettext("本单位已退出备案,请完成收尾事项。"))
    return str(gettext("本单位已注册,尚未申报。")) if space.is_new else ""
