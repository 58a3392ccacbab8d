"""Opening a submitted bank: who asks, as whom they may, and the row that must be written before a question is shown."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.db import db
from app.lifecycle.custody.models import BankDownloadSwitch, BankOpening
from app.lifecycle.panels.models import Panel, PanelItem, PanelMember
from app.rules import sealing
from app.rules.core import N_, Refusal
from app.rules.sealing import Asker, Manner, Reader
from app.rules.states import PanelKind, PanelState
from tenants import events
from tenants.scope import Actor, Role, ScopeKind
from uploads.models import Dossier, DossierFile, Purpose, ReviewTask, Upload

PAGE_SIZE = 20
# A purpose that was stated holds for one sitting; whoever comes back later states theirs again.
SITTING = timedelta(hours=2)
_AUTHORITIES = (ScopeKind.bureau, ScopeKind.department)
_EDITORS = (Role.owner, Role.signatory, Role.editor)


def find_panel(item_id: uuid.UUID) -> Panel | None:
    """The newest bank panel of an item, dissolved ones aside, as far as this scope sees panels."""
    query = (
        select(Panel)
        .join(PanelItem, PanelItem.panel_id == Panel.id)
        .where(
            PanelItem.item_id == item_id,
            Panel.kind == PanelKind.QUESTION_BANK,
            Panel.state != PanelState.DISSOLVED,
        )
        .order_by(Panel.created_at.desc())
    )
    return db.session.scalars(query).first()


def find_asker(actor: Actor, bank: Upload | DossierFile) -> tuple[Asker, Panel | None]:
    """What counts about `actor` for this bank: an upload of their organisation, or the authority's copy."""
    if isinstance(bank, Upload):
        is_owner = actor.kind is ScopeKind.organisation and actor.organisation_id == bank.organisation_id
        return Asker(is_owner=is_owner, may_edit=actor.role in _EDITORS), None
    dossier = db.session.get(Dossier, bank.dossier_id)
    panel = find_panel(dossier.subject_id) if dossier is not None else None
    state = panel.state if panel is not None else None
    if actor.kind in _AUTHORITIES:
        return Asker(
            is_authority=True,
            is_assigned=bank.authority_code == actor.authority_code and _is_assigned(actor, bank.dossier_id),
            panel_state=state,
        ), panel
    seat = _seat(actor, panel) if panel is not None and actor.kind is ScopeKind.expert else None
    return Asker(
        seat_state=seat.state if seat else None,
        has_declared=bool(seat and seat.declared_at),
        panel_state=state,
    ), panel


def _is_assigned(actor: Actor, dossier_id: uuid.UUID) -> bool:
    query = select(ReviewTask.id).where(ReviewTask.dossier_id == dossier_id, ReviewTask.assigned_to == actor.user_id)
    return actor.user_id is not None and db.session.scalar(query) is not None


def _seat(actor: Actor, panel: Panel) -> PanelMember | None:
    query = select(PanelMember).where(PanelMember.panel_id == panel.id, PanelMember.user_id == actor.user_id)
    return db.session.scalars(query.order_by(PanelMember.invited_at.desc())).first()


def is_bank(bank: Upload | DossierFile) -> bool:
    """Whether a file was handed in as a question bank: only these are sealed."""
    if isinstance(bank, Upload):
        return bank.purpose == Purpose.question_bank
    dossier = db.session.get(Dossier, bank.dossier_id)
    return dossier is not None and dossier.kind == Purpose.question_bank


def check_can_open(actor: Actor, bank: Upload | DossierFile) -> tuple[Reader, Panel | None]:
    """As whom `actor` may open the bank now, and its panel. Raises the Refusals of `sealing.check_can_open`."""
    asker, panel = find_asker(actor, bank)
    return sealing.check_can_open(asker), panel


def find_refusal(actor: Actor, bank: Upload | DossierFile) -> Refusal | None:
    """Why `actor` may not open the bank now, for a page to say; None when they may."""
    try:
        check_can_open(actor, bank)
    except Refusal as refusal:
        return refusal
    return None


