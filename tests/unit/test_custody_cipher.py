"""The cipher of stored files: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tink import aead

from app.config import ConfigError
from uploads.custody import cipher, masters
from uploads.custody.cipher import PIECE, Tampered

KEY = cipher.new_data_key()
NAME = uuid.UUID(int=7).bytes
# The first segment gives 56 bytes to its header and tag, each later one 16 to its tag.
EDGES = (0, 1, PIECE - 57, PIECE - 56, PIECE - 55, PIECE, 2 * PIECE - 73, 2 * PIECE - 72, 2 * PIECE - 71)


def sealed(plain: bytes, *, piece: int = PIECE) -> bytes:
    return b"".join(cipher.seal((plain[n : n + piece] for n in range(0, len(plain), piece)), KEY, NAME))


def opened(stored: bytes, *, name: bytes = NAME, piece: int = PIECE) -> bytes:
    return b"".join(cipher.unseal((stored[n : n + piece] for n in range(0, len(stored), piece)), KEY, name))


def content(length: int) -> bytes:
    return (bytes(range(251)) * (length // 251 + 1))[:length]


@pytest.mark.parametrize("length", EDGES)
def test_every_length_comes_back_and_has_the_size_foretold(length: int) -> None:
    plain = content(length)
    stored = sealed(plain)
    assert len(stored) == cipher.sealed_size(length)
    assert opened(stored) == plain


@settings(max_examples=60, deadline=None)
@given(plain=st.binary(max_size=5000), written=st.integers(1, 2000), read=st.integers(1, 2000))
def test_however_it_is_cut_into_pieces(plain: bytes, written: int, read: int) -> None:
    assert opened(sealed(plain, piece=written), piece=read) == plain


LONG = sealed(content(2 * PIECE + 1000))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(LONG) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(at: int, bit: int) -> None:
    changed = bytearray(LONG)
    changed[at] ^= 1 << bit
    with pytest.raises(Tampered):
        opened(bytes(changed))


@settings(max_examples=40, deadline=None)
@given(length=st.one_of(st.integers(0, len(LONG) - 1), st.sampled_from([0, 39, 40, 56, PIECE, 2 * PIECE])))
def test_any_truncation_is_refused(length: int) -> None:
    with pytest.raises(Tampered):
        opened(LONG[:length])


def test_more_bytes_other_names_swapped_segments_and_other_keys_are_refused() -> None:
    swapped = LONG[:PIECE] + LONG[2 * PIECE :] + LONG[PIECE : 2 * PIECE]
    for stored in (LONG + b"\0", swapped, LONG[:PIECE] * 2):
        with pytest.raises(Tampered):
            opened(stored)
    with pytest.raises(Tampered):
        opened(LONG, name=uuid.UUID(int=8).bytes)
    with pytest.raises(Tampered):
        b"".join(cipher.unseal([LONG], cipher.new_data_key(), NAME))


def test_a_store_that_fails_is_not_called_tampering() -> None:
    def pieces() -> object:
        yield LONG[: PIECE // 2]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        b"".join(cipher.unseal(pieces(), KEY, NAME))  # type: ignore[arg-type]


def test_a_wrapped_key_opens_only_with_its_wrapper_and_its_name() -> None:
    holder = cipher.new_holder_key()
    wrapping = holder.primitive(aead.Aead)
    wrapped = cipher.wrap(KEY, wrapping, b"a")
    again = cipher.unwrap(wrapped, wrapping, b"a")
    assert b"".join(cipher.unseal([LONG], again, NAME)) == content(2 * PIECE + 1000)
    for wrong, name in ((wrapping, b"b"), (cipher.new_holder_key().primitive(aead.Aead), b"a")):
        with pytest.raises(Tampered):
            cipher.unwrap(wrapped, wrong, name)


def test_master_keys_are_numbered_and_the_highest_wraps() -> None:
    known = masters.parse(f"{masters.generate(1)},{masters.generate(3)}")
    assert known.newest == 3
    wrapped = cipher.wrap(cipher.new_holder_key(), known.of(1), b"x")
    assert cipher.unwrap(wrapped, known.of(1), b"x")
    with pytest.raises(Tampered):
        cipher.unwrap(wrapped, known.of(3), b"x")
    with pytest.raises(ConfigError, match="lacks master key 2"):
        known.of(2)
    with pytest.raises(ConfigError, match="not set"):
        _ = masters.parse("").newest


TWICE = pytest.param(masters.generate(1) + "," + masters.generate(1), id="twice")


@pytest.mark.parametrize("text", ["1", "1:", "x:AAAA", "1:c2hvcnQ=", TWICE])
def test_a_malformed_master_key_is_one_sentence_without_the_key(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        masters.parse(text)
    assert "CUSTODY_KEYS" in str(caught.value)
    assert len(text) < 5 or text.split(":")[1][:8] not in str(caught.value) or not text.split(":")[1]
