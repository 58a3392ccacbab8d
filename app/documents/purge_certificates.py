"""The certificate (数据销毁证明) of what custody has destroyed: a document with a number, issued by a job."""

from __future__ import annotations

import uuid

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.documents import queries, services
from app.jobs import job
from tenants.models import Organisation
from tenants.scope import SYSTEM_ACTOR
from uploads.custody.models import PurgeRecord
from uploads.naming import size_in_words

KIND, SUBJECT = "purge_certificate", "purge_record"
METHOD = "销毁加密密钥(密文不可恢复),并删除存储对象的全部副本"
METHOD_PLAIN = "删除存储对象的全部副本"


@job()
def issue_certificate(*, record_id: str) -> None:
    """Issue it once, under the record; nothing happens the second time."""
    record = db.session.get(PurgeRecord, uuid.UUID(record_id))
    if record is None or record.authority_code is None:
        return
    if queries.current_document(kind=KIND, subject_type=SUBJECT, subject_id=record.id) is not None:
        return
    organisation = db.session.get_one(Organisation, record.organisation_id)
    services.issue(
        kind=KIND,
        authority_code=record.authority_code,
        organisation_id=record.organisation_id,
        subject_type=SUBJECT,
        subject_id=record.id,
        data={
            "organisation": organisation.name,
            "scope": f"{record.title}及其全部版本、副本(销毁记录 {record.number})",
            "basis": f"保存期限于{record.due_on:%Y年%m月%d日}届满,按保留规则销毁",
            "method": METHOD if all(one["sealed"] for one in record.files) else METHOD_PLAIN,
            "decided_by": "保留规则(省厅配置)",
            "executed_by": record.purged_by,
            "purged_on": record.purged_at.astimezone(SHANGHAI).date(),
            "rows": [
                {"name": one["name"], "sha256": one["sha256"], "size": size_in_words(one["size"])}
                for one in record.files
            ],
        },
        actor=SYSTEM_ACTOR,
        now=clock.now(),
    )
