"""Documents a second: typeset, sealed, verified, beside typst and pyHanko alone on the same pages in the same run."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import typst
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from app.documents import demo_authority, keys, making, reader, sampling
from app.documents.fonts import load_fonts
from app.documents.kinds import KINDS
from app.documents.settings import DocumentSettings
from app.documents.typesetting import TEMPLATES
from tests.benchmarks.rows import Row

UNIT = "documents/s"
N = 40
KIND = "receipt"


def measure() -> list[Row]:
    """The rows. The yardsticks do only what their library must; ours also draw the seal and read the result again."""
    with tempfile.TemporaryDirectory(prefix="sheping-bench-") as folder:
        settings = DocumentSettings(home=Path(folder))
        made = sampling.make_sample(KIND, settings)
        pages = sampling.preview(KIND, {}, settings)
        roots = keys.trust_roots(settings, with_demo=True)
        seconds = _best(
            {
                "typst": lambda: _compile(settings),
                "hanko": _signing(pages.pdf, settings),
                "typeset": lambda: sampling.preview(KIND, {}, settings),
                "made": lambda: sampling.make_sample(KIND, settings),
                "validate": lambda: _validate(made.pdf, roots),
                "read": lambda: making.read_again(made.pdf, settings),
                "apart": lambda: reader.READER.read(made.pdf, roots=roots),
            }
        )
        reader.READER.close()
    rates = {name: 1 / one for name, one in seconds.items()}
    both = 1 / (seconds["typst"] + seconds["hanko"])
    return [
        Row.of_rates("documents: typeset, against typst", rates["typeset"], UNIT, rates["typst"], N),
        Row.of_rates("documents: typeset, sealed, read again, against both", rates["made"], UNIT, both, N),
        Row.of_rates("documents: verified, against pyHanko", rates["read"], UNIT, rates["validate"], N),
        Row.of_rates("documents: verified apart, with limits", rates["apart"], UNIT, rates["validate"], N),
    ]


def _best(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds that each takes at its best, in turns: what else the machine does falls on all of them alike."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(N):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def _compile(settings: DocumentSettings) -> bytes:
    """What typst needs for the same page: the template, the data, the fonts; no second look for the seal's place."""
    fonts = load_fonts(settings.fonts)
    meta = {
        "kind": KIND, "title": KINDS[KIND].title, "number": "青人社评备〔2026〕3号",
        "authority": "青岛市人力资源和社会保障局", "issued_on": "2026-11-23", "check_url": "http://127.0.0.1/",
        "reference": "SAMPLE-RECEIPT", "is_sample": True, "families": list(fonts.families),
        "qr": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9v9z'/></svg>",
    }  # fmt: skip
    given = json.dumps({"meta": meta, "data": sampling.sample_data(KINDS[KIND])}, ensure_ascii=False)
    pdf: bytes = typst.compile(
        str(TEMPLATES / f"{KIND}.typ"), root=str(TEMPLATES), font_paths=fonts.typst_fonts, ignore_system_fonts=True,
        format="pdf", pdf_standards="a-2b", sys_inputs={"given": given},
    )  # fmt: skip
    return pdf


def _signing(pdf: bytes, settings: DocumentSettings) -> Callable[[], bytes]:
    path, password = demo_authority.key_of("370200", settings.home)
    signer = SimpleSigner.load_pkcs12(str(path), passphrase=password.encode())
    if signer is None:
        raise RuntimeError("the demo authority's key cannot be read")

    def sign() -> bytes:
        metadata = PdfSignatureMetadata(
            field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )  # fmt: skip
        output = BytesIO()
        PdfSigner(metadata, signer=signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), output=output)
        return output.getvalue()

    return sign


def _validate(pdf: bytes, roots: list[bytes]) -> bool:
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(root) for root in roots])
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    return bool(validate_pdf_signature(signature, signer_validation_context=context).bottom_line)