def open_bank(
    *, actor: Actor, bank: Upload | DossierFile, manner: Manner, purpose: str = "", now: datetime
) -> BankOpening:
    """Write down who opens which bank as what and why; the organisation reads it. The caller commits before showing.

    Refusals: those of sealing's check_can_open, check_purpose and check_can_download.
    """
    if actor.user_id is None:
        raise ValueError("a bank is opened by a person")
    reader, panel = check_can_open(actor, bank)
    sealing.check_can_download(reader, manner, is_download_allowed(panel.id) if panel else False)
    purpose = sealing.check_purpose(reader, purpose)
    file = None if isinstance(bank, Upload) else bank
    opening = BankOpening(
        id=uuid.uuid4(),
        organisation_id=bank.organisation_id,
        authority_code=file.authority_code if file else None,
        upload_id=file.upload_id if file else bank.id,
        file_id=file.id if file else None,
        panel_id=panel.id if panel else None,
        user_id=actor.user_id,
        reader=reader,
        role=actor.role.value if actor.role else actor.kind.value,
        manner=manner,
        purpose=purpose,
        mark=secrets.token_hex(8),
        page_size=PAGE_SIZE,
        pages=[],
        opened_at=now,
        last_at=now,
    )
    _insert(opening)
    events.record(
        "bank_opened" if manner == Manner.SCREEN else "bank_downloaded",
        actor=actor,
        now=now,
        subject_type="dossier" if file else "upload",
        subject_id=file.dossier_id if file else bank.id,
        organisation_id=bank.organisation_id,
        authority_code=opening.authority_code,
        rule="R32",
        name_of_file=bank.name,
        reason=purpose,
        manner=str(manner),
        opening=str(opening.id),
    )
    return opening


def _insert(opening: BankOpening) -> None:
    """The database asks once more whether this person may; what changed meanwhile (a panel concluded, a seat given up)
    is a refusal like any other."""
    try:
        with db.session.begin_nested():
            db.session.add(opening)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        raise Refusal("bank_sealed", "R32", N_("题库刚刚重新封存,或您的权限已变更。请刷新页面。")) from error


def find_sitting(*, actor: Actor, bank: Upload | DossierFile, now: datetime) -> BankOpening | None:
    """The person's reading on the screen that is still going on."""
    upload_id = bank.id if isinstance(bank, Upload) else bank.upload_id
    query = select(BankOpening).where(
        BankOpening.upload_id == upload_id,
        BankOpening.file_id == (None if isinstance(bank, Upload) else bank.id),
        BankOpening.user_id == actor.user_id,
        BankOpening.manner == Manner.SCREEN,
        BankOpening.last_at > now - SITTING,
    )
    return db.session.scalars(query.order_by(BankOpening.last_at.desc())).first()


def note_page(*, actor: Actor, bank: Upload | DossierFile, opening: BankOpening, page: int, now: datetime) -> None:
    """A page is about to be shown in this sitting: asked anew each time, then written down.

    Refusals as for opening; so a page that is turned after the conclusion stays shut.
    """
    check_can_open(actor, bank)
    noted = db.session.execute(
        text(
            "update bank_openings set last_at = :now, pages = (select array_agg(distinct n order by n)"
            " from unnest(pages || :page) n) where id = :id and user_id = :user returning id"
        ).bindparams(now=now, page=page, id=opening.id, user=actor.user_id)
    ).one_or_none()
    if noted is None:
        raise Refusal("bank_sealed", "R32", N_("题库刚刚重新封存,或您的权限已变更。请刷新页面。"))


def is_download_allowed(panel_id: uuid.UUID) -> bool:
    """Whether the lead has allowed watermarked copies for this panel."""
    switch = db.session.get(BankDownloadSwitch, panel_id)
    return switch is not None and switch.is_allowed


def set_download_allowed(
    *, actor: Actor, panel_id: uuid.UUID, allowed: bool, reason: str, now: datetime
) -> BankDownloadSwitch:
    """The lead allows or forbids watermarked copies for one panel; an event that the organisation reads.

    Refusals: panel_unknown and those of sealing.check_can_switch.
    """
    panel = db.session.get(Panel, panel_id, with_for_update=True)
    if panel is None or panel.authority_code != actor.authority_code or actor.user_id is None:
        raise Refusal("panel_unknown", "R17", N_("没有找到这个评估组,或不由本单位组建。请从列表重新进入。"))
    sealing.check_can_switch(actor.role == Role.lead, panel.kind == PanelKind.QUESTION_BANK, panel.state, reason)
    switch = db.session.get(BankDownloadSwitch, panel_id)
    before = "on" if switch and switch.is_allowed else "off"
    if switch is None:
        switch = BankDownloadSwitch(
            panel_id=panel.id, authority_code=panel.authority_code, organisation_id=panel.organisation_id
        )
        db.session.add(switch)
    switch.is_allowed, switch.reason = allowed, reason.strip()
    switch.set_by, switch.set_at = actor.user_id, now
    events.record(
        "bank_download_allowed" if allowed else "bank_download_closed",
        actor=actor,
        now=now,
        subject_type="panel",
        subject_id=panel.id,
        organisation_id=panel.organisation_id,
        authority_code=panel.authority_code,
        before=before,
        after="on" if allowed else "off",
        rule="R32",
        number=panel.number,
        reason=switch.reason,
    )
    return switch


def list_openings(upload_id: uuid.UUID, *, limit: int = 500) -> list[BankOpening]:
    """Who opened a bank, newest first: role, time, purpose, pages; as far as this scope may read it."""
    query = select(BankOpening).where(BankOpening.upload_id == upload_id)
    return list(db.session.scalars(query.order_by(BankOpening.opened_at.desc()).limit(limit)))
