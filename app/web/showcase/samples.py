"""Sample values of the page of components. Names and codes are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from app import clock
from app.rules import clauses
from app.rules.clauses import Clause

ORGANISATION = "济南示例职业培训学校"
PERSON = "王建国"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class SampleForm(FlaskForm):  # type: ignore[misc]
    """One field of each kind."""

    name = StringField(lazy_gettext("单位名称"), validators=[DataRequired()])
    uscc = StringField(
        lazy_gettext("统一社会信用代码"),
        validators=[DataRequired()],
        description=lazy_gettext("18 位,见营业执照或登记证书"),
    )
    kind = SelectField(
        lazy_gettext("单位类型"),
        choices=[SelectChoice("enterprise", lazy_gettext("企业")), SelectChoice("school", lazy_gettext("院校"))],
        validators=[DataRequired()],
    )
    level = RadioField(
        lazy_gettext("申请层级"),
        choices=[SelectChoice("provincial", lazy_gettext("省级")), SelectChoice("municipal", lazy_gettext("市级"))],
        default="municipal",
        validators=[DataRequired()],
    )
    founded_on = DateField(lazy_gettext("成立日期"))
    note = TextAreaField(lazy_gettext("补充说明"))
    agree = BooleanField(lazy_gettext("我已阅读并同意上述内容"), validators=[DataRequired()])


class SampleNote(FlaskForm):  # type: ignore[misc]
    """A form whose sending is always refused."""

    opinion = TextAreaField(lazy_gettext("补正说明"), validators=[DataRequired()])


@dataclass(frozen=True)
class Samples:
    """What the page shows."""

    now: datetime
    today: date
    clause: Clause
    form: SampleForm
    note: SampleNote
    events: list[SimpleNamespace]
    rows: list[SimpleNamespace]
    files: list[SimpleNamespace]


def nav() -> list[tuple[str, str, bool, int, str]]:
    """The navigation of an imaginary organisation."""
    return [
        (gettext("下一步"), "/dev/components", True, 2, ""),
        (gettext("孵化与题库"), "#", False, 0, ""),
        (gettext("期限"), "#", False, 3, ""),
        (gettext("报送记录"), "#", False, 0, ""),
        (gettext("单位与成员"), "#", False, 0, ""),
    ]


def build() -> Samples:
    """The values, in the reader's language where they are ours and not somebody's."""
    now = clock.now()
    form = SampleForm(formdata=None, name=ORGANISATION, uscc="5237O100MJD123456")
    form.uscc.errors = [gettext("应为 18 位,现为 17 位;第 5 位可能是数字 0。")]
    return Samples(
        now=now,
        today=clock.today(),
        clause=clauses.of("R27"),
        form=form,
        note=SampleNote(formdata=None),
        events=_events(now),
        rows=_rows(now),
        files=_files(),
    )


def _events(now: datetime) -> list[SimpleNamespace]:
    bureau = gettext("济南市人社局")
    returned = gettext("第 14、52 题缺少答案,请补齐后重新提交。")
    rows = [
        (gettext("题库退回补正"), gettext("%(bureau)s 经办员", bureau=bureau), returned, None, "action"),
        (gettext("%(bureau)s已收件", bureau=bureau), gettext("系统"), None, None, "waiting"),
        (gettext("提交题库:电工 三级/高级工"), gettext("经办人"), None, HASH, "good"),
        (gettext("推荐公示"), gettext("系统"), None, None, None),
    ]
    return [
        SimpleNamespace(
            at=now - timedelta(hours=7 * place), title=title, role=role, detail=detail, hash=digest, tone=tone
        )
        for place, (title, role, detail, digest, tone) in enumerate(rows)
    ]


def _rows(now: datetime) -> list[SimpleNamespace]:
    rows = [
        ("JN-2026-000123", ORGANISATION, gettext("题库:电工 三级/高级工"), "action", gettext("待受理"), 3),
        (
            "JN-2026-000122",
            "山东省机械行业协会职业技能评价中心(济南)",
            gettext("自评材料"),
            "waiting",
            gettext("评估中"),
            12,
        ),
        ("JN-2026-000118", "济南市家政服务协会", gettext("承诺书"), "good", gettext("已受理"), 1),
    ]
    return [
        SimpleNamespace(number=number, name=name, kind=kind, at=now, tone=tone, status=status, files=files)
        for number, name, kind, tone, status, files in rows
    ]


def _files() -> list[SimpleNamespace]:
    locked = SimpleNamespace(message=gettext("压缩包内文件已加密,无法检查。"), location="试卷/一.docx")
    return [
        SimpleNamespace(
            name="电工_三级_题库, 2026 “定稿”.xlsx",
            size=1_834_211,
            tone="good",
            status=gettext("已检查"),
            href="#",
            meta=gettext("单选 %(single)s · 多选 %(multiple)s · 判断 %(judge)s", single=200, multiple=80, judge=120),
            sha256=HASH,
        ),
        SimpleNamespace(
            name="养老护理员_四级.zip", size=218_342_110, tone="bad", status=gettext("未通过"), reasons=[locked]
        ),
        SimpleNamespace(name="自评报告.pdf", size=83_421, tone="waiting", status=gettext("检查中")),
    ]
