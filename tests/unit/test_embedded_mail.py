"""The development mail server: a mail is a whole file or the sender keeps it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from app.embedded.mail import Folder


def envelope(body: str) -> Envelope:
    made = Envelope()
    made.mail_from = "no-reply@sheping.example"
    made.rcpt_tos = ["a@example.org", "b@example.org"]
    made.original_content = body.encode()
    return made


def test_a_mail_is_kept_with_who_it_was_handed_over_to(tmp_path: Path) -> None:
    path = Folder(tmp_path).keep(envelope("Subject: =?utf-8?b?5o+Q6YaS?=\r\n\r\n期限不超过180天\r\n"))
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert path.suffix == ".eml"
    assert mail["Subject"] == "提醒"
    assert mail["X-RcptTo"] == "a@example.org, b@example.org"
    assert mail["X-MailFrom"] == "no-reply@sheping.example"


def test_mails_sort_by_arrival_and_never_overwrite(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = [folder.keep(envelope(f"Subject: {number}\r\n\r\n")).name for number in range(20)]
    assert names == sorted(set(names))


def test_a_full_disk_makes_the_sender_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = asyncio.run(Folder(tmp_path).handle_DATA(None, None, envelope("Subject: x\r\n\r\n")))  # type: ignore[arg-type]
    assert answer.startswith("452 ")
    assert list(tmp_path.glob("*.eml")) == []
