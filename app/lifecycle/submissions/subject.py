"""What a dossier is about: one class a kind of record, so that the services know nothing of banks or renewals."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from app.rules.core import Refusal
from tenants.scope import Actor
from uploads.models import Upload


class Subject(ABC):
    """A record that files are handed in for: when they may come, when they may go, what it becomes on the way.

    `authority_code` is the one authority that may receive them; `link` the organisation's page of it.
    """

    id: uuid.UUID
    organisation_id: uuid.UUID
    authority_code: str
    title: str
    rule: str
    link: str

    @property
    def files_of(self) -> frozenset[uuid.UUID]:
        """What its files were uploaded for, where that is not the record itself."""
        return frozenset({self.id})

    @abstractmethod
    def check_upload(self, *, now: datetime) -> None:
        """Refusal when no further file is taken."""

    @abstractmethod
    def check_submit(self, *, actor: Actor, uploads: Sequence[Upload], now: datetime) -> None:
        """Refusal when these checked files may not be handed in now. May bring the record's own state up to date."""

    @abstractmethod
    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        """Bring the record's state in line with its unsubmitted files."""

    @abstractmethod
    def submit(self, *, actor: Actor, now: datetime) -> None:
        """The files were handed in."""

    @abstractmethod
    def fail_delivery(self, *, actor: Actor) -> None:
        """A delivery could not be made just now and will be tried again."""

    @abstractmethod
    def give_up_delivery(self, *, actor: Actor) -> None:
        """The delivery failed for good and waits for a person."""

    @abstractmethod
    def accept(self, *, actor: Actor, now: datetime) -> None:
        """The officer accepted the files."""

    @abstractmethod
    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        """The officer returned them with a reason; they may be handed in anew. Refusal when it is too late for that."""


class Enclosure(Subject):
    """A record that is handed in and decided on a page of its own; its scanned files only follow it through the queue.

    The dossier itself says how its delivery goes: the record has no state for that, nor for its files.
    """

    @abstractmethod
    def decided_elsewhere(self) -> Refusal:
        """What an officer is told who decides in the queue: on which page it is done."""

    def follow_files(self, *, uploads: Sequence[Upload]) -> None:
        """The files have no state of their own."""

    def submit(self, *, actor: Actor, now: datetime) -> None:
        """Whoever hands the files in records the step that they belong to."""

    def fail_delivery(self, *, actor: Actor) -> None:
        """The dossier says so itself."""

    def give_up_delivery(self, *, actor: Actor) -> None:
        """The dossier says so itself."""

    def accept(self, *, actor: Actor, now: datetime) -> None:
        raise self.decided_elsewhere()

    def give_back(self, *, actor: Actor, reason: str, now: datetime) -> None:
        raise self.decided_elsewhere()
