"""Documents without a database: data, characters, the department's texts, pages and seals, the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.documents import making, sampling, settings, texts
from app.documents.fonts import FontsMissing, check_printable, load_fonts
from app.documents.kinds import KINDS, RECEIPT, number_of
from app.documents.samples import SAMPLES
from app.documents.schema import check_data
from app.documents.settings import DocumentSettings
from app.rules.core import Refusal

SHEPING = Path(shutil.which("sheping") or ".venv/bin/sheping")


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> DocumentSettings:
    """Settings with the demo authority in a folder of this module."""
    return DocumentSettings(home=tmp_path_factory.mktemp("documents"))


def _text(pdf: bytes, tmp_path: Path) -> str:
    file = tmp_path / "one.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True, text=True).stdout


# -- data ---------------------------------------------------------------------------------------------------------


def test_missing_data_is_named_all_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        check_data(RECEIPT.fields, SAMPLES["receipt"] | {"uscc": " ", "items": [{"occupation_name": "电工"}]})
    assert caught.value.code == "document_data_missing"
    assert "统一社会信用代码" in str(caught.value)
    assert "第1行的等级" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"valid_from": "昨天"}, "document_data_invalid"),
        ({"items": "电工"}, "document_data_invalid"),
        ({"colour": "red"}, "document_data_unknown"),
    ],
)
def test_wrong_data_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_data(RECEIPT.fields, SAMPLES["receipt"] | change)
    assert caught.value.code == code


def test_numbers_of_kinds_and_authorities_never_meet() -> None:
    numbers = {number_of(kind, code, 2026, 1) for kind in KINDS.values() for code in ("370000", "370100", "370800")}
    assert len(numbers) == 3 * len(KINDS)
    assert len({kind.series for kind in KINDS.values()}) == len(KINDS)


# -- the department's texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            "准予{organisation}备案,代码{institution_code},自{valid_from}至{valid_to}。{password}",
            "document_text_variable",
        ),
        ("准予{organisation}备案,代码{institution_code}。", "document_text_needed"),
        ("准予{organisation备案", "document_text_braces"),
        ("准予{0}备案", "document_text_variable"),
        ("  ", "document_text_empty"),
        ("𠮷{organisation}{institution_code}{valid_from}{valid_to}", "character_unprintable"),
    ],
)
def test_texts_are_checked_before_they_are_saved(body: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts.check_body(RECEIPT.parts[0], body)
    assert caught.value.code == code


def test_variables_are_filled_once() -> None:
    data = check_data(RECEIPT.fields, SAMPLES["receipt"] | {"organisation": "{uscc}"})
    assert texts.fill("{organisation}自{valid_from}", RECEIPT, data) == "{uscc}自2026年11月23日"


# -- characters ---------------------------------------------------------------------------------------------------


def test_rare_characters_print_or_are_refused_by_name(chosen: DocumentSettings, tmp_path: Path) -> None:
    fonts = load_fonts(chosen.fonts)
    rare = "䶮㛃𬭚𫖮"
    made = making.make(
        kind="refusal_notice", title="不予受理通知书", number="青人社评不受〔2026〕1号", reference="SAMPLE-X",
        authority_code="370200", issued_on=sampling.SAMPLE_DAY, settings=chosen,
        data=sampling.sample_data(KINDS["refusal_notice"]) | {"organisation": f"青岛{rare}公司#$*_@<b>"},
    )  # fmt: skip
    shown = _text(made.pdf, tmp_path)
    assert rare in shown
    assert "#$*_@<b>" in shown
    with pytest.raises(Refusal) as caught:
        check_printable(["青岛𠮷野家公司", "a\u200bb"], fonts)
    assert "“𠮷”(U+20BB7" in str(caught.value)
    assert "U+200B" in str(caught.value)


def test_missing_fonts_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match="npm ci"):
        load_fonts((tmp_path / "none",))
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    with pytest.raises(FontsMissing, match=r"broken\.ttf"):
        load_fonts((broken,))


# -- pages and seals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_sample_is_accepted_by_poppler_and_by_us(kind: str, chosen: DocumentSettings, tmp_path: Path) -> None:
    made = sampling.make_sample(kind, chosen)
    file = tmp_path / f"{kind}.pdf"
    file.write_bytes(made.pdf)
    told = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, check=True, text=True).stdout
    assert "Signature is Valid." in told
    assert "Total document signed" in told
    assert "ETSI.CAdES.detached" in told
    assert (made.reading.problem, made.reading.whole, made.reading.trusted) == ("", True, True)
    fonts = subprocess.run(["pdffonts", file], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), "every font is embedded"
    assert number_of(KINDS[kind], _authority(kind), 2026, 3) in _text(made.pdf, tmp_path)


def _authority(kind: str) -> str:
    return "370000" if kind in sampling.PROVINCIAL else "370200"


def test_the_same_data_gives_the_same_pages(chosen: DocumentSettings) -> None:
    first, second = (sampling.preview("announcement_list", {}, chosen) for _ in range(2))
    assert first.pdf == second.pdf
    assert first.seal == second.seal


def test_a_hundred_rows_repeat_their_header(chosen: DocumentSettings, tmp_path: Path) -> None:
    pages = _text(sampling.preview("announcement_list", {}, chosen).pdf, tmp_path).split("\f")
    table = [page for page in pages if "样例" in page and "职业技能评价中心" in page]
    assert len(table) >= 4
    assert all("机构名称" in page and "所在市" in page for page in table)
    assert "S370001000100" in "".join(pages).replace("\n", "")


def test_long_names_break_and_stay_on_the_page(chosen: DocumentSettings, tmp_path: Path) -> None:
    name = "青岛西海岸新区" + "职业技能培训评价服务" * 12 + "有限公司"
    data = sampling.sample_data(RECEIPT) | {"organisation": name}
    pages = making.pages_of(
        kind="receipt", title=RECEIPT.title, number="青人社评备〔2026〕1号", reference="SAMPLE-X",
        authority_code="370200", issued_on=sampling.SAMPLE_DAY, data=data, settings=chosen,
    )  # fmt: skip
    file = tmp_path / "long.pdf"
    file.write_bytes(pages.pdf)
    boxes = subprocess.run(["pdftotext", "-bbox", file, "-"], capture_output=True, check=True, text=True).stdout
    right_edges = [float(part.split('"')[0]) for part in boxes.split('xMax="')[1:]]
    assert max(right_edges) < 595 - 69
    assert name[:20] in _text(pages.pdf, tmp_path).replace("\n", "").replace(" ", "")


# -- the command --------------------------------------------------------------------------------------------------


def _sheping(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "SHEPING_HOME": str(home)}
    return subprocess.run([SHEPING, "documents", *arguments], env=environ, capture_output=True, text=True, check=False)


def test_the_command_works_without_a_stack(tmp_path: Path) -> None:
    file = tmp_path / "sample.pdf"
    done = _sheping(tmp_path, "sample", "renewal_receipt", "--out", str(file))
    assert done.returncode == 0, done.stderr
    told = _sheping(tmp_path, "verify", str(file), "--json")
    answer = json.loads(told.stdout)
    assert (told.returncode, answer["valid"], answer["whole"], answer["state"]) == (0, True, True, "sample")
    assert {"valid", "whole", "signer", "signed_at", "number", "state", "reason"} <= answer.keys()
    file.write_bytes(file.read_bytes() + b"x")
    assert _sheping(tmp_path, "verify", str(file)).returncode == 1


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    loaded = settings.load(
        {"SHEPING_HOME": str(tmp_path), "TSA_URL": "http://tsa", "DOCUMENT_KEYS": "/keys", "DEMO": ""}
    )
    assert (loaded.tsa_url, loaded.keys, loaded.demo_keys) == ("http://tsa", Path("/keys"), False)
