"""Files that lie plain are sealed later: whole at every instant, wherever the command is cut off."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app import clock
from app.cli import Context
from app.cli.main import sheping
from app.db import db
from tenants.events import Event
from tests.factories.files import pdf
from tests.integration.test_custody import Kit, configured, kit
from tests.integration.test_uploads_intake import good_bank
from uploads.custody import keys, purging, reading, sealing
from uploads.custody.models import CustodyKey, StoredObject
from uploads.models import Dossier, DossierFile, DossierState, Upload
from uploads.store import ObjectGone

__all__ = ["configured", "kit"]


@pytest.fixture
def plain(kit: Kit, configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> dict[uuid.UUID, bytes]:
    """A delivered bank and a file of the organisation's own, both from when encryption was off."""
    monkeypatch.setattr(sealing, "GRACE", timedelta(seconds=-1))
    configured(custody_encryption=False)
    bank, other = good_bank(), pdf()
    found = {kit.deliver(bank): bank, kit.check("一.pdf", other, purpose="self_assessment"): other}
    configured(custody_encryption=True)
    return found


def seal(kit: Kit, *words: str) -> Result:
    monkey = Context(lambda role: kit.worker_app)
    return CliRunner().invoke(sheping, ["custody", "seal", *words], obj=monkey, standalone_mode=False)


def assert_whole(kit: Kit, plain: dict[uuid.UUID, bytes]) -> None:
    """Everybody reads what was sent, wherever it lies by now."""
    with kit.as_system():
        for upload_id, content in plain.items():
            assert b"".join(reading.open_stream(db.session.get_one(Upload, upload_id))) == content
        for file in db.session.scalars(select(DossierFile)):
            for own in (False, True):
                assert b"".join(reading.open_stream(file, own=own)) == plain[file.upload_id]


def lying(kit: Kit, plain: dict[uuid.UUID, bytes]) -> list[tuple[str, str]]:
    with kit.as_system():
        places = [(u.bucket, u.key) for u in db.session.scalars(select(Upload))]
        files = db.session.scalars(select(DossierFile))
        return places + [(f.bureau_bucket or "", f.bureau_key or "") for f in files]


