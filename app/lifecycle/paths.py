"""Addresses of pages, for links in deadlines, notices and mails; a test holds them to the routes."""

from __future__ import annotations

import uuid

HOME = "/org"
COMMITMENT = "/org/commitment"
INCUBATION = "/org/incubation"
RENEWAL = "/org/renewal"
EXIT = "/org/exit"
RECTIFICATION = "/org/rectification"
DEADLINES = "/org/deadlines"
DOSSIERS = "/org/dossiers"
INBOX = "/bureau/"


def of_item(item_id: uuid.UUID) -> str:
    """The page of one application item and its question bank."""
    return f"/org/items/{item_id}"


def of_dossier(dossier_id: uuid.UUID) -> str:
    """The receipt of one dossier."""
    return f"/org/dossiers/{dossier_id}"


def of_application(application_id: uuid.UUID) -> str:
    """The page of one application."""
    return f"/org/applications/{application_id}"


def of_commitment(commitment_id: uuid.UUID) -> str:
    """The authority's page of one signed commitment."""
    return f"/bureau/commitments/{commitment_id}"


def of_exit(case_id: uuid.UUID) -> str:
    """The authority's page of one exit."""
    return f"/bureau/exits/{case_id}"


def of_rectification(rectification_id: uuid.UUID) -> str:
    """The authority's page of one rectification."""
    return f"/bureau/rectifications/{rectification_id}"


def of_renewal(cycle_id: uuid.UUID) -> str:
    """The authority's page of one renewal."""
    return f"/bureau/renewals/{cycle_id}"
