"""What to do next, from the state of the records: one line a task, in the order of the procedure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_babel import gettext

from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.exits.opening import EXIT_DATA
from app.lifecycle.incubation.queries import PAPER, is_stale
from app.lifecycle.incubation.services import CAPACITY_LABELS
from app.lifecycle.progress import Stage
from app.lifecycle.rectifications.stepping import DUE
from app.rules import clocks
from app.rules.exit import COMPLIANCE_DATA
from app.rules.states import (
    APPLICATION,
    EXIT_CASE,
    RECTIFICATION,
    CommitmentState,
    ExitState,
    RectificationState,
)
from app.web.applicant import stages
from app.web.applicant.space import Space
from app.web.dates import cn_date
from app.web.guards import current_identity, may
from app.web.links import link_to
from app.web.wording import item_label


@dataclass(frozen=True)
class Task:
    """One line. `ours`: the organisation has to move. The due date, days left and rule are shown where given."""

    title: str
    href: str | None
    tone: str
    status: str
    note: str = ""
    ours: bool = False
    due_on: date | None = None
    days_left: int = 0
    rule: str = ""


def list_tasks(space: Space) -> list[Task]:
    """All tasks of an organisation."""
    return [
        *_confirm_address(),
        *_selection(space),
        *_incubation(space),
        *_renewal(space),
        *_rectification(space),
        *_exit(space),
    ]


def count_ours(tasks: list[Task]) -> int:
    """How many wait for the organisation."""
    return sum(task.ours for task in tasks)


def _confirm_address() -> Iterator[Task]:
    who = current_identity()
    if not who.email_confirmed:
        yield Task(
            gettext("确认您的邮箱"),
            link_to("account.profile"),
            "action",
            gettext("待确认"),
            gettext("确认邮件已发到 %(email)s,点开其中的按钮即可。", email=who.email),
            ours=True,
        )


def _selection(space: Space) -> Iterator[Task]:
    application = space.application
    if application is not None and not space.in_incubation:
        yield Task(
            gettext("申报 %(number)s", number=application.number),
            link_to("applicant.application", application_id=application.id),
            str(APPLICATION.tone(application.state)),
            gettext(APPLICATION.label(application.state)),
        )


def _incubation(space: Space) -> Iterator[Task]:
    if not space.in_incubation:
        return
    yield _commitment(space)
    for item in space.items:
        yield _bank(space, item)


def _commitment(space: Space) -> Task:
    assert space.application is not None  # noqa: S101 - only asked in incubation
    title, href = gettext("签署工作承诺书"), url_for("applicant.commitment")
    if signed := space.commitment:
        capacity = gettext(CAPACITY_LABELS.get(signed.signatory_capacity, signed.signatory_capacity))
        note = gettext("%(capacity)s已于 %(on)s 签署。", capacity=capacity, on=cn_date(signed.signed_at))
        if is_stale(signed, space.application):
            note = gettext("承诺书文本或机构名称已变更,请重新签署。")
            return Task(title, href, "action", gettext("需重新签署"), note, ours=True, rule="R28")
        if signed.state == CommitmentState.SIGNED and signed.evidence and signed.evidence.method == PAPER:
            return Task(
                title, href, "waiting", gettext("待确认"), gettext("纸质承诺书经市局确认后方可提交题库。"), rule="R28"
            )
        return Task(title, href, "good", gettext("已签署"), note, rule="R28")
    deadline = space.deadline("commitment_sign_due", space.application.id)
    if may("sign"):
        tag = ("action", gettext("待签署"), gettext("签署后方可提交题库。"))
    else:
        tag = ("waiting", gettext("待签署人签署"), gettext("须由本单位负责人或签署人登录签署,签署后方可提交题库。"))
    task = Task(title, href, tag[0], tag[1], tag[2], ours=True, rule="R28")
    # The notice sets no time for signing: once our own reminder day has passed, counting days overdue only alarms.
    return (
        _due(task, deadline, space)
        if deadline is not None and deadline.state == "open" and deadline.due_on >= space.today
        else task
    )


def _bank(space: Space, item: ApplicationItem) -> Task:
    progress = space.progress[item.id]
    shown = stages.show_item(item, progress)
    note = shown.note
    if progress.stage is Stage.READY and space.commitment is None:
        note = gettext("承诺书签署后方可提交。")
    if progress.stage is Stage.RETURNED and progress.returned is not None:
        note = gettext("退回原因:%(reason)s", reason=progress.returned.reason or "")
    task = Task(
        gettext("题库:%(item)s", item=item_label(item)),
        url_for("applicant.item", item_id=item.id),
        shown.tone,
        shown.word,
        note,
        ours=shown.ours,
        rule="R29",
    )
    return _due(task, space.deadline("bank_submit_by", item.id), space)


def _renewal(space: Space) -> Iterator[Task]:
    if space.rectification is not None and RECTIFICATION.is_live(space.rectification.state):
        # The application was assessed: what there is to do now stands in a line of its own.
        return
    if space.cycle is not None:
        yield _hand_in_renewal(space)
    elif space.period is not None:
        opens = clocks.renewal_open_on(
            space.period.valid_to, load_calendar(), load_settings(space.organisation.authority_code)
        )
        yield Task(
            gettext("申请续期"),
            url_for("applicant.renewal"),
            "neutral",
            gettext("未到时间"),
            gettext("续期窗口于 %(on)s 开启,届时会通知您。", on=cn_date(opens.due_on)),
            rule="R46",
        )


def _hand_in_renewal(space: Space) -> Task:
    cycle = space.cycle
    assert cycle is not None  # noqa: S101 - the caller looked
    progress = space.progress[cycle.id]
    title, href = gettext("提交自查自评和续期申请"), url_for("applicant.renewal")
    shown = stages.show_cycle(cycle.state, progress)
    note = shown.note
    if progress.stage is Stage.RETURNED and progress.returned is not None:
        note = gettext("退回原因:%(reason)s", reason=progress.returned.reason or "")
    task = Task(title, href, shown.tone, shown.word, note, ours=shown.ours, rule="R49")
    return _due(task, space.deadline(stages.deadline_of_cycle(cycle.state), cycle.id), space)


def _rectification(space: Space) -> Iterator[Task]:
    row = space.rectification
    if row is None or not RECTIFICATION.is_live(row.state):
        return
    title, href = gettext("整改"), url_for("applicant.rectification")
    tone, word = str(RECTIFICATION.tone(row.state)), gettext(RECTIFICATION.label(row.state))
    if row.state == RectificationState.ISSUED:
        note = gettext("整改通知书已下发,请签收并阅读。")
        yield Task(title, href, "action", gettext("待签收"), note, ours=True, rule="R58")
    elif row.state == RectificationState.DELIVERED:
        answered = sum(bool(defect.answer) for defect in row.defects)
        note = gettext("已填写 %(done)d / %(all)d 项问题的整改情况。", done=answered, all=len(row.defects))
        task = Task(title, href, tone, gettext("待提交整改报告"), note, ours=True, rule="R58")
        yield _due(task, space.deadline(DUE, row.id), space)
    else:
        yield Task(title, href, tone, word, rule="R59")


def _exit(space: Space) -> Iterator[Task]:
    case = space.exit_case
    if case is None:
        return
    title, href = gettext("退出后上报合规数据"), url_for("applicant.exit")
    if case.state != ExitState.CLOSING:
        yield Task(title, href, str(EXIT_CASE.tone(case.state)), gettext(EXIT_CASE.label(case.state)), rule="R65")
        return
    entry = next((one for one in case.entries if one.key == COMPLIANCE_DATA), None)
    if entry is not None and not entry.is_open:
        left = sum(one.is_open for one in case.entries)
        note = gettext("收尾清单还有 %(num)s 项,由备案部门逐项核对办结。", num=left) if left else ""
        yield Task(gettext("退出收尾"), href, "waiting", gettext("等待办结"), note, rule="R65")
        return
    progress = space.progress[case.id]
    shown = stages.show_stage(progress.stage, stages.EXIT_NOTES)
    note = shown.note
    if progress.stage is Stage.RETURNED and progress.returned is not None:
        note = gettext("退回原因:%(reason)s", reason=progress.returned.reason or "")
    task = Task(title, href, shown.tone, shown.word, note, ours=shown.ours, rule="R65")
    yield _due(task, space.deadline(EXIT_DATA, case.id), space)


def _due(task: Task, deadline: Deadline | None, space: Space) -> Task:
    if deadline is None or deadline.state not in ("open", "missed"):
        return task
    left = (deadline.due_on - space.today).days
    return Task(**{**task.__dict__, "due_on": deadline.due_on, "days_left": left})
