"""Delivery reports as real servers write them (Postfix, Exim, Exchange Online), with our Message-ID put in."""

from __future__ import annotations

POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
Received: by mx.example.cn (Postfix) id 4F1C22A0C3; Tue, 24 Nov 2026 09:00:07 +0800 (CST)
Date: Tue, 24 Nov 2026 09:00:07 +0800 (CST)
From: MAILER-DAEMON@mx.example.cn (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="9B0F82A0C1.1795481207/mx.example.cn"
Message-Id: <20261124010007.4F1C22A0C3@mx.example.cn>

This is a MIME-encapsulated message.

--9B0F82A0C1.1795481207/mx.example.cn
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.cn.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<wang@qiye.example.cn>: host mail.qiye.example.cn[203.0.113.25] said: 550 5.1.1
    <wang@qiye.example.cn>: Recipient address rejected: User unknown (in reply
    to RCPT TO command)

--9B0F82A0C1.1795481207/mx.example.cn
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.cn
X-Postfix-Queue-ID: 9B0F82A0C1
X-Postfix-Sender: rfc822; no-reply@sheping.example
Arrival-Date: Tue, 24 Nov 2026 09:00:05 +0800 (CST)

Final-Recipient: rfc822; wang@qiye.example.cn
Original-Recipient: rfc822;wang@qiye.example.cn
Action: {action}
Status: {status}
Remote-MTA: dns; mail.qiye.example.cn
Diagnostic-Code: smtp; 550 5.1.1 <wang@qiye.example.cn>: Recipient address
    rejected: User unknown

--9B0F82A0C1.1795481207/mx.example.cn
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <no-reply@sheping.example>
Message-ID: <{key}@sheping.example>
From: =?utf-8?b?56S+6K+E6YCa?= <no-reply@sheping.example>
To: wang@qiye.example.cn
Subject: test
MIME-Version: 1.0
Content-Type: text/plain

body

--9B0F82A0C1.1795481207/mx.example.cn--
"""

EXIM = """\
Return-path: <>
Envelope-to: {to}
Delivery-date: Tue, 24 Nov 2026 09:01:00 +0800
From: Mail Delivery System <Mailer-Daemon@smtp.example.org>
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary=1795481260-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1rABCd-0001Xy-2Z@smtp.example.org>
Date: Tue, 24 Nov 2026 09:01:00 +0800

--1795481260-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

A message that you sent could not be delivered to one or more of its recipients.

--1795481260-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; smtp.example.org

Action: {action}
Final-Recipient: rfc822;li@example.net
Status: {status}
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 552-5.2.2 The email account that you tried to reach is over quota

--1795481260-eximdsn-1804289383
Content-type: text/rfc822-headers

Received: from web by smtp.example.org with esmtp (Exim 4.96)
Message-ID:
 <{key}@sheping.example>
To: li@example.net
Subject: test

--1795481260-eximdsn-1804289383--
"""

# The big providers cut what they return, so that only the return path says which mail it was.
EXCHANGE = """\
From: <postmaster@tenant.onmicrosoft.example>
To: <{to}>
Date: Tue, 24 Nov 2026 01:02:03 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="_NextPart_000_0001"
Subject: =?utf-8?B?5peg5rOV6YCB6L6+?=
Message-ID: <5d0c@tenant.onmicrosoft.example>
MIME-Version: 1.0

--_NextPart_000_0001
Content-Type: multipart/alternative; differences=Content-Type; boundary="_NextPart_000_0002"

--_NextPart_000_0002
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

5peg5rOV6YCB6L6+

--_NextPart_000_0002--

--_NextPart_000_0001
Content-Type: message/delivery-status

Reporting-MTA: dns;HK0PR01.apcprd01.prod.exchangelabs.example
Received-From-MTA: dns;mail.sheping.example
Arrival-Date: Tue, 24 Nov 2026 01:02:01 +0000

Final-Recipient: rfc822;zhao@corp.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--_NextPart_000_0001--
"""

ABSENCE = """\
From: wang@qiye.example.cn
To: {to}
Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN77ya5LyR5YGH5Lit?=
Auto-Submitted: auto-replied
In-Reply-To: <{key}@sheping.example>
Message-ID: <absence@qiye.example.cn>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

On leave. Action: failed
"""


def report(
    template: str, *, key: str, to: str = "no-reply@sheping.example", action: str = "failed", status: str = "5.1.1"
) -> bytes:
    """One of the above, as bytes with CRLF."""
    return template.format(key=key, to=to, action=action, status=status).replace("\n", "\r\n").encode("utf-8")
