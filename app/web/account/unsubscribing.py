"""Switching a kind of mail off from the mail itself (RFC 8058): a GET shows a button, the POST acts, once or again.

The signed token in the address is all that a mail program has: neither a session nor a CSRF token is asked for.
"""

from __future__ import annotations

import uuid

from flask import abort, g, render_template, request
from flask.typing import ResponseReturnValue

from app.reminders import references
from app.web.access import PUBLIC
from app.web.account.base import blueprint, client_ip, settings
from app.web.account.profile import AUTHORITY_MAILS, ORGANISATION_MAILS
from app.web.guards import commits
from tenants.accounts import gate, profile
from tenants.scope import Actor, ScopeKind

ACCESS = {"account.unsubscribe": PUBLIC}


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
@commits
def unsubscribe(token: str) -> ResponseReturnValue:
    """Stop these mails, or have them again; the messages themselves go on coming into the inbox."""
    user_id, kind = references.read_unsubscribe_token(token, settings=settings()) or abort(404)
    again = request.form.get("again") == "1"
    # One transaction: a second one in the person's scope would lose what the first has not committed.
    with gate.as_person(user_id):
        if request.method == "POST":
            kinds = _group(kind)
            profile.change_mails(actor=_person(user_id), wanted=kinds if again else (), offered=kinds, now=g.now)
        off = kind in profile.get_user(user_id).preferences.get("mail_off", ())
    return render_template("account/unsubscribe.html", off=off, token=token, label=_label(kind))


def _person(user_id: uuid.UUID) -> Actor:
    return Actor(ScopeKind.account, user_id, ip=client_ip(), user_agent=request.user_agent.string[:300])


def _group(kind: str) -> tuple[str, ...]:
    """The kinds that the profile page switches together with this one."""
    groups = (kinds for kinds, _ in (*ORGANISATION_MAILS, *AUTHORITY_MAILS))
    return next((kinds for kinds in groups if kind in kinds), (kind,))


def _label(kind: str) -> str:
    named = ((kinds, label) for kinds, label in (*ORGANISATION_MAILS, *AUTHORITY_MAILS))
    return next((str(label) for kinds, label in named if kind in kinds), "")