def test_what_lies_plain_is_sealed_with_its_copies_and_the_plain_objects_go(
    kit: Kit, plain: dict[uuid.UUID, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.custody.time.sleep", lambda seconds: None)
    before = lying(kit, plain)
    assert "2 files lie plain" in seal(kit, "--dry-run").output
    said = seal(kit)
    assert said.exception is None, said.exception
    assert "2 sealed, 0 waiting, 0 missing, 0 damaged; 3 plain objects removed" in said.output
    assert_whole(kit, plain)
    for place in before:
        with pytest.raises(ObjectGone):
            kit.store.size_of(*place)
    for place in lying(kit, plain):
        assert not any(content[:64] in kit.stored(*place) for content in plain.values())
    with kit.as_system():
        told = list(db.session.scalars(select(Event.name).where(Event.name == "custody_file_sealed")))
        assert len(told) == 2
    assert "0 sealed, 0 waiting, 0 missing, 0 damaged; 0 plain objects removed" in seal(kit).output


@pytest.mark.parametrize("cut", ["keys", "first object", "copies", "rows", "removal"])
def test_cut_off_anywhere_it_is_whole_and_the_next_run_ends_it(
    kit: Kit, plain: dict[uuid.UUID, bytes], monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    class Killed(Exception):
        """As a kill: no handler of ours takes it."""

    def die(*args: Any, **more: Any) -> Any:
        raise Killed

    target: tuple[Any, str] = {
        "keys": (sealing, "_write"),
        "first object": (kit.store, "put"),
        "copies": (kit.store, "copy"),
        "rows": (sealing, "_turn"),
        "removal": (kit.store, "remove"),
    }[cut]
    with monkeypatch.context() as broken:
        broken.setattr("app.cli.custody.time.sleep", lambda seconds: None)
        broken.setattr(*target, die)
        assert isinstance(seal(kit).exception, Killed)
    assert_whole(kit, plain)
    monkeypatch.setattr("app.cli.custody.time.sleep", lambda seconds: None)
    assert seal(kit).exception is None
    assert_whole(kit, plain)
    with kit.as_system():
        assert list(sealing.list_plain()) == []
        assert len(list(db.session.scalars(select(StoredObject.id)))) == 3
        for place in kit.places():
            with pytest.raises(ObjectGone):
                kit.store.size_of(place[0], place[1].removesuffix(sealing.SUFFIX))


def test_a_file_on_its_way_waits_and_a_damaged_one_is_named(kit: Kit, plain: dict[uuid.UUID, bytes]) -> None:
    bank, other = plain
    with kit.as_system():
        dossier = db.session.scalars(select(Dossier)).one()
        dossier.state = DossierState.submitted
        db.session.commit()
        upload = db.session.get_one(Upload, other)
        kit.store.put(upload.bucket, upload.key, [b"x" * len(plain[other])], len(plain[other]))
    said = seal(kit, "--no-wait")
    assert "0 sealed, 1 waiting, 0 missing, 1 damaged; 0 plain objects removed" in said.output
    assert f"{other}: damaged" in said.output
    assert said.exception is not None
    with kit.as_system():
        assert not db.session.get_one(Upload, bank).sealed
        assert not db.session.get_one(Upload, other).sealed


def test_what_is_purged_between_takes_its_plain_object_along(kit: Kit, plain: dict[uuid.UUID, bytes]) -> None:
    other = list(plain)[1]
    with kit.as_system():
        upload = db.session.get_one(Upload, other)
        place = (upload.bucket, upload.key)
        db.session.rollback()
        assert sealing.seal_upload(other, now=upload.created_at) is sealing.Outcome.sealed
        purging.erase(places=[[place[0], place[1] + sealing.SUFFIX]])
    with pytest.raises(ObjectGone):
        kit.store.size_of(*place)


def test_encryption_that_is_off_seals_nothing(
    kit: Kit, plain: dict[uuid.UUID, bytes], configured: Callable[..., None]
) -> None:
    configured(custody_encryption=False)
    assert "encryption is off" in str(seal(kit).exception)
    with kit.as_system():
        assert not keys.is_on()
        assert len(list(sealing.list_plain())) == 2


def test_a_bureaus_copy_of_a_file_its_organisation_had_destroyed_is_sealed_from_itself(
    kit: Kit, plain: dict[uuid.UUID, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.custody.time.sleep", lambda seconds: None)
    bank = next(iter(plain))
    with kit.as_system():
        upload = db.session.get_one(Upload, bank)
        own = (upload.bucket, upload.key)
        upload.removed_at = upload.created_at - timedelta(days=60)
        db.session.commit()
        assert purging.purge_removed(now=clock.now()) == 1
        file = db.session.scalars(select(DossierFile)).one()
        copy = (str(file.bureau_bucket), str(file.bureau_key))
    kit.work()
    assert "2 files lie plain" in seal(kit, "--dry-run").output
    said = seal(kit)
    assert said.exception is None, said.exception
    assert "2 sealed, 0 waiting, 0 missing, 0 damaged; 2 plain objects removed" in said.output
    for place in (own, copy):
        with pytest.raises(ObjectGone):
            kit.store.size_of(*place)
    with kit.as_system():
        file = db.session.scalars(select(DossierFile)).one()
        assert b"".join(reading.open_stream(file)) == plain[bank]
        assert plain[bank][:64] not in kit.stored(str(file.bureau_bucket), str(file.bureau_key))
        holders = select(CustodyKey.organisation_id).join(StoredObject, StoredObject.key_id == CustodyKey.id)
        assert db.session.scalar(holders.where(StoredObject.upload_id == bank)) is None, "the bureau's key alone"
        assert list(sealing.list_plain()) == []
