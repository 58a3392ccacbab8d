"""Sealing and opening a stream of bytes: Tink's streaming AEAD (AES-256-GCM-HKDF, segments of 1 MB).

Each segment is authenticated before a byte of it is given out, and the last one is marked: a flipped bit, a segment
moved, a file cut short or continued is Tampered, at the latest at its end.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import tink
from tink import aead, proto_keyset_format, streaming_aead

PIECE = 1024 * 1024

streaming_aead.register()
aead.register()


class Tampered(Exception):
    """The stored bytes are not what was sealed under this key for this object."""


def new_data_key() -> tink.KeysetHandle:
    """A fresh key for one object."""
    return tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)


def new_holder_key() -> tink.KeysetHandle:
    """A fresh key of an organisation or an authority."""
    return tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)


def wrap(key: tink.KeysetHandle, wrapping: aead.Aead, associated: bytes) -> bytes:
    """The key as it is stored."""
    return bytes(proto_keyset_format.serialize_encrypted(key, wrapping, associated))


def unwrap(wrapped: bytes, wrapping: aead.Aead, associated: bytes) -> tink.KeysetHandle:
    """The key again. Raises Tampered when it was wrapped by another key or for something else."""
    try:
        return proto_keyset_format.parse_encrypted(wrapped, wrapping, associated)
    except tink.TinkError as error:
        raise Tampered("a wrapped key does not open") from error


class _Sink(io.RawIOBase):
    """Collects what the encrypting stream has ready."""

    def __init__(self) -> None:
        super().__init__()
        self.ready: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.ready.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What is ready, once."""
        taken, self.ready = b"".join(self.ready), []
        return taken


def seal(pieces: Iterable[bytes], key: tink.KeysetHandle, associated: bytes) -> Iterator[bytes]:
    """The ciphertext of `pieces`, in pieces; memory is bounded by the size of a piece."""
    sink = _Sink()
    stream = key.primitive(streaming_aead.StreamingAead).new_encrypting_stream(cast(BinaryIO, sink), associated)
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[stream.write(view) :]
        if ready := sink.take():
            yield ready
    stream.close()
    if ready := sink.take():
        yield ready


class _Source(io.RawIOBase):
    """What the decrypting stream reads from: an iterator as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        # Tink turns an exception of its source into one of its own; the reader must know a store that is down.
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except Exception as error:
            self.failure = error
            raise
        wanted = len(self._rest) if size is None or size < 0 else size
        taken, self._rest = bytes(self._rest[:wanted]), self._rest[wanted:]
        return taken


def unseal(pieces: Iterable[bytes], key: tink.KeysetHandle, associated: bytes) -> Iterator[bytes]:
    """The plain bytes of a ciphertext. Raises Tampered, and whatever reading `pieces` raises."""
    source = _Source(pieces)
    try:
        primitive = key.primitive(streaming_aead.StreamingAead)
        stream = primitive.new_decrypting_stream(cast(BinaryIO, source), associated)
        while piece := stream.read(PIECE):
            yield piece
    except GeneratorExit:
        raise
    except Exception as error:
        if source.failure is not None:
            raise source.failure from error
        raise Tampered("the stored bytes do not open") from error


def sealed_size(plain: int) -> int:
    """How many bytes `plain` bytes take when sealed: a header of 40 bytes, 16 more a segment of 1 MB."""
    header, tag, segment = 40, 16, PIECE
    first = segment - header - tag
    more = 0 if plain <= first else -(-(plain - first) // (segment - tag))
    return plain + header + tag * (1 + more)
