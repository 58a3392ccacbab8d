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
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist, cpdist

Ints = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]

_BITS = 256
_DP_LENGTH = 64
_CANDIDATES = 1 << 20
_VERIFIED = 1 << 17
# Looking up a candidate costs about this many times a comparison in the sweep, which reads memory in order.
_LOOKUP_COST = 6
_TILE = (64, 8192)
_DENSE = 10
# Below this many comparisons, or this many for each character that would have to be indexed, sweeping is cheaper.
_SWEPT_AT_ONCE = 30_000_000
_SWEPT_FOR_AN_INDEX = 60
_ENDLESS = np.int64(1) << 50
_RARE_NEVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Pairs:
    """Indexes of the texts of each pair, `first` < `second`, and their similarity."""

    first: Ints
    second: Ints
    similarity: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Distinct texts in order of length. `reach[i]` ends the texts that could be partners of i by their length;
    `budget[i]` is the largest distance any of these may have."""

    texts: npt.NDArray[np.object_]
    original: Ints
    length: Ints
    edits: Ints
    reach: Ints
    budget: Ints
    codes: Narrow
    start: Ints

    @property
    def count(self) -> int:
        return len(self.length)


def _prepare(texts: Sequence[str], similarity: float) -> _Texts:
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    original = np.argsort(lengths, kind="stable")
    length = lengths[original]
    longest = int(length[-1]) if len(length) else 0
    # Edits allowed in a pair whose longer text has this length; the tiny term undoes rounding (0.15 · 20 is 3).
    sizes = np.arange(2 * longest + 8)
    allowed = np.floor((1 - similarity) * sizes + 1e-9).astype(np.int64)
    # The longest partner of a text of length n is the longest m with m − allowed(m) ≤ n: that is monotone in m.
    partner = np.searchsorted(sizes - allowed, sizes[: longest + 1], "right") - 1
    partner = np.minimum(partner, longest)
    ordered = np.empty(len(texts), dtype=object)
    ordered[:] = [texts[index] for index in original]
    raw = np.frombuffer("".join(ordered).encode("utf-32-le", "surrogatepass"), np.uint32)
    used = np.zeros(0x110000, np.bool_)
    used[raw] = True
    dense = np.cumsum(used, dtype=np.int32) - 1
    return _Texts(
        texts=ordered,
        original=original,
        length=length,
        edits=allowed[length],
        reach=np.searchsorted(length, partner[length], "right"),
        budget=allowed[partner[length]],
        codes=dense[raw].astype(np.int32),
        start=np.concatenate([[0], np.cumsum(length)[:-1]]) if len(length) else length,
    )


def _signatures(data: _Texts) -> Words:
    """Parity of each of 256 hashed characters, as four words a text."""
    mixed = (data.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(56)
    owner = np.repeat(np.arange(data.count), data.length)
    words = np.empty((data.count, _BITS // 64), np.uint64)
    for low in range(0, data.count, 4096):
        high = min(low + 4096, data.count)
        end = int(data.start[high - 1] + data.length[high - 1])
        part = slice(int(data.start[low]), end)
        flat = (owner[part] - low) * _BITS + mixed[part].astype(np.int64)
        odd = (np.bincount(flat, minlength=(high - low) * _BITS) & 1).astype(np.uint8)
        words[low:high] = np.packbits(odd.reshape(-1, _BITS), axis=1).view(np.uint64)
    return words


@dataclass(frozen=True, slots=True)
class _Index:
    """Every piece of `size` characters of every text: `key` = piece · count + text, rising, with its place in the text.

    `piece[p]` is what begins at character p of the joined texts, `cost[p]` how common it is.
    """

    size: int
    key: Ints
    position: Narrow
    piece: Narrow
    cost: Narrow


def _index(data: _Texts, size: int) -> _Index:
    """Built with few and narrow temporaries: for 50,000 stems every array here has more than a million entries."""
    total = len(data.codes)
    owner = np.repeat(np.arange(data.count, dtype=np.int32), data.length)
    place = (np.arange(total) - np.repeat(data.start, data.length)).astype(np.int32)
    whole = np.flatnonzero(place <= data.length[owner] - size).astype(np.int32)
    width = np.int64(data.codes.max() + 1)
    value = data.codes[whole].astype(np.int64)
    for step in range(1, size):
        value *= width
        value += data.codes[whole + step]
    order = np.argsort(value, kind="stable")
    value = value[order]
    whole = whole[order]
    del order
    new = np.concatenate([[True], value[1:] != value[:-1]])
    del value
    rank = np.cumsum(new, dtype=np.int32) - np.int32(1)
    piece = np.full(total, -1, np.int32)
    piece[whole] = rank
    cost = np.full(total, _RARE_NEVER, np.int32)
    cost[whole] = np.bincount(rank).astype(np.int32)[rank]
    key = rank.astype(np.int64)
    key *= data.count
    key += owner[whole]
    return _Index(size, key, place[whole], piece, cost)


def _choose_cheapest(costs: Sequence[tuple[int, Narrow]], length: int, wanted: int) -> tuple[Ints, Ints]:
    """The cheapest `wanted` disjoint pieces of texts of one length, by dynamic programming over all texts at once.

    `costs` pairs a size with the cost of the piece at each position (texts × positions). Returns positions and sizes,
    texts × wanted.
    """
    texts = len(costs[0][1])
    best = np.full((length + 1, texts), 0, np.int64)
    taken = np.zeros((wanted + 1, length + 1, texts), np.int8)
    for piece in range(1, wanted + 1):
        above, best = best, np.full((length + 1, texts), _ENDLESS, np.int64)
        for end in range(piece * costs[0][0], length + 1):
            best[end] = best[end - 1]
            for size, cost in costs:
                if end >= size:
                    offer = above[end - size] + cost[:, end - size]
                    better = offer < best[end]
                    taken[piece, end][better] = size
                    np.copyto(best[end], offer, where=better)
    rows = np.arange(texts)
    end_at = np.full(texts, length)
    places, sizes = np.empty((texts, wanted), np.int64), np.empty((texts, wanted), np.int64)
    for piece in range(wanted, 0, -1):
        while not (got := taken[piece, end_at, rows]).all():
            end_at = end_at - (got == 0)
        end_at = end_at - got
        places[:, piece - 1], sizes[:, piece - 1] = end_at, got
    return places, sizes


def _choose_even(cost: Narrow, size: int, length: int, wanted: int) -> tuple[Ints, Ints]:
    """The same for long texts: the rarest piece out of each of `wanted` equal parts."""
    edges = np.linspace(0, length, wanted + 1).astype(np.int64)
    places = np.empty((len(cost), wanted), np.int64)
    for part in range(wanted):
        low, high = int(edges[part]), int(edges[part + 1]) - size + 1
        places[:, part] = low + np.argmin(cost[:, low:high], axis=1)
    return places, np.full_like(places, size)


@dataclass(frozen=True, slots=True)
class _Probes:
    """Pieces to look up: piece of `size` at place `at` of text `text`, for partners numbered from `low` to `high`."""

    text: Ints
    at: Ints
    size: Ints
    low: Ints
    high: Ints


def _probe_group(data: _Texts, indexes: Sequence[_Index], rows: Ints, budget: int, low: Ints, high: Ints) -> _Probes:
    """Probes of texts of one length for partners at most `budget` edits away."""
    length, wanted = int(data.length[rows[0]]), budget + 1
    parts: list[tuple[Ints, Ints]] = []
    step = max(1, (1 << 22) // ((length + 1) * (wanted + 1)))
    for first in range(0, len(rows), step):
        start = data.start[rows[first : first + step]][:, None]
        costs = [(index.size, index.cost[start + np.arange(length - index.size + 1)]) for index in indexes]
        if length > _DP_LENGTH and len(costs) == 1:
            parts.append(_choose_even(costs[0][1], costs[0][0], length, wanted))
        else:
            parts.append(_choose_cheapest(costs, length, wanted))
    places = np.concatenate([part[0] for part in parts]).ravel()
    sizes = np.concatenate([part[1] for part in parts]).ravel()
    text, low, high = (np.repeat(values, wanted) for values in (rows, low, high))
    return _Probes(text, places, sizes, low, high)


def _probes(data: _Texts, indexes: Sequence[_Index], rows: Ints, by_budget: bool) -> _Probes:
    """How each of `rows` (rising) looks for its partners: with the budget of its longest partner, or, finer and
    dearer, one set of pieces for each budget that occurs among its partners."""
    groups: list[_Probes] = []
    lengths = data.length[rows]
    edges = np.flatnonzero(np.diff(lengths, prepend=-1, append=-1)).tolist() if len(rows) else []
    for first, last in pairwise(edges):
        group = rows[first:last]
        length, most = int(data.length[group[0]]), int(data.budget[group[0]])
        least = int(data.edits[group[0]]) if by_budget else most
        for budget in range(least, most + 1):
            low, high = group + 1, data.reach[group]
            if by_budget:
                low = np.maximum(low, np.searchsorted(data.edits, budget, "left"))
                high = np.minimum(high, np.searchsorted(data.edits, budget, "right"))
            if budget and length >= indexes[0].size * (budget + 1) and (low < high).any():
                groups.append(_probe_group(data, indexes, group, budget, low, high))
    empty = np.zeros(0, np.int64)
    if not groups:
        return _Probes(empty, empty, empty, empty, empty)
    return _Probes(*(np.concatenate([getattr(group, name) for group in groups]) for name in _Probes.__slots__))


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


def _alike(data: _Texts, signs: Words, folded: Words, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """The parity filter for given pairs, `right` being the longer text."""
    bound = 2 * data.edits[right] - (data.length[right] - data.length[left])
    keep: npt.NDArray[np.bool_] = np.bitwise_count(folded[left] ^ folded[right]) <= bound
    some = np.flatnonzero(keep)
    flips = np.bitwise_count(signs[left[some]] ^ signs[right[some]]).sum(axis=1, dtype=np.int64)
    keep[some] = flips <= bound[some]
    return keep


def _lookup(
    data: _Texts, index: _Index, signs: Words, folded: Words, text: Ints, at: Ints, low: Ints, high: Ints
) -> Iterator[Ints]:
    for which, entry in _expand(low, np.maximum(high - low, 0)):
        left, right = text[which], index.key[entry] % data.count
        near = np.abs(index.position[entry] - at[which]) <= data.edits[right]
        left, right = left[near], right[near]
        kept = _alike(data, signs, folded, left, right)
        yield left[kept] * data.count + right[kept]


def _sweep(data: _Texts, signs: Words, folded: Words, rows: Ints) -> Iterator[Ints]:
    """Each of `rows` (rising) against every longer text within reach, a tile at a time."""
    for first in range(0, len(rows), _TILE[0]):
        block = rows[first : first + _TILE[0]]
        end = int(data.reach[block].max())
        for low in range(int(block[0]) + 1, end, _TILE[1]):
            yield _sweep_tile(data, signs, folded, block, np.arange(low, min(low + _TILE[1], end)))


def _sweep_tile(data: _Texts, signs: Words, folded: Words, block: Ints, others: Ints) -> Ints:
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
    data: _Texts, signs: Words, folded: Words, indexes: Sequence[_Index], probes: _Probes, rest: list[Ints]
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


def _candidates(data: _Texts) -> Iterator[Ints]:
    """Pairs that may be alike, as left · count + right; some more than once."""
    signs = _signatures(data)
    folded = np.bitwise_xor.reduce(signs, axis=1)
    window = data.reach - np.arange(data.count) - 1
    rows = np.flatnonzero((data.budget > 0) & (window > 0))
    built: dict[int, _Index] = {}
    for sizes, by_budget in (((3,), False), ((1, 2, 3), True)):
        if int(window[rows].sum()) < max(_SWEPT_AT_ONCE, _SWEPT_FOR_AN_INDEX * len(data.codes)):
            break
        tried = rows[data.length[rows] <= _DP_LENGTH] if by_budget else rows
        built |= {size: _index(data, size) for size in sizes if size not in built}
        indexes = [built[size] for size in sizes]
        probes = _probes(data, indexes, tried, by_budget)
        rest: list[Ints] = []
        yield from _search(data, signs, folded, indexes, probes, rest)
        unprobed = np.ones(data.count, np.bool_)
        unprobed[probes.text] = False
        rows = np.union1d(rest[0], rows[unprobed[rows]])
    yield from _sweep(data, signs, folded, rows)


def _measure(data: _Texts, candidates: Iterator[Ints], workers: int) -> Iterator[tuple[Ints, Ints]]:
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


def _measure_keys(data: _Texts, keys: Ints, workers: int) -> Iterator[tuple[Ints, Ints]]:
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
    data = _prepare(texts, similarity)
    measured = list(_measure(data, _candidates(data), workers))
    keys, once = np.unique(np.concatenate([empty, *(part[0] for part in measured)]), return_index=True)
    distance = np.concatenate([empty, *(part[1] for part in measured)])[once]
    left, right = keys // data.count, keys % data.count
    one, two = data.original[left], data.original[right]
    return Pairs(np.minimum(one, two), np.maximum(one, two), 1 - distance / data.length[right])
