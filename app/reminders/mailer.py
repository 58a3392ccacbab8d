"""Writing a mail: a folder of subject, text and HTML becomes one message that any mail program reads.

The three templates of `templates/email/<template>/` get the context and what `_frame` adds. HTML and text say the same.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cache
from typing import Any

import structlog
from flask import current_app
from flask_babel import force_locale, get_domain
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from app import clock
from app.config import Config
from app.reminders import letters, references, sentences, signing, smtp
from app.reminders.letters import Rendered
from app.reminders.smtp import Bounced

log = structlog.get_logger(__name__)
PREFERENCES = "/account/profile"
NOTICE = "/notice"
LOCALES = ("zh", "en")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_PLAIN = re.compile(r"^([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)$")
"""What nearly every address is; whatever else may be one is read by the `email` package, which takes its time."""
_BLANK_LINES = re.compile(r"\n{3,}")


def send(
    *,
    to: str,
    to_name: str,
    template: str,
    context: Mapping[str, Any],
    locale: str = "zh",
    headers: Mapping[str, str | Sequence[str]] | None = None,
    at: datetime | None = None,
    key: str | None = None,
    optional: bool = False,
    unsubscribe: tuple[uuid.UUID, str] | None = None,
) -> str:
    """Render a mail and hand it to the mail server; returns its Message-ID once the server has taken it.

    `at` dates it (else now, by the demo's clock). `key` makes the Message-ID the same at every try, so that a mail sent
    twice over a broken line can be told to be one, and a report that comes back finds it. `optional` says that the
    person may switch such mails off; `unsubscribe` (whom and which kind) that one press does it (RFC 8058).
    A header with several values is repeated.
    Raises smtp.Bounced, smtp.Deferred, or smtp.MailServerDown (a jobs.NotReady: a job that lets it pass simply waits).
    """
    settings: Config = current_app.config["SHEPING"]
    instant = at or clock.now()
    optional = optional or unsubscribe is not None
    words = render(template, context, to_name=to_name, locale=locale, at=instant, optional=optional)
    recipient = address_of(to, to_name)
    sender = _sender(settings.mail_from)
    message_id = f"<{key or uuid.uuid4().hex}@{sender.domain}>"
    fields = list(_unsubscribing(settings, optional, unsubscribe).items())
    for name, given in (headers or {}).items():
        fields += [(name, one_line(value)) for value in ([given] if isinstance(given, str) else given)]
    message = letters.compose(
        words,
        sender=sender,
        recipient=recipient,
        at=instant,
        message_id=message_id,
        fields=fields,
        calendar=context.get("calendar"),
    )
    message = signing.signed(message, sender.domain, settings)
    smtp.deliver(
        settings.smtp_url,
        message,
        sender=references.return_path(key, sender.addr_spec, settings),
        recipient=recipient.addr_spec,
    )
    log.info("mail_handed_over", template=template, message_id=message_id)
    return message_id


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    to_name: str = "",
    locale: str = "zh",
    at: datetime | None = None,
    optional: bool = False,
) -> Rendered:
    """The words of a mail in the recipient's language. Raises jinja2.TemplateNotFound for a template without folder."""
    settings: Config = current_app.config["SHEPING"]
    values = {**_frame(settings, at or clock.now()), "to_name": to_name, "optional": optional, **context}
    if link := values.get("link"):
        values["action_url"] = absolute(link)
    language = locale if locale in LOCALES else LOCALES[0]
    with force_locale(language):
        environment = sentences.environment_of(language)
        values |= _gettext_words()
        subject, text, html = (
            environment.get_template(f"email/{template}/{part}").render(values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    return Rendered(one_line(subject), _BLANK_LINES.sub("\n\n", text).strip() + "\n", html)


def _gettext_words() -> dict[str, Any]:
    """`gettext` and `ngettext` of the language in force, looked up once a mail: a mail asks for some fifty sentences,
    and finding the language anew for each takes longer than all the rest."""
    translations = get_domain().get_translations()

    @pass_context
    def gettext(context: Context, sentence: str, **variables: Any) -> str:
        return _filled(context, translations.gettext(sentence), variables)

    @pass_context
    def ngettext(context: Context, one: str, many: str, num: int, **variables: Any) -> str:
        return _filled(context, translations.ngettext(one, many, num), {"num": num, **variables})

    # `_` itself too: Jinja's own goes by way of these two.
    return {"_": gettext, "gettext": gettext, "ngettext": ngettext}


def _filled(context: Context, sentence: str, variables: dict[str, Any]) -> str:
    return (Markup(sentence) if context.eval_ctx.autoescape else sentence) % variables  # noqa: S704 - our own sentence


def render_subject(template: str, context: Mapping[str, Any], *, locale: str = "zh", at: datetime | None = None) -> str:
    """The subject alone: the title of the in-app twin."""
    settings: Config = current_app.config["SHEPING"]
    values = {**_frame(settings, at or clock.now()), **context}
    with force_locale(locale if locale in LOCALES else LOCALES[0]):
        return one_line(current_app.jinja_env.get_template(f"email/{template}/subject.txt").render(values))


def absolute(link: str) -> str:
    """A page's address as a mail must give it; what is absolute already stays."""
    settings: Config = current_app.config["SHEPING"]
    return link if link.startswith(("http://", "https://")) else f"{settings.public_url}/{link.lstrip('/')}"


def one_line(text: str) -> str:
    """Without line breaks and control characters: nothing a person typed can become a header of its own."""
    return " ".join(_CONTROL.sub(" ", text).split())


def address_of(to: str, name: str = "") -> Address:
    """The address as it goes into the envelope and the header, an internationalised domain in its ASCII form.

    Raises Bounced for what can be no address.
    """
    if plain := _PLAIN.match(to):
        return Address(display_name=one_line(name), username=plain[1], domain=plain[2])
    local, at_sign, domain = to.strip().rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        if not at_sign or not local or not ascii_domain or _CONTROL.search(to) or " " in ascii_domain:
            raise ValueError(to)
        if local.isascii():
            return Address(display_name=one_line(name), addr_spec=f"{local}@{ascii_domain}")
        return Address(display_name=one_line(name), username=local, domain=ascii_domain)
    except (ValueError, UnicodeError, IndexError, HeaderParseError):
        raise Bounced(f"not an e-mail address: {one_line(to)[:200]}") from None


def _frame(settings: Config, at: datetime) -> dict[str, Any]:
    return {
        "public_url": settings.public_url,
        "notice_url": settings.public_url + NOTICE,
        "preferences_url": settings.public_url + PREFERENCES,
        "sent_at": at,
        "today": at.astimezone(clock.SHANGHAI).date(),
        "demo": settings.demo,
        "clause": None,
        "link": None,
        "action_url": None,
    }


@cache
def _sender(mail_from: str) -> Address:
    name, address = parseaddr(mail_from)
    return Address(display_name=name, addr_spec=address)


def _unsubscribing(settings: Config, optional: bool, unsubscribe: tuple[uuid.UUID, str] | None) -> dict[str, str]:
    if unsubscribe is not None:
        page = f"{settings.public_url}/unsubscribe/{references.unsubscribe_token(*unsubscribe, settings=settings)}"
        return {"List-Unsubscribe": f"<{page}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {"List-Unsubscribe": f"<{settings.public_url}{PREFERENCES}>"} if optional else {}
