"""Where a bank is read: whose desk, which file, which addresses."""

from __future__ import annotations

from dataclasses import dataclass

from uploads.models import DossierFile, Upload


@dataclass(frozen=True)
class Desk:
    """`holder` and `subject` head the page; the rest are addresses. `copy`: where a watermarked copy is asked for, None
    where there is none to be had; `copies`: where such a link is used, before the token. `original`: where the file as
    it was sent is asked for. `asks_purpose`: the reader states why."""

    bank: Upload | DossierFile
    holder: str
    subject: str
    back: str
    back_label: str
    reading: str
    watermark: str
    findings: str | None = None
    copy: str | None = None
    copies: str = ""
    original: str | None = None
    asks_purpose: bool = True
