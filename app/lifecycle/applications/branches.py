"""The one Shandong branch of a national organisation (驻鲁分支机构): its slot taken, freed, taken back (R14)."""

from __future__ import annotations

import uuid

from sqlalchemy.exc import IntegrityError

from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.consultations.models import NationalConsultation
from app.rules.core import N_, Refusal


def take_branch_slot(application: Application, consultation: NationalConsultation) -> None:
    """Bind the parent's slot to this application. Refusal: branch_slot_taken.

    The other branches are invisible to this one; the database alone can say that the slot is taken.
    """
    try:
        with db.session.begin_nested():
            application.national_uscc, application.consultation_id = consultation.national_uscc, consultation.id
            db.session.flush()
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", "") != "uq_applications_branch":
            raise
        raise Refusal(
            "branch_slot_taken",
            "R14",
            N_("该全国性社评组织已有一个驻鲁分支机构在办或已备案。须待其撤回、淘汰或退出后方可另行申请。"),
        ) from None


def free_branch_slot(application_id: uuid.UUID | None) -> None:
    """Once a filing has left, its parent may set up another branch; which parent it was, the consultation keeps."""
    if application_id is not None:
        db.session.get_one(Application, application_id).national_uscc = ""


def retake_branch_slot(application_id: uuid.UUID | None) -> None:
    """An exit that is put right takes the slot back. Refusal: branch_slot_taken, where another branch has it now."""
    application = db.session.get_one(Application, application_id) if application_id is not None else None
    if application is not None and application.consultation_id is not None:
        take_branch_slot(application, db.session.get_one(NationalConsultation, application.consultation_id))
