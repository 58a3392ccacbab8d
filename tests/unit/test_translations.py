"""Every sentence a person may read has its English twin; none is stale, none has lost its parameters."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from app.config import ROOT

EN = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PARAMETER = re.compile(r"%\((\w+)\)[sd]")
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    target = tmp_path_factory.mktemp("messages") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg", "-k", "N_",
               "-k", "lazy_gettext", "-o", str(target), "."]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    return _read(target)


@pytest.fixture(scope="module")
def english() -> Catalog:
    return _read(EN)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="en", ignore_obsolete=True)


def _texts(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else string


def test_the_english_catalogue_is_complete(wanted: Catalog, english: Catalog) -> None:
    missing = []
    for message in wanted:
        if not message.id:
            continue
        twin = english.get(message.id, message.context)
        if twin is None or twin.fuzzy or not all(_texts(twin.string)):
            missing.append(_texts(message.id)[0])
    assert missing == [], f"{len(missing)} without English: run `make messages` and translate them"


def test_translations_keep_their_parameters(wanted: Catalog, english: Catalog) -> None:
    wrong = []
    for message in wanted:
        twin = english.get(message.id, message.context) if message.id else None
        if twin is None:
            continue
        names = set(PARAMETER.findall(_texts(message.id)[0]))
        if any(set(PARAMETER.findall(text)) - {"num"} != names - {"num"} for text in _texts(twin.string)):
            wrong.append(_texts(message.id)[0])
    assert wrong == []


def test_english_is_english(english: Catalog) -> None:
    # Titles of the notice, proper names and quoted buttons may stay Chinese, but no sentence may be left as it was.
    left = [m.id for m in english if m.id and any(t == i for t, i in zip(_texts(m.string), _texts(m.id), strict=False))
            and HAN.search(_texts(m.id)[0])]  # fmt: skip
    assert left == []
