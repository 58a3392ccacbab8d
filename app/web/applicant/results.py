"""What was decided on an application, as its organisation reads it: item by item, with the comments released to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.lifecycle.applications.models import Application
from app.lifecycle.incubation.board import list_guidance, outcomes_of
from app.lifecycle.incubation.models import GuidanceEntry
from app.lifecycle.publicity import queries
from app.lifecycle.publicity.models import Publicity, Recommendation
from app.rules.selection import REMARKS
from app.web.applicant.guidance import link_of
from app.web.case_files import rows_of
from tenants import events
from uploads import case_files
from uploads.models import Purpose, UploadState


@dataclass(frozen=True)
class Results:
    """`comments` by item: why it was not recommended, why cancelled, what the bank's panel said."""

    recommendation: Recommendation | None
    publicities: list[Publicity]
    guidance: list[GuidanceEntry]
    guidance_files: Mapping[uuid.UUID, list[dict[str, Any]]]
    comments: Mapping[uuid.UUID, str]

    @property
    def remarks(self) -> list[dict[str, Any]]:
        """The three remarks of R64 that were written, label and text."""
        given = self.recommendation.remarks if self.recommendation else {}
        return [{"label": label, "value": given[key]} for key, label in REMARKS.items() if given.get(key)]


def results_of(application: Application) -> Results:
    """Everything decided so far, and the guidance given; `items` are loaded."""
    recommendation = queries.find_recommendation(application.id)
    comments = comments_of(application, recommendation)
    guidance = list_guidance(application.id) if application.incubation_start_on else []
    papers = case_files.list_files(Purpose.guidance, [entry.id for entry in guidance])
    return Results(
        recommendation=recommendation,
        publicities=[one for one in queries.list_of_application(application.id) if one.published_at is not None],
        guidance=guidance,
        # What is still being checked, or was refused, is the authority's matter.
        guidance_files={
            key: rows_of((one for one in found if one.state == UploadState.checked), download=link_of)
            for key, found in papers.items()
        },
        comments=comments,
    )


def comments_of(application: Application, recommendation: Recommendation | None) -> dict[uuid.UUID, str]:
    """The newest word on each item that its organisation may read."""
    comments: dict[uuid.UUID, str] = {}
    for made in recommendation.items if recommendation else ():
        if made["reason"]:
            comments[uuid.UUID(made["item_id"])] = made["reason"]
    for event in reversed(events.list_for_subject("application", application.id)):
        if event.name == "items_cancelled":
            comments |= {uuid.UUID(one): event.data.get("reason", "") for one in event.data.get("items", ())}
    for item_id, outcome in outcomes_of(application.id).items():
        if outcome.outcome != "protected":
            comments[item_id] = outcome.comment or outcome.reason
    return comments
