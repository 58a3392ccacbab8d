"""What machines read in our mails: the signature, how to switch them off, that nobody should answer."""

from __future__ import annotations

import email
import email.policy
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient

from app.config import ConfigError
from app.db import db
from app.reminders import mailer, references
from tenants import scope
from tenants.accounts import expiry
from tenants.events import Event
from tenants.models import Membership, Organisation, User
from tenants.scope import SYSTEM, Role
from tests.factories.people import People
from tests.integration.mail_server import Mailbox, running

AT = datetime(2027, 1, 5, 1, 0, tzinfo=UTC)
PROFILE = {"link": "/", "changed_at": AT, "direct": True}


@pytest.fixture
def mail_app(system: Flask, app: Flask, mailbox: Mailbox) -> Iterator[Flask]:
    before = system.config["SHEPING"]
    with running(mailbox) as url:
        system.config["SHEPING"] = replace(before, smtp_url=url)
        yield system
    system.config["SHEPING"] = app.config["SHEPING"] = before


def send(unsubscribe: tuple[uuid.UUID, str] | None = None) -> None:
    mailer.send(
        to="clerk@example.com", to_name="王建国,\"经办\"", template="password_changed", context=PROFILE, at=AT,
        unsubscribe=unsubscribe,
    )  # fmt: skip


@pytest.mark.usefixtures("mail_app")
def test_answering_machines_are_kept_quiet_and_each_mail_has_both_twins(mailbox: Mailbox) -> None:
    send()
    ((_, message),) = mailbox.taken
    assert (message["Auto-Submitted"], message["Precedence"], message["X-Auto-Response-Suppress"]) == (
        "auto-generated", "bulk", "All",
    )  # fmt: skip
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["To"].addresses[0].display_name == '王建国,"经办"'
    assert not message.defects
    (raw,) = mailbox.raw
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()


def test_a_mail_is_signed_so_that_its_headers_and_words_cannot_be_changed(
    mail_app: Flask, mailbox: Mailbox, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "dkim.pem").write_bytes(private)
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])
    mail_app.config["SHEPING"] = replace(
        mail_app.config["SHEPING"], dkim_key_file=str(tmp_path / "dkim.pem"), dkim_selector="s2026"
    )
    send((uuid.uuid4(), "reminder"))
    (raw,) = mailbox.raw
    asked: list[bytes] = []

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    assert dkim.verify(raw, dnsfunc=lookup)
    assert asked == [b"s2026._domainkey.sheping.example."]
    signature = email.message_from_bytes(raw, policy=email.policy.default)["DKIM-Signature"]
    signed = {name.strip().lower() for name in signature.split("h=")[1].split(";")[0].split(":")}
    assert {"from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post"} <= signed
    assert not dkim.verify(raw.replace(b"List-Unsubscribe-Post: L", b"List-Unsubscribe-Post: X"), dnsfunc=lookup)
    assert not dkim.verify(raw[:-40] + b"A" + raw[-39:], dnsfunc=lookup)


def test_a_key_without_its_selector_is_said(mail_app: Flask) -> None:
    for changes in ({"dkim_selector": "s"}, {"dkim_selector": "s", "dkim_key_file": "/nowhere/key.pem"}):
        mail_app.config["SHEPING"] = replace(mail_app.config["SHEPING"], **changes)
        with pytest.raises(ConfigError, match="DKIM"):
            send()


def test_one_press_in_a_mail_program_switches_a_kind_off_and_back_on(
    mail_app: Flask, app: Flask, people: People, client: FlaskClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    person = people.member(people.organisation(), Role.editor)
    send((person.user_id, "dossier_submitted"))
    message = mailbox.taken[0][1]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = message["List-Unsubscribe"].strip("<>")
    path = url.removeprefix(app.config["SHEPING"].public_url)

    def off() -> list[str]:
        scope.enter(SYSTEM)
        db.session.rollback()
        return list(db.session.get_one(User, person.user_id, populate_existing=True).preferences.get("mail_off", ()))

    page = client.get(path)
    assert (page.status_code, off()) == (200, []), "a GET never acts: link scanners follow every address"
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert off() == ["commitment_signed", "dossier_delivered", "dossier_submitted"], "the group that the profile shows"
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(path, data={"again": "1"}).status_code == 200
    assert off() == []
    assert client.post(path[:-2] + "xx").status_code == 404
    settings = app.config["SHEPING"]
    assert references.read_unsubscribe_token("nonsense", settings=settings) is None


def registered(people: People, *, days: int, confirmed: bool) -> tuple[uuid.UUID, uuid.UUID]:
    organisation_id = people.organisation()
    person = people.member(organisation_id)
    db.session.get_one(Organisation, organisation_id).created_at = AT - timedelta(days=days)
    db.session.get_one(User, person.user_id).email_confirmed_at = AT if confirmed else None
    db.session.commit()
    return organisation_id, person.user_id


def test_an_unconfirmed_registration_frees_its_credit_code_after_a_week(system: Flask, people: People) -> None:
    stale, squatter = registered(people, days=8, confirmed=False)
    fresh, _ = registered(people, days=6, confirmed=False)
    real, _ = registered(people, days=30, confirmed=True)
    elsewhere, busy = registered(people, days=9, confirmed=False)
    db.session.add(Membership(user_id=busy, organisation_id=real, role="viewer", created_at=AT))
    db.session.commit()
    assert expiry.expire_registrations(now=AT) == 2
    db.session.commit()
    assert expiry.expire_registrations(now=AT) == 0
    left = set(db.session.scalars(db.select(Organisation.id)))
    assert left == {fresh, real}
    assert db.session.get(User, squatter) is None
    assert db.session.get(User, busy) is not None, "who belongs somewhere else stays"
    names = db.session.scalars(db.select(Event.subject_id).where(Event.name == "registration_expired"))
    assert set(names) == {str(stale), str(elsewhere)}
