"""All pairs of texts whose normalised Levenshtein similarity reaches a threshold: exact, no pair is ever left out.

Comparing 50,000 stems with one another is 1.25 billion distances. Three filters that can never lose a true pair come
first, cheapest last resort included:

1. Length: a distance of d changes the length by at most d.
2. Pigeonhole: d edits cannot touch d + 1 disjoint pieces of a text, so one of them stands unchanged, at most d places
   away, in the other text. Which pieces is ours to choose: of each text its d + 1 disjoint trigrams that are rarest in
   the bank, so that boilerplate (「下列关于…的说法正确的是」) is not looked up wherever a text offers anything else.
3. Parity: bit b of a signature says whether the characters hashed to b occur an odd number of times. An edit flips at
   most two bits, an insertion only one. Texts made of nothing but boilerplate skip filter 2 and meet all others here,
   at about a nanosecond a pair.

What remains is measured by rapidfuzz.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist, cpdist

from uploads.banks.neardup_pieces import (
    DP_LENGTH,
    Index,
    Ints,
    Probes,
    Texts,
    Words,
    build_index,
    find_probes,
    prepare,
    signatures,
)

_CANDIDATES = 1 << 20
_VERIFIED = 1 << 17
# Looking up a candidate costs about this many times a comparison in the sweep, which reads memory in order.
_LOOKUP_COST = 6
_TILE = (64, 8192)
_DENSE = 10
# Below this many comparisons, or this many for each character that would have to be indexed, sweeping is cheaper.
_SWEPT_AT_ONCE = 30_000_000
_SWEPT_FOR_AN_INDEX = 60


@dataclass(frozen=True, slots=True)
class Pairs:
    """Indexes of the texts of each pair, `first` < `second`, and their similarity."""

    first: Ints
    second: Ints
    similarity: npt.NDArray[np.float64]


def _expand(low: Ints, count: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Ranges as flat indexes in bounded pieces: (which range, index)."""
    ends = np.cumsum(count)
    first = 0
    while first < len(count):
        done = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _CANDIDATES, "right")))
        which = np.repeat(np.arange(first, last), count[first:last])
        within = np.arange(len(which)) - (ends[which] - count[which] - done)
        yield which, low[which] + within
        first = last


