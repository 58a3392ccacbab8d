"""How often something may be tried: counted in PostgreSQL, by the server's real clock, for all web processes at once.

A visitor's keys are hashes, so the table is no list of addresses. Used inside a gate that holds the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import ColumnElement, delete, func, literal_column, select, text

from app.db import db
from app.jobs import job
from app.rules.core import N_, Refusal
from tenants.models import SignInAttempt
from tenants.tokens import hash_token

KEEP_HOURS = 48
_LONG_AGO: ColumnElement[datetime] = literal_column("timestamptz '-infinity'")


@dataclass(frozen=True)
class Limit:
    """At most `times` in `minutes`; `until_success`: a success wipes the slate."""

    purpose: str
    times: int
    minutes: int
    message: str
    until_success: bool = False

    def key(self, of: str) -> str:
        """The gate key under which the tries of one address, or from one place, are counted."""
        return hash_token(f"{self.purpose}:{of}")


SIGN_IN_BY_ADDRESS = Limit(
    "sign_in",
    times=5,
    minutes=15,
    until_success=True,
    message=N_(
        "这个邮箱的密码连续输错次数过多,为保护账号,请等 %(minutes)d 分钟后再试。忘记密码可通过邮件重设,不必等待。"
    ),
)
# High, because an office or a whole city may share one address.
SIGN_IN_BY_PLACE = Limit(
    "sign_in_ip",
    times=100,
    minutes=15,
    message=N_("您所在网络的登录失败次数过多,请等 %(minutes)d 分钟后再试。"),
)
REGISTER_BY_PLACE = Limit(
    "register_ip", times=30, minutes=60, message=N_("您所在网络的注册次数过多,请等 %(minutes)d 分钟后再试。")
)
MAIL_TO_ADDRESS = Limit(
    "mail_to",
    times=4,
    minutes=60,
    message=N_("邮件发送得过于频繁,请等 %(minutes)d 分钟后再试。请先查看收件箱和垃圾邮件箱。"),
)
MAIL_BY_PLACE = Limit(
    "mail_ip", times=60, minutes=60, message=N_("您所在网络的请求过于频繁,请等 %(minutes)d 分钟后再试。")
)

# An office may share one address; a flood of objections to stop a competitor comes from one too.
OBJECT_BY_PLACE = Limit(
    "object_ip",
    times=10,
    minutes=60,
    message=N_("您所在网络提交的异议过多,请等 %(minutes)d 分钟后再试,或电话联系受理部门。"),
)
OBJECT_FILE_BY_PLACE = Limit(
    "object_file_ip",
    times=50,
    minutes=60,
    message=N_("您所在网络上传的异议附件过多,请等 %(minutes)d 分钟后再试。异议可以先提交,附件在核查时提供。"),
)
ASK_BY_PLACE = Limit(
    "objection_code_ip", times=30, minutes=15, message=N_("查询次数过多,请等 %(minutes)d 分钟后再试。")
)


def check(limit: Limit, of: str) -> None:
    """Refusal too_many_attempts, with the wait in minutes, when the limit is reached.

    Tries with one key are made to wait for one another, so that parallel guesses cannot all slip through the count.
    """
    key = limit.key(of)
    db.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 5203))"), {"key": key})
    window = func.make_interval(0, 0, 0, 0, 0, limit.minutes)
    tries = select(SignInAttempt.at).where(SignInAttempt.key == key, SignInAttempt.at > func.clock_timestamp() - window)
    if limit.until_success:
        last_success = (
            select(func.max(SignInAttempt.at))
            .where(SignInAttempt.key == key, SignInAttempt.succeeded)
            .scalar_subquery()
        )
        tries = tries.where(~SignInAttempt.succeeded, SignInAttempt.at > func.coalesce(last_success, _LONG_AGO))
    decisive = tries.order_by(SignInAttempt.at.desc()).offset(limit.times - 1).limit(1).subquery()
    seconds = db.session.scalar(
        select(func.extract("epoch", decisive.c.at + window - func.clock_timestamp())).select_from(decisive)
    )
    if seconds is not None and seconds > 0:
        raise Refusal("too_many_attempts", "", limit.message, minutes=ceil(seconds / 60))


def count(limit: Limit, of: str, *, succeeded: bool = False) -> None:
    """Count one try."""
    db.session.add(SignInAttempt(key=limit.key(of), succeeded=succeeded))
    db.session.flush()


@job()
def purge() -> None:
    """Drop tries that no limit looks at any more."""
    old = SignInAttempt.at < func.clock_timestamp() - func.make_interval(0, 0, 0, 0, KEEP_HOURS)
    db.session.execute(delete(SignInAttempt).where(old).execution_options(synchronize_session=False))
