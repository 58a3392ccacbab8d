"""R32: who may open a bank, and between which two moments."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules import sealing
from app.rules.core import Refusal
from app.rules.sealing import Asker, Manner, Reader

AT_WORK = ("formed", "assessing", "opinions_in")
OWNER: dict[str, Any] = {"is_owner": True, "may_edit": True}
OFFICER: dict[str, Any] = {"is_authority": True, "is_assigned": True}
MEMBER: dict[str, Any] = {"seat_state": "accepted", "has_declared": True}


@pytest.mark.parametrize("panel", [None, "forming", *AT_WORK, "concluded"])
def test_the_organisation_reads_its_own_bank_whatever_the_panel_does(panel: str | None) -> None:
    assert sealing.check_can_open(Asker(**OWNER, panel_state=panel)) is Reader.ORGANISATION


@pytest.mark.parametrize(("who", "reader"), [(OFFICER, Reader.CASE_OFFICER), (MEMBER, Reader.PANEL_MEMBER)])
@pytest.mark.parametrize("panel", [None, "forming", "dissolved", *AT_WORK, "concluded"])
def test_r32_the_bank_opens_with_its_panel_and_closes_with_the_conclusion(
    who: dict[str, Any], reader: Reader, panel: str | None
) -> None:
    asker = Asker(**who, panel_state=panel)
    if panel in AT_WORK:
        assert sealing.check_can_open(asker) is reader
        return
    with pytest.raises(Refusal) as refused:
        sealing.check_can_open(asker)
    assert refused.value.code == ("bank_resealed" if panel == "concluded" else "bank_sealed")
    assert refused.value.rule == "R32"


@pytest.mark.parametrize(
    ("asker", "code"),
    [
        (Asker(), "bank_not_yours"),
        (Asker(panel_state="assessing"), "bank_not_yours"),
        (Asker(is_owner=True, panel_state="assessing"), "bank_read_only_member"),
        (Asker(is_authority=True, panel_state="assessing"), "not_case_officer"),
        (Asker(seat_state="invited", panel_state="assessing"), "not_seated"),
        (Asker(seat_state="accepted", panel_state="assessing"), "not_seated"),
        (Asker(seat_state="recused", has_declared=True, panel_state="assessing"), "not_seated"),
        (Asker(seat_state="declined", has_declared=True, panel_state="assessing"), "not_seated"),
    ],
)
def test_everybody_else_stays_outside(asker: Asker, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        sealing.check_can_open(asker)
    assert refused.value.code == code


def test_a_purpose_is_asked_of_everyone_but_the_organisation() -> None:
    assert sealing.check_purpose(Reader.ORGANISATION, "") == ""
    assert sealing.check_purpose(Reader.CASE_OFFICER, "  核对\n第3行 ") == "核对 第3行"
    for reader in (Reader.CASE_OFFICER, Reader.PANEL_MEMBER):
        with pytest.raises(Refusal, match="目的"):
            sealing.check_purpose(reader, " . ")


@pytest.mark.parametrize(
    ("reader", "manner", "switch", "code"),
    [
        (Reader.PANEL_MEMBER, Manner.SCREEN, False, ""),
        (Reader.PANEL_MEMBER, Manner.ORIGINAL, True, "bank_original_refused"),
        (Reader.PANEL_MEMBER, Manner.WATERMARKED, False, "bank_download_off"),
        (Reader.PANEL_MEMBER, Manner.WATERMARKED, True, ""),
        (Reader.CASE_OFFICER, Manner.ORIGINAL, False, ""),
        (Reader.CASE_OFFICER, Manner.WATERMARKED, False, "bank_download_off"),
        (Reader.ORGANISATION, Manner.WATERMARKED, False, ""),
    ],
)
def test_copies_are_off_until_the_lead_allows_them(reader: Reader, manner: Manner, switch: bool, code: str) -> None:
    if not code:
        sealing.check_can_download(reader, manner, switch)
        return
    with pytest.raises(Refusal) as refused:
        sealing.check_can_download(reader, manner, switch)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("lead", "bank", "state", "reason", "code"),
    [
        (True, True, "assessing", "专家不便联网", ""),
        (False, True, "assessing", "专家不便联网", "not_lead"),
        (True, False, "assessing", "专家不便联网", "not_bank_panel"),
        (True, True, "concluded", "专家不便联网", "panel_over"),
        (True, True, "formed", " ", "reason_missing"),
    ],
)
def test_the_switch_is_the_leads_and_needs_a_reason(lead: bool, bank: bool, state: str, reason: str, code: str) -> None:
    if not code:
        sealing.check_can_switch(lead, bank, state, reason)
        return
    with pytest.raises(Refusal) as refused:
        sealing.check_can_switch(lead, bank, state, reason)
    assert refused.value.code == code