def _alike(data: Texts, signs: Words, folded: Words, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """The parity filter for given pairs, `right` being the longer text."""
    bound = 2 * data.edits[right] - (data.length[right] - data.length[left])
    keep: npt.NDArray[np.bool_] = np.bitwise_count(folded[left] ^ folded[right]) <= bound
    some = np.flatnonzero(keep)
    flips = np.bitwise_count(signs[left[some]] ^ signs[right[some]]).sum(axis=1, dtype=np.int64)
    keep[some] = flips <= bound[some]
    return keep


def _lookup(
    data: Texts, index: Index, signs: Words, folded: Words, text: Ints, at: Ints, low: Ints, high: Ints
) -> Iterator[Ints]:
    for which, entry in _expand(low, np.maximum(high - low, 0)):
        left, right = text[which], index.key[entry] % data.count
        near = np.abs(index.position[entry] - at[which]) <= data.edits[right]
        left, right = left[near], right[near]
        kept = _alike(data, signs, folded, left, right)
        yield left[kept] * data.count + right[kept]


def _sweep(data: Texts, signs: Words, folded: Words, rows: Ints) -> Iterator[Ints]:
    """Each of `rows` (rising) against every longer text within reach, a tile at a time."""
    for first in range(0, len(rows), _TILE[0]):
        block = rows[first : first + _TILE[0]]
        end = int(data.reach[block].max())
        for low in range(int(block[0]) + 1, end, _TILE[1]):
            yield _sweep_tile(data, signs, folded, block, np.arange(low, min(low + _TILE[1], end)))


def _sweep_tile(data: Texts, signs: Words, folded: Words, block: Ints, others: Ints) -> Ints:
    limit = (2 * data.edits[others] - data.length[others]).astype(np.int32)
    flips = np.bitwise_count(folded[block][:, None] ^ folded[others][None, :])
    hit, other = np.nonzero(flips <= limit[None, :] + data.length[block].astype(np.int32)[:, None])
    left, right = block[hit], others[other]
    fit = (right > left) & (right < data.reach[left])
    left, right = left[fit], right[fit]
    kept = _alike(data, signs, folded, left, right)
    left, right = left[kept], right[kept]
    if len(left) * _DENSE > len(block) * len(others):
        # Nearly alike by the thousand: measuring the whole tile is cheaper than picking pairs out of it.
        allowed = data.edits[others]
        distance = cdist(
            data.texts[block].tolist(),
            data.texts[others].tolist(),
            scorer=Levenshtein.distance,
            score_cutoff=int(allowed.max()),
            dtype=np.int32,
            workers=2,
        )
        hit, other = np.nonzero(distance <= allowed[None, :])
        left, right = block[hit], others[other]
        fit = (right > left) & (right < data.reach[left])
        left, right = left[fit], right[fit]
    return np.asarray(left * data.count + right)


def _search(
    data: Texts, signs: Words, folded: Words, indexes: Sequence[Index], probes: Probes, rest: list[Ints]
) -> Iterator[Ints]:
    """Look the probes up. Texts for which a sweep is cheaper, or that have no probes, are put into `rest`."""
    ranges = []
    work = np.zeros(data.count)
    for index in indexes:
        mine = np.flatnonzero(probes.size == index.size)
        text, at = probes.text[mine], probes.at[mine]
        base = index.piece[data.start[text] + at].astype(np.int64) * data.count
        low = np.searchsorted(index.key, base + probes.low[mine], "left")
        high = np.searchsorted(index.key, base + probes.high[mine], "left")
        work += np.bincount(text, weights=np.maximum(high - low, 0), minlength=data.count)
        ranges.append((text, at, low, high))
    dear = work * _LOOKUP_COST > data.reach - np.arange(data.count) - 1
    rest.append(np.flatnonzero(dear))
    for index, (text, at, low, high) in zip(indexes, ranges, strict=True):
        cheap = ~dear[text]
        yield from _lookup(data, index, signs, folded, text[cheap], at[cheap], low[cheap], high[cheap])


def _candidates(data: Texts) -> Iterator[Ints]:
    """Pairs that may be alike, as left · count + right; some more than once."""
    signs = signatures(data)
    folded = np.bitwise_xor.reduce(signs, axis=1)
    window = data.reach - np.arange(data.count) - 1
    rows = np.flatnonzero((data.budget > 0) & (window > 0))
    built: dict[int, Index] = {}
    for sizes, by_budget in (((3,), False), ((1, 2, 3), True)):
        if int(window[rows].sum()) < max(_SWEPT_AT_ONCE, _SWEPT_FOR_AN_INDEX * len(data.codes)):
            break
        tried = rows[data.length[rows] <= DP_LENGTH] if by_budget else rows
        built |= {size: build_index(data, size) for size in sizes if size not in built}
        indexes = [built[size] for size in sizes]
        probes = find_probes(data, indexes, tried, by_budget)
        rest: list[Ints] = []
        yield from _search(data, signs, folded, indexes, probes, rest)
        unprobed = np.ones(data.count, np.bool_)
        unprobed[probes.text] = False
        rows = np.union1d(rest[0], rows[unprobed[rows]])
    yield from _sweep(data, signs, folded, rows)


def _measure(data: Texts, candidates: Iterator[Ints], workers: int) -> Iterator[tuple[Ints, Ints]]:
    """The true pairs among the candidates with their distances, in pieces that keep the memory small."""
    waiting: list[Ints] = []
    held = 0
    for keys in candidates:
        waiting.append(keys)
        held += len(keys)
        if held >= _CANDIDATES:
            yield from _measure_keys(data, np.unique(np.concatenate(waiting)), workers)
            waiting, held = [], 0
    if waiting:
        yield from _measure_keys(data, np.unique(np.concatenate(waiting)), workers)


def _measure_keys(data: Texts, keys: Ints, workers: int) -> Iterator[tuple[Ints, Ints]]:
    for first in range(0, len(keys), _VERIFIED):
        part = keys[first : first + _VERIFIED]
        left, right = part // data.count, part % data.count
        allowed = data.edits[right]
        distance = cpdist(
            data.texts[left].tolist(),
            data.texts[right].tolist(),
            scorer=Levenshtein.distance,
            score_cutoff=int(allowed.max()),
            workers=workers,
            dtype=np.int64,
        )
        true = distance <= allowed
        yield part[true], distance[true]


def near_pairs(texts: Sequence[str], similarity: float, workers: int = 2) -> Pairs:
    """All pairs among distinct `texts` with 1 − distance / longer length ≥ `similarity`, `similarity` above a half."""
    empty = np.zeros(0, np.int64)
    if len(texts) < 2:
        return Pairs(empty, empty, np.zeros(0))
    data = prepare(texts, similarity)
    measured = list(_measure(data, _candidates(data), workers))
    keys, once = np.unique(np.concatenate([empty, *(part[0] for part in measured)]), return_index=True)
    distance = np.concatenate([empty, *(part[1] for part in measured)])[once]
    left, right = keys // data.count, keys % data.count
    one, two = data.original[left], data.original[right]
    return Pairs(np.minimum(one, two), np.maximum(one, two), 1 - distance / data.length[right])
