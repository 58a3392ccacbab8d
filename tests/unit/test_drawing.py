"""What the signature field accepts: a plain PNG with something drawn on it, and nothing else."""

from __future__ import annotations

import zlib

import pytest

from app.lifecycle.incubation.drawing import MAX_BYTES, as_field, read_drawing
from app.rules.core import Refusal
from tests.factories.drawings import SIGNATURE, chunk, field, png


def test_what_a_canvas_writes_is_taken_as_it_is() -> None:
    data = png()
    assert read_drawing(field(data)) == data
    assert as_field(data) == field(data)


BOMB = SIGNATURE + chunk(b"IHDR", png()[16:29]) + chunk(b"IDAT", zlib.compress(bytes(50_000_000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "signature_missing"),
        (field(png(drawn=False)), "signature_missing"),
        ("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=", "signature_unreadable"),
        ("data:image/png;base64,????", "signature_unreadable"),
        (field(b"GIF89a"), "signature_unreadable"),
        (field(png(claimed=(160, 24))), "signature_unreadable"),
        (field(png(claimed=(80, 12))), "signature_unreadable"),
        (field(png(claimed=(9000, 9000))), "signature_unreadable"),
        (field(png(depth=16)), "signature_unreadable"),
        (field(png(colour=2)), "signature_unreadable"),
        (field(png(tail=b"<script>")), "signature_unreadable"),
        (field(png(extra=chunk(b"tEXt", b"a\0b"))), "signature_unreadable"),
        (field(png()[:-20]), "signature_unreadable"),
        (field(png().replace(b"IDAT", b"IDAX", 1)), "signature_unreadable"),
        (field(BOMB), "signature_unreadable"),
        (field(SIGNATURE + b"x" * MAX_BYTES), "signature_too_large"),
    ],
)
def test_anything_else_is_refused(given: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_drawing(given)
    assert (refused.value.code, refused.value.rule) == (code, "R28")
