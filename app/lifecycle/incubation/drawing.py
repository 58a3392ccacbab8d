"""A hand-drawn signature: a small PNG from the page's canvas, taken apart before it is believed.

Only what a canvas writes is accepted: 8-bit RGBA without interlace, plain chunks, nothing after the end, no more pixels
than the header says, and enough of them drawn. Nothing here ever decodes it to show it.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

from app.rules.core import N_, Refusal

PREFIX = "data:image/png;base64,"
MAX_BYTES = 60_000
MAX_WIDTH, MAX_HEIGHT = 1600, 800
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA, _CHANNELS = 6, 4
_ALLOWED = {b"IHDR", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"pHYs"}
# A signature is strokes: fewer drawn bytes than this is a dot or an empty field.
_LEAST_DRAWN = 200


def read_drawing(field: str) -> bytes:
    """The PNG of a data: address. Refusals: signature_missing, signature_too_large, signature_unreadable."""
    if not field.strip():
        raise _missing()
    if not field.startswith(PREFIX):
        raise _unreadable()
    if len(field) > len(PREFIX) + MAX_BYTES * 4 // 3 + 4:
        raise Refusal("signature_too_large", "R28", N_("手写签名的图像过大。请清除后重新签名。"))
    try:
        data = base64.b64decode(field[len(PREFIX) :], validate=True)
    except binascii.Error:
        raise _unreadable() from None
    _check_png(data)
    return data


def as_field(data: bytes) -> str:
    """The same picture as a data: address."""
    return PREFIX + base64.b64encode(data).decode()


def _missing() -> Refusal:
    return Refusal("signature_missing", "R28", N_("还没有签名。请在签名框内手写签名,或改为键入姓名。"))


def _unreadable() -> Refusal:
    return Refusal("signature_unreadable", "R28", N_("手写签名无法读取。请清除后重新签名,或改为键入姓名。"))


def _check_png(data: bytes) -> None:
    if not data.startswith(_SIGNATURE):
        raise _unreadable()
    header, pixels = _read_chunks(data[len(_SIGNATURE) :])
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT) or depth != 8 or colour != _RGBA:
        raise _unreadable()
    if compression or filtering or interlace:
        raise _unreadable()
    line = width * _CHANNELS + 1
    expected = line * height
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(pixels, expected + 1)
    except zlib.error:
        raise _unreadable() from None
    if len(raw) != expected or inflater.unconsumed_tail:
        raise _unreadable()
    # Every line begins with its filter's number, which says nothing about what was drawn.
    drawn = sum(line - 1 - raw.count(0, start + 1, start + line) for start in range(0, expected, line))
    if drawn < _LEAST_DRAWN:
        raise _missing()


def _read_chunks(data: bytes) -> tuple[bytes, bytes]:
    """The header and the joined pixel data; every chunk's checksum is checked."""
    header, pixels, at, ended = b"", bytearray(), 0, False
    while at + 12 <= len(data) and not ended:
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        check = data[at + 8 + size : at + 12 + size]
        if kind not in _ALLOWED or len(content) != size or len(check) != 4:
            raise _unreadable()
        if struct.unpack(">I", check)[0] != zlib.crc32(kind + content):
            raise _unreadable()
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            pixels += content
        ended = kind == b"IEND"
        at += 12 + size
    if not ended or at != len(data) or len(header) != 13:
        raise _unreadable()
    return header, bytes(pixels)
