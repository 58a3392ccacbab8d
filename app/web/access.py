"""Who may reach which endpoint. An endpoint not listed here is refused, and the suite fails on it.

Every blueprint package declares its own `ACCESS`; `collect` joins them. Outsiders get 404 (a page that is not theirs
does not exist for them), insiders without the right get 403 (design.md section 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenants.scope import Role, ScopeKind


class Audience(StrEnum):
    """Whose page it is."""

    public = "public"
    account = "account"
    organisation = "organisation"
    bureau = "bureau"
    department = "department"
    authority = "authority"
    expert = "expert"
    demo = "demo"


class Right(StrEnum):
    """What a member must be allowed to do."""

    view = "view"
    edit = "edit"
    sign = "sign"
    manage = "manage"
    decide = "decide"
    lead = "lead"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.viewer: frozenset({Right.view}),
    Role.editor: frozenset({Right.view, Right.edit}),
    Role.signatory: frozenset({Right.view, Right.edit, Right.sign}),
    Role.owner: frozenset({Right.view, Right.edit, Right.sign, Right.manage}),
    Role.officer: frozenset({Right.view, Right.decide}),
    Role.lead: frozenset({Right.view, Right.decide, Right.lead, Right.manage}),
    Role.expert: frozenset({Right.view, Right.edit}),
}

_KINDS: Mapping[Audience, frozenset[ScopeKind]] = {
    Audience.organisation: frozenset({ScopeKind.organisation}),
    Audience.bureau: frozenset({ScopeKind.bureau}),
    Audience.department: frozenset({ScopeKind.department}),
    Audience.authority: frozenset({ScopeKind.bureau, ScopeKind.department}),
    Audience.expert: frozenset({ScopeKind.expert}),
}


@dataclass(frozen=True)
class Access:
    """One line of the table. `audiences` are alternatives: a page may serve organisations and authorities alike."""

    audiences: tuple[Audience, ...]
    right: Right = Right.view

    @property
    def is_public(self) -> bool:
        """Whether no sign-in is asked for."""
        return Audience.public in self.audiences or Audience.demo in self.audiences

    def admits(self, kind: ScopeKind) -> bool:
        """Whether a signed-in person of this kind is an insider."""
        if Audience.account in self.audiences:
            return True
        return any(kind in _KINDS.get(audience, frozenset()) for audience in self.audiences)

    def permits(self, role: Role | None) -> bool:
        """Whether the insider's role carries the right."""
        if Audience.account in self.audiences:
            return True
        return role is not None and self.right in RIGHTS[role]


PUBLIC = Access((Audience.public,))
DEMO = Access((Audience.demo,))
ACCOUNT = Access((Audience.account,))


def organisation(right: Right = Right.view) -> Access:
    """A page of applicant organisations."""
    return Access((Audience.organisation,), right)


def authority(right: Right = Right.view) -> Access:
    """A page of bureaus and of the department alike."""
    return Access((Audience.authority,), right)


def department(right: Right = Right.view) -> Access:
    """A page of the department alone."""
    return Access((Audience.department,), right)


def expert(right: Right = Right.view) -> Access:
    """A page of experts."""
    return Access((Audience.expert,), right)


def collect(tables: Iterable[Mapping[str, Access]]) -> dict[str, Access]:
    """Join the blueprints' tables. Raises ValueError when two name one endpoint."""
    joined: dict[str, Access] = {"static": PUBLIC}
    for table in tables:
        if twice := joined.keys() & table.keys():
            raise ValueError(f"listed twice in the access table: {sorted(twice)}")
        joined.update(table)
    return joined
