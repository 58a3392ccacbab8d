"""How much one organisation may upload and keep (docs/operations.md): a mistake in a loop must not fill the store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.clock import SHANGHAI
from app.config import Config
from app.rules.core import N_, Refusal
from uploads import naming, queries

MAX_RECEIVING = 100


@dataclass(frozen=True)
class Limits:
    """Bytes of one file; files and bytes begun on one day in Shanghai; bytes kept. 0: no limit (but for a file)."""

    file_bytes: int
    daily_files: int
    daily_bytes: int
    stored_bytes: int

    @classmethod
    def of(cls, settings: Config) -> Limits:
        """The limits of the configuration."""
        return cls(
            settings.max_upload_bytes, settings.max_daily_files, settings.max_daily_bytes, settings.max_stored_bytes
        )


def check_limits(organisation_id: uuid.UUID, *, size: int, limits: Limits, now: datetime) -> None:
    """Refusals: too_many_open_uploads, daily_files_reached, daily_bytes_reached, storage_full."""
    begun_at = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    used = queries.measure_use(organisation_id, since=begun_at)
    if used.receiving >= MAX_RECEIVING:
        raise Refusal(
            "too_many_open_uploads",
            "",
            N_("贵单位已有 %(limit)d 个文件正在上传。请等其中一些完成,或取消不需要的,再继续上传。"),
            limit=MAX_RECEIVING,
        )
    if limits.daily_files and used.files_today >= limits.daily_files:
        raise Refusal(
            "daily_files_reached",
            "",
            N_("贵单位今天已上传 %(limit)d 个文件,达到每日上限。请明天再传,或与受理部门联系。"),
            limit=limits.daily_files,
        )
    if limits.daily_bytes and used.bytes_today + size > limits.daily_bytes:
        raise Refusal(
            "daily_bytes_reached",
            "",
            N_("贵单位今天已上传 %(used)s,加上这个文件将超过每日 %(limit)s 的上限。请明天再传,或与受理部门联系。"),
            used=naming.size_in_words(used.bytes_today),
            limit=naming.size_in_words(limits.daily_bytes),
        )
    if limits.stored_bytes and used.bytes_kept + size > limits.stored_bytes:
        raise Refusal(
            "storage_full",
            "",
            N_("贵单位已占用 %(used)s,加上这个文件将超过 %(limit)s 的空间上限。请移除不需要的文件,或与受理部门联系。"),
            used=naming.size_in_words(used.bytes_kept),
            limit=naming.size_in_words(limits.stored_bytes),
        )


def check_record_limits(authority_code: str, *, size: int, limits: Limits, now: datetime) -> None:
    """The daily limits for the files of an authority's own records. Refusals: daily_files_reached, daily_bytes_reached.

    How much it keeps is not limited: its records are kept as long as its files are.
    """
    begun_at = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    used = queries.measure_record_use(authority_code, since=begun_at)
    if limits.daily_files and used.files_today >= limits.daily_files:
        raise Refusal(
            "daily_files_reached",
            "",
            N_("本单位今天已上传 %(limit)d 个记录附件,达到每日上限。请明天再传,或与系统管理员联系。"),
            limit=limits.daily_files,
        )
    if limits.daily_bytes and used.bytes_today + size > limits.daily_bytes:
        raise Refusal(
            "daily_bytes_reached",
            "",
            N_(
                "本单位今天已上传记录附件 %(used)s,加上这个文件将超过每日 %(limit)s 的上限。"
                "请明天再传,或与系统管理员联系。"
            ),
            used=naming.size_in_words(used.bytes_today),
            limit=naming.size_in_words(limits.daily_bytes),
        )
