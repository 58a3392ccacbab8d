"""The development page of mails: list, search, one mail, and nothing outside its folder."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from flask import Flask
from flask.testing import FlaskClient

from app.embedded.mail import Folder
from app.reminders import letters, mailer


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Iterator[Path]:
    before = app.config["SHEPING"]
    app.config["SHEPING"] = replace(before, home=tmp_path)
    yield tmp_path / "mail"
    app.config["SHEPING"] = before


def put(app: Flask, folder: Path, *, number: str = "D-1", to: str = "clerk@example.com") -> str:
    with app.app_context():
        context = {
            "number": number, "title": "题库", "reason": "缺<b>答案</b>", "organisation": "某中心", "link": "/org",
            "decided_at": mailer.clock.now(),
        }  # fmt: skip
        words = mailer.render("dossier_returned", context, to_name="王建国")
        message = letters.compose(
            words,
            sender=mailer.address_of("no-reply@sheping.example", "社评通"),
            recipient=mailer.address_of(to, "王建国"),
            at=mailer.clock.now(),
            message_id=f"<{uuid.uuid4().hex}@sheping.example>",
            fields={},
        )
    envelope = Envelope()
    envelope.mail_from, envelope.rcpt_tos, envelope.original_content = "a@b.c", [to], message
    return Folder(folder).keep(envelope).name


def test_newest_first_and_paged(app: Flask, client: FlaskClient, folder: Path) -> None:
    for number in range(60):
        put(app, folder, number=f"D-{number:03d}")
    first = client.get("/dev/mail").text
    assert first.index("D-059") < first.index("D-035")
    assert "D-034" not in first
    cursor = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(cursor).text
    assert "D-034" in second
    assert "D-010" in second
    assert "D-035" not in second
    assert 'rel="prev"' in second


def test_search(app: Flask, client: FlaskClient, folder: Path) -> None:
    put(app, folder, number="D-1", to="one@example.com")
    put(app, folder, number="D-2", to="two@example.com")
    assert "D-2" in client.get("/dev/mail?q=two@example").text
    assert "D-1" not in client.get("/dev/mail?q=two@example").text
    assert "没有找到" in client.get("/dev/mail?q=没有的词").text


def test_htmx_gets_the_list_alone(app: Flask, client: FlaskClient, folder: Path) -> None:
    put(app, folder)
    fragment = client.get("/dev/mail", headers={"HX-Request": "true"}).text
    assert "D-1" in fragment
    assert "<html" not in fragment


def test_one_mail_in_three_views(app: Flask, client: FlaskClient, folder: Path) -> None:
    name = put(app, folder)
    page = client.get(f"/dev/mail/{name}").text
    assert f'src="/dev/mail/{name}/html"' in page
    text = client.get(f"/dev/mail/{name}?view=text").text
    assert "缺&lt;b&gt;答案&lt;/b&gt;" in text
    headers = client.get(f"/dev/mail/{name}?view=headers").text
    assert "Auto-Submitted" in headers
    frame = client.get(f"/dev/mail/{name}/html")
    assert frame.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert '<base target="_top">' in frame.text
    source = client.get(f"/dev/mail/{name}/source")
    assert b"X-RcptTo: clerk@example.com" in source.data


@pytest.mark.parametrize("name", ["x.eml", "..%2fenv", "20261123T000000000000-1.eml", "%2e%2e/env"])
def test_nothing_else_can_be_read(client: FlaskClient, folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder.parent / "env").write_text("SECRET_KEY=x")
    for path in (f"/dev/mail/{name}", f"/dev/mail/{name}/source", f"/dev/mail/{name}/html"):
        assert client.get(path).status_code == 404


def test_an_empty_folder_and_no_demo(app: Flask, client: FlaskClient, folder: Path) -> None:
    assert "还没有邮件" in client.get("/dev/mail").text
    app.config["SHEPING"] = replace(app.config["SHEPING"], demo=False)
    assert client.get("/dev/mail").status_code == 404
