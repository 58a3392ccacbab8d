"""PDF/A-2b (ISO 19005-2) of every kind of document, before its seal and after: what can be checked in the structure.

No validator of the standard comes from a package registry; this looks at what its clauses ask of a file's structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pikepdf
import pytest

from app.documents import sampling
from app.documents.kinds import KINDS
from app.documents.settings import DocumentSettings

FORBIDDEN_ACTIONS = {
    "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/SetOCGState", "/Rendition",
    "/Trans", "/GoTo3DView",
}  # fmt: skip
FORBIDDEN_ANNOTATIONS = {"/3D", "/Sound", "/Screen", "/Movie"}
PRINT, HIDDEN, INVISIBLE, NO_VIEW, TOGGLE_NO_VIEW = 4, 2, 1, 32, 256


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> DocumentSettings:
    """Settings with the demo authority in a folder of this module."""
    return DocumentSettings(home=tmp_path_factory.mktemp("documents"))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_archival_before_and_after_its_seal(kind: str, chosen: DocumentSettings) -> None:
    unsigned = sampling.preview(kind, {}, chosen).pdf
    signed = sampling.make_sample(kind, chosen).pdf
    assert signed.startswith(unsigned), "the seal is added behind the pages; not a byte of them is written anew"
    for name, pdf in (("before", unsigned), ("after", signed)):
        assert list(_faults(pdf)) == [], name


def test_the_look_finds_what_it_looks_for(chosen: DocumentSettings) -> None:
    """Each clause broken once is told: the check above can fail."""
    pdf = sampling.make_sample("refusal_notice", chosen).pdf

    def broken(change: str) -> str:
        with pikepdf.open(BytesIO(pdf)) as document:
            root = document.Root
            if change == "metadata":
                del root.Metadata
            elif change == "intent":
                del root.OutputIntents
            elif change == "script":
                root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
            elif change == "font":
                for one in document.objects:
                    if isinstance(one, pikepdf.Dictionary) and "/FontFile2" in one:
                        del one["/FontFile2"]
            output = BytesIO()
            encryption = pikepdf.Encryption(owner="a", user="") if change == "encrypted" else None
            document.save(output, encryption=encryption or False)
        return " ".join(_faults(output.getvalue()))

    assert "pdfaid" in broken("metadata")
    assert "OutputIntent" in broken("intent")
    assert "/JavaScript" in broken("script")
    assert "not embedded" in broken("font")
    assert "encrypted" in broken("encrypted")


def _faults(pdf: bytes) -> Iterator[str]:
    """What ISO 19005-2 forbids, clause by clause; nothing for a good file."""
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", pdf):
        yield "6.1.2: the header"
    with pikepdf.open(BytesIO(pdf)) as document:
        if document.is_encrypted or "/Encrypt" in document.trailer:
            yield "6.1.3: encrypted"
        if "/ID" not in document.trailer:
            yield "6.1.3: no file identifier"
        yield from _metadata_faults(document)
        yield from _colour_faults(document)
        for one in document.objects:
            if isinstance(one, pikepdf.Stream) and ("/F" in one or "/LZWDecode" in str(one.get("/Filter", ""))):
                yield "6.1.7: a stream outside the file, or LZW"
            for part in _with_direct_parts(one):
                yield from _object_faults(part)
        for page in document.pages:
            for annotation in page.get("/Annots", []):
                yield from _annotation_faults(annotation)
        names = document.Root.get("/Names", pikepdf.Dictionary())
        if "/JavaScript" in names or "/AA" in document.Root:
            yield "6.5: scripts or additional actions of the document"
        if document.Root.get("/AcroForm", pikepdf.Dictionary()).get("/NeedAppearances", False):
            yield "6.4.1: NeedAppearances"


def _with_direct_parts(one: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """A dictionary and those written inside it; what it only refers to comes by itself."""
    if isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
        yield one
        children = [child for _, child in one.items()]
    else:
        children = list(one) if isinstance(one, pikepdf.Array) else []
    for child in children:
        if isinstance(child, pikepdf.Object) and not child.is_indirect:
            yield from _with_direct_parts(child)


def _metadata_faults(document: pikepdf.Pdf) -> Iterator[str]:
    with document.open_metadata() as metadata:
        told = (metadata.get("pdfaid:part"), metadata.get("pdfaid:conformance"))
        title = metadata.get("dc:title")
    if told != ("2", "B"):
        yield f"6.6.4: pdfaid says {told}"
    elif str(document.docinfo.get("/Title", "")) != str(title):
        yield "6.6.3: the title differs in the metadata"


def _colour_faults(document: pikepdf.Pdf) -> Iterator[str]:
    intents = [one for one in document.Root.get("/OutputIntents", []) if one.S == "/GTS_PDFA1"]
    if len(intents) != 1:
        yield "6.2.3: one OutputIntent of PDF/A"
        return
    profile = intents[0].DestOutputProfile
    if profile.N != 3 or profile.read_bytes()[36:40] != b"acsp" or profile.read_bytes()[16:20] != b"RGB ":
        yield "6.2.3: the OutputIntent is no RGB profile"


def _object_faults(one: pikepdf.Object) -> Iterator[str]:
    if one.get("/S") in FORBIDDEN_ACTIONS:
        yield f"6.5.1: {one.get('/S')}"
    if one.get("/Type") == "/FontDescriptor" and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(one.keys()):
        yield f"6.2.11.4: {one.get('/FontName')} is not embedded"
    if one.get("/Type") == "/Font" and one.get("/Subtype") in {"/Type1", "/TrueType"} and "/FontDescriptor" not in one:
        yield f"6.2.11.4: {one.get('/BaseFont')} is not embedded"
    if one.get("/Subtype") == "/Image" and one.get("/Interpolate", False):
        yield "6.2.8: an interpolated picture"
    if one.get("/Type") == "/ExtGState" and one.get("/TR2", "/Default") != "/Default":
        yield "6.2.5: a transfer function"


def _annotation_faults(annotation: pikepdf.Object) -> Iterator[str]:
    if annotation.Subtype in FORBIDDEN_ANNOTATIONS:
        yield f"6.3.1: {annotation.Subtype}"
    flags = int(annotation.get("/F", 0))
    if annotation.Subtype != "/Popup" and (
        not flags & PRINT or flags & (HIDDEN | INVISIBLE | NO_VIEW | TOGGLE_NO_VIEW)
    ):
        yield f"6.3.2: flags {flags}"
    if annotation.Subtype == "/Widget" and ("/A" in annotation or "/AA" in annotation):
        yield "6.4.1: a field with an action"
    if annotation.Subtype not in {"/Popup", "/Link"} and "/N" not in annotation.get("/AP", pikepdf.Dictionary()):
        yield "6.3.3: no appearance"
