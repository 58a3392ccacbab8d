"""The mail to an authority's security contact, who need not have an account."""

from __future__ import annotations

import structlog

from app import clock
from app.jobs import job
from app.reminders import mailer
from app.reminders.smtp import Bounced

log = structlog.get_logger(__name__)


@job()
def send_alarm(
    *, to: str, organisation: str, authority: str, name_of_file: str, virus: str, size: str, sha256: str
) -> None:
    """That a file with malicious content was sent in and removed. An address that takes no mail is logged."""
    try:
        mailer.send(
            to=to,
            to_name="",
            template="upload_infected_security",
            context={
                "link": "/bureau",
                "organisation": organisation,
                "authority": authority,
                "name_of_file": name_of_file,
                "virus": virus,
                "size": size,
                "sha256": sha256,
                "clause": None,
            },
            at=clock.now(),
        )
    except Bounced as bounced:
        log.error("security_contact_unreachable", authority=authority, reason=str(bounced))
