"""The blueprints of the house, one package an audience, each with its own lines of the access table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Blueprint

from app.web import (
    account,
    api,
    applicant,
    bureau,
    case_documents,
    channels,
    custody,
    delivery,
    dev,
    expert,
    feeds,
    files,
    members,
    ops,
    province,
    public,
    showcase,
)
from app.web.access import Access

_MODULES = (
    account, api, applicant, bureau, case_documents, channels, custody, delivery, dev, expert, feeds, files, members,
    ops, province, public, showcase,
)  # fmt: skip


def all_blueprints() -> Iterable[Blueprint]:
    """Every blueprint to register."""
    return (module.blueprint for module in _MODULES)


def access_tables() -> Iterable[Mapping[str, Access]]:
    """Every part of the access table."""
    return (module.ACCESS for module in _MODULES)
