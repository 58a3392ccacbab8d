"""Mails on a real SMTP server: what they look like, and what each kind of refusal means."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from app.config import ConfigError
from app.embedded.state import free_port
from app.jobs import NotReady
from app.reminders import mailer, smtp
from app.reminders.smtp import Bounced, Deferred, MailServerDown, parse_url
from app.reminders.wording import wording_of
from tests.integration.mail_server import Mailbox, delivering, running

AT = datetime(2027, 1, 5, 1, 0, tzinfo=UTC)
TO = "clerk@example.com"


def reminder_context(**changes: object) -> dict[str, object]:
    words = wording_of("bank_submit_by")
    return {
        "kind": "bank_submit_by",
        "kind_label": "题库提交期限",
        "subject_label": "电工 三级",
        "organisation": "青岛<某>评价中心",
        "due_on": date(2027, 1, 12),
        "days_left": 7,
        "offset_days": 7,
        "provisional": False,
        "words": {"due": words.due, "todo": words.todo, "button": words.button, "missed": words.missed},
        "of_authority": False,
        "link": "/org/incubation",
        "clause": {"title": "二(二)2", "quote": "培育对象应在孵化培育期内完成", "anchor": "c-2-2-2"},
        "statutory": False,
        **changes,
    }


@pytest.fixture
def mail_url(system: Flask, mailbox: Mailbox) -> Iterator[str]:
    with delivering(mailbox, system) as url:
        yield url


def send(to: str = TO, name: str = "王建国", **changes: object) -> str:
    return mailer.send(
        to=to, to_name=name, template="reminder", context=reminder_context(**changes), at=AT, optional=True
    )


@pytest.mark.usefixtures("mail_url")
def test_a_mail_says_the_same_in_text_and_html(system: Flask, mailbox: Mailbox) -> None:
    message_id = send()
    ((recipient, message),) = mailbox.taken
    assert recipient == TO
    assert message["Subject"] == "还剩7天:题库须在2027年1月12日(周二)前提交(电工 三级)"
    assert message["Message-ID"] == message_id
    assert message["To"] == "王建国 <clerk@example.com>"
    assert message["Date"].datetime == AT
    assert str(message["Date"]).endswith("+0800")
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert message["List-Unsubscribe"].endswith("/account/profile>")
    assert message.get_content_type() == "multipart/alternative"
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    public = system.config["SHEPING"].public_url
    for words in ("王建国", "题库须在2027年1月12日(周二)前提交", "电工 三级", "还剩7天", "二(二)2",
                  "培育对象应在孵化培育期内完成", f"{public}/org/incubation", f"{public}/notice#c-2-2-2",
                  "上传并提交题库", "自然淘汰", "请勿直接回复"):  # fmt: skip
        assert words in text, words
        assert words in html, words
    assert "青岛<某>评价中心" in text
    assert "青岛&lt;某&gt;评价中心" in html
    assert not re.search(r"(?:src|background)\s*=|url\(", html), "a mail loads nothing"
    assert "\n\n\n" not in text


@pytest.mark.usefixtures("mail_url")
def test_what_may_not_be_switched_off_says_so(mailbox: Mailbox) -> None:
    mailer.send(to=TO, to_name="", template="reminder", context=reminder_context(statutory=True), at=AT)
    message = mailbox.taken[0][1]
    assert message["List-Unsubscribe"] is None
    assert "不能关闭" in message.get_body(("plain",)).get_content()


@pytest.mark.usefixtures("mail_url")
@pytest.mark.parametrize(
    ("days_left", "offset", "start"),
    [(1, 1, "还剩1天:"), (0, 0, "今天24时截止:"), (-1, -1, "已逾期1天:")],
)
def test_the_subject_counts_the_days(mailbox: Mailbox, days_left: int, offset: int, start: str) -> None:
    send(days_left=days_left, offset_days=offset)
    assert mailbox.taken[0][1]["Subject"].startswith(start)


@pytest.mark.usefixtures("mail_url")
def test_nothing_a_person_typed_becomes_a_header(mailbox: Mailbox) -> None:
    send(name="张三\r\nBcc: victim@example.com", subject_label="电工\nX-Evil: 1\u2028三级")
    message = mailbox.taken[0][1]
    assert message["Bcc"] is None
    assert message["X-Evil"] is None
    assert "电工 X-Evil: 1 三级" in message["Subject"]


@pytest.mark.usefixtures("mail_url")
@pytest.mark.parametrize("address", ["no-at-sign", "@example.com", "a@", "a@b.com\r\nRCPT TO:<x@y>", "a b@c d.com", ""])
def test_what_is_no_address_bounces_before_any_server_is_asked(mailbox: Mailbox, address: str) -> None:
    with pytest.raises(Bounced, match="not an e-mail address"):
        send(address)
    assert mailbox.connections == 0


@pytest.mark.usefixtures("mail_url")
def test_an_internationalised_domain_is_written_in_ascii(mailbox: Mailbox) -> None:
    send("clerk@例子.测试")
    assert mailbox.taken[0][0] == "clerk@xn--fsqu00a.xn--0zwm56d"


@pytest.mark.usefixtures("mail_url")
def test_an_internationalised_mailbox_uses_smtputf8(mailbox: Mailbox) -> None:
    send("经办@example.com")
    assert mailbox.taken[0][0] == "经办@example.com"


@pytest.mark.usefixtures("mail_url")
def test_five_hundreds_are_for_ever_and_four_hundreds_for_now(mailbox: Mailbox) -> None:
    mailbox.refuse[TO] = "550 5.1.1 no such user"
    with pytest.raises(Bounced, match="no such user"):
        send()
    mailbox.refuse[TO] = "452 4.2.2 mailbox full"
    with pytest.raises(Deferred, match="452"):
        send()
    mailbox.refuse.clear()
    mailbox.data_answer = "554 5.7.1 spam"
    with pytest.raises(Bounced, match="spam"):
        send()
    mailbox.data_answer = "451 4.3.0 later"
    with pytest.raises(Deferred, match="later"):
        send()
    assert mailbox.taken == []


@pytest.mark.usefixtures("mail_url")
def test_a_line_broken_after_data_is_tried_again_under_the_same_id(mailbox: Mailbox) -> None:
    mailbox.drop_after_data, mailbox.keep_dropped = 1, True
    with pytest.raises(Deferred, match="broke during the handover"):
        mailer.send(to=TO, to_name="", template="reminder", context=reminder_context(), at=AT, key="one")
    mailer.send(to=TO, to_name="", template="reminder", context=reminder_context(), at=AT, key="one")
    assert len({message["Message-ID"] for _, message in mailbox.taken}) == 1


@pytest.mark.usefixtures("mail_url")
@pytest.mark.parametrize("point", ["recipient", "taken"])
def test_a_mailbox_that_never_answers_is_given_up_after_the_time_limit(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Before the mail was handed over, and after: the second comes again under the same id."""
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.4)
    mailbox.hold_at = point
    with pytest.raises(Deferred, match="broke during the handover"):
        mailer.send(to=TO, to_name="", template="reminder", context=reminder_context(), at=AT, key="one")
    mailbox.hold_at = ""
    mailbox.go_on.set()
    mailer.send(to=TO, to_name="", template="reminder", context=reminder_context(), at=AT, key="one")
    assert len({message["Message-ID"] for _, message in mailbox.taken}) == 1


