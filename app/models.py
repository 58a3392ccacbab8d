"""Every model by name, so that the metadata is whole before a mapper or a migration looks at it."""

from __future__ import annotations

from app.documents.models import Document, DocumentFile, DocumentSeries, DocumentText
from app.lifecycle.announcements.models import (
    Announcement,
    AnnouncementEntry,
    MinistryReport,
    ReportBatch,
    ReportEntry,
)
from app.lifecycle.applications.models import (
    Application,
    ApplicationItem,
    ApplicationLine,
    ApplicationRoute,
    SupplementRequest,
)
from app.lifecycle.calls.models import Call
from app.lifecycle.catalogue.models import Occupation, OccupationImport
from app.lifecycle.consultations.models import NationalConsultation
from app.lifecycle.custody.models import BankDownloadSwitch, BankOpening, BankOverlap, BankPrint
from app.lifecycle.deadlines.models import CalendarDay, ClockRun, Deadline, DeadlineChange, Setting
from app.lifecycle.directory.models import DirectoryEntry
from app.lifecycle.exits.models import ExitCase, ExitEntry
from app.lifecycle.experts.models import Expert, ExpertAbsence
from app.lifecycle.filings.models import FiledItem, Filing, FilingPeriod, Receipt, ReceiptBatch, ReceiptBatchLine
from app.lifecycle.incubation.models import AnnexTemplate, Commitment, CommitmentEvidence, GuidanceEntry, ItemOutcome
from app.lifecycle.panels.models import Panel, PanelItem, PanelMember, PanelMethod, ScoreSheet
from app.lifecycle.plans.models import CollectionPlan
from app.lifecycle.publicity.models import Objection, Publicity, Recommendation
from app.lifecycle.rectifications.models import Rectification, RectificationDefect
from app.lifecycle.renewals.models import RenewalCycle
from app.outbox import OutboxMessage
from app.reminders.feeds.models import CalendarFeed, CalendarInvitation, PanelVisit
from app.reminders.models import Digest, MailBounce, Reminder, Webhook, WebhookDelivery
from tenants.events import Event
from tenants.models import (
    ApiToken,
    Authority,
    Invitation,
    Membership,
    OneTimeToken,
    Organisation,
    SignInAttempt,
    SignInSession,
    User,
)
from tenants.notices import Notice
from uploads.custody.models import CustodyKey, DownloadLink, PurgeRecord, StoredObject
from uploads.models import Dossier, DossierFile, ReviewTask, Upload

ALL_MODELS = (
    Authority, Organisation, User, Membership, Invitation, SignInSession, OneTimeToken, ApiToken, SignInAttempt,
    Event, Notice, OutboxMessage, Upload, Dossier, DossierFile, ReviewTask, Call, Application, ApplicationItem,
    ReceiptBatch, ReceiptBatchLine,
    AnnexTemplate, Commitment, CommitmentEvidence, Filing, FilingPeriod, FiledItem, RenewalCycle, Deadline,
    DeadlineChange, CalendarDay, Setting, Reminder, CollectionPlan, Occupation, OccupationImport,
    NationalConsultation, ApplicationLine, SupplementRequest, ApplicationRoute, ReportBatch, ReportEntry,
    Announcement, AnnouncementEntry, MinistryReport, DirectoryEntry, Expert, ExpertAbsence, Panel, PanelItem,
    PanelMember, PanelMethod, ScoreSheet, Recommendation, Publicity, Objection, GuidanceEntry, ItemOutcome, Receipt,
    ClockRun, CalendarFeed, CalendarInvitation, PanelVisit, Document, DocumentFile, DocumentSeries, DocumentText,
    CustodyKey, StoredObject, DownloadLink, PurgeRecord, Digest, MailBounce, Webhook, WebhookDelivery,
    BankOpening, BankDownloadSwitch, BankPrint, BankOverlap, ExitCase, ExitEntry,
    Rectification, RectificationDefect,
)  # fmt: skip
