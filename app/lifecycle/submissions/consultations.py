"""The scanned letter of a national organisation (函商来函): handed in when it is sent, settled with the reply (R16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.submissions.subject import Enclosure
from app.rules.core import N_, Refusal
from app.rules.states import ConsultationState
from tenants.scope import DEPARTMENT_CODE, Actor
from uploads.models import Upload


class ConsultationSubject(Enclosure):
    """One letter; its files go to the department, whatever city the branch belongs to."""

    rule = "R16"

    def __init__(self, consultation: NationalConsultation) -> None:
        self.consultation = consultation
        self.id = consultation.id
        self.organisation_id = consultation.organisation_id
        self.authority_code = DEPARTMENT_CODE
        self.title = f"函商来函 {consultation.number}"
        self.link = f"/org/consultations/{consultation.id}"

    def check_upload(self, *, now: datetime) -> None:
        if self.consultation.state != ConsultationState.DRAFT:
            raise Refusal("consultation_not_draft", "R16", N_("来函已发出,不能再修改。"))

    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        if self.consultation.state != ConsultationState.SENT:
            raise Refusal("consultation_not_sent", "R16", N_("来函文件随来函一并发出。"))

    def decided_elsewhere(self) -> Refusal:
        return Refusal("decided_on_consultation", "R16", N_("函商请在其页面上复函。本页只查看和下载来函文件。"))
