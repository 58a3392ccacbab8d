"""Reading what is kept about banks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle.panels.models import Panel
from app.lifecycle.panels.reading import list_dossiers
from app.rules.states import PanelKind
from uploads.models import Dossier, DossierFile, ReviewTask


@dataclass(frozen=True)
class PanelBank:
    """One file of a bank before a panel, and the authority's task that it came with."""

    task: ReviewTask
    dossier: Dossier
    file: DossierFile


def list_banks(panel: Panel) -> list[PanelBank]:
    """The files of the banks before a panel, newest first, as its authority sees them; none for other panels."""
    if panel.kind != PanelKind.QUESTION_BANK:
        return []
    dossiers = {dossier.id: dossier for dossier in list_dossiers(panel)}
    query = select(ReviewTask).where(ReviewTask.dossier_id.in_(list(dossiers)))
    query = query.options(joinedload(ReviewTask.dossier).selectinload(Dossier.files), selectinload(ReviewTask.assignee))
    tasks = {task.dossier_id: task for task in db.session.scalars(query)}
    return [
        PanelBank(tasks[dossier.id], dossier, file)
        for dossier in dossiers.values()
        if dossier.id in tasks
        for file in dossier.files
    ]