def test_a_server_that_takes_the_call_and_says_nothing_is_down(system: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setitem(system.config, "SHEPING", replace(system.config["SHEPING"], smtp_url=url))
        with pytest.raises(NotReady, match="does not serve us"):
            send()


def test_no_server_means_that_the_work_waits(system: Flask) -> None:
    before = system.config["SHEPING"]
    for url in (f"smtp://127.0.0.1:{free_port()}", ""):
        system.config["SHEPING"] = replace(before, smtp_url=url)
        with pytest.raises(NotReady):
            send()
    system.config["SHEPING"] = before


@pytest.mark.usefixtures("system")
def test_one_connection_serves_many_mails_and_comes_back_after_a_restart(mailbox: Mailbox, mail_url: str) -> None:
    with smtp.connection(mail_url):
        send()
        mailbox.refuse["full@example.com"] = "552 5.2.2 full"
        with pytest.raises(Bounced):
            send("full@example.com")
        send()
        assert mailbox.connections == 1
        mailbox.drop_after_data = 1
        with pytest.raises(Deferred):
            send()
        send()
    assert mailbox.connections == 2
    assert len(mailbox.taken) == 3


def test_a_password_never_goes_over_an_open_line(system: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Mailbox()) as url:
        monkeypatch.setattr(smtp, "_LOOPBACK", frozenset())
        with pytest.raises(MailServerDown, match="open line") as down:
            smtp.deliver(url.replace("//", "//user:geheim@"), b"", sender="a@b.c", recipient=TO)
        with pytest.raises(MailServerDown):
            smtp.deliver(f"{url}?starttls=required", b"", sender="a@b.c", recipient=TO)
    assert "geheim" not in str(down.value)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://h:port", "smtp://h?starttls=maybe"])
def test_an_address_of_the_server_that_makes_no_sense(url: str) -> None:
    with pytest.raises(ConfigError, match="SMTP_URL"):
        parse_url(url)


def test_the_address_of_the_server() -> None:
    server = parse_url("smtps://us%40er:p%2Fw@mail.example:4650")
    assert (server.host, server.port, server.tls, server.user, server.password) == (
        "mail.example", 4650, True, "us@er", "p/w",
    )  # fmt: skip
    assert "p/w" not in repr(server)
    assert parse_url("smtps://h").port == 465
    assert parse_url("smtp://h").port == 25
