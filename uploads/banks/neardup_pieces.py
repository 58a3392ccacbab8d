"""What the search for near-duplicates looks things up by: texts in order of length, parities, pieces, probes.

See `neardup` for why no true pair is ever lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]

BITS = 256
DP_LENGTH = 64
_ENDLESS = np.int64(1) << 50
_RARE_NEVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Texts:
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


def prepare(texts: Sequence[str], similarity: float) -> Texts:
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
    return Texts(
        texts=ordered,
        original=original,
        length=length,
        edits=allowed[length],
        reach=np.searchsorted(length, partner[length], "right"),
        budget=allowed[partner[length]],
        codes=dense[raw].astype(np.int32),
        start=np.concatenate([[0], np.cumsum(length)[:-1]]) if len(length) else length,
    )


def signatures(data: Texts) -> Words:
    """Parity of each of 256 hashed characters, as four words a text."""
    mixed = (data.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(56)
    owner = np.repeat(np.arange(data.count), data.length)
    words = np.empty((data.count, BITS // 64), np.uint64)
    for low in range(0, data.count, 4096):
        high = min(low + 4096, data.count)
        end = int(data.start[high - 1] + data.length[high - 1])
        part = slice(int(data.start[low]), end)
        flat = (owner[part] - low) * BITS + mixed[part].astype(np.int64)
        odd = (np.bincount(flat, minlength=(high - low) * BITS) & 1).astype(np.uint8)
        words[low:high] = np.packbits(odd.reshape(-1, BITS), axis=1).view(np.uint64)
    return words


@dataclass(frozen=True, slots=True)
class Index:
    """Every piece of `size` characters of every text: `key` = piece · count + text, rising, with its place in the text.

    `piece[p]` is what begins at character p of the joined texts, `cost[p]` how common it is.
    """

    size: int
    key: Ints
    position: Narrow
    piece: Narrow
    cost: Narrow


def build_index(data: Texts, size: int) -> Index:
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
    return Index(size, key, place[whole], piece, cost)


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
class Probes:
    """Pieces to look up: piece of `size` at place `at` of text `text`, for partners numbered from `low` to `high`."""

    text: Ints
    at: Ints
    size: Ints
    low: Ints
    high: Ints


def _probe_group(data: Texts, indexes: Sequence[Index], rows: Ints, budget: int, low: Ints, high: Ints) -> Probes:
    """Probes of texts of one length for partners at most `budget` edits away."""
    length, wanted = int(data.length[rows[0]]), budget + 1
    parts: list[tuple[Ints, Ints]] = []
    step = max(1, (1 << 22) // ((length + 1) * (wanted + 1)))
    for first in range(0, len(rows), step):
        start = data.start[rows[first : first + step]][:, None]
        costs = [(index.size, index.cost[start + np.arange(length - index.size + 1)]) for index in indexes]
        if length > DP_LENGTH and len(costs) == 1:
            parts.append(_choose_even(costs[0][1], costs[0][0], length, wanted))
        else:
            parts.append(_choose_cheapest(costs, length, wanted))
    places = np.concatenate([part[0] for part in parts]).ravel()
    sizes = np.concatenate([part[1] for part in parts]).ravel()
    text, low, high = (np.repeat(values, wanted) for values in (rows, low, high))
    return Probes(text, places, sizes, low, high)


def find_probes(data: Texts, indexes: Sequence[Index], rows: Ints, by_budget: bool) -> Probes:
    """How each of `rows` (rising) looks for its partners: with the budget of its longest partner, or, finer and
    dearer, one set of pieces for each budget that occurs among its partners."""
    groups: list[Probes] = []
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
        return Probes(empty, empty, empty, empty, empty)
    return Probes(*(np.concatenate([getattr(group, name) for group in groups]) for name in Probes.__slots__))
