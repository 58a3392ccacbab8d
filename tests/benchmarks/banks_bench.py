"""How fast banks are inspected: reading, checking and finding duplicates, beside calamine, datasketch and brute force.

`python -m tests.benchmarks.banks_bench [sizes …] [--out FILE]` prints rows of {name, value, unit, peer, ratio, n}.
Every measurement runs in a process of its own, so that peak memory is that of one bank.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIMILARITY = 0.85
SIZES = (1_000, 10_000, 50_000, 100_000)
_TEMPLATES = (
    "下列关于{}的说法中,正确的是( )。",
    "{}的主要作用是( )。",
    "在{}时,应当首先{}。",
    "按照规定,{}与{}之间的最小距离为( )米。",
    "以下不属于{}的是( )。",
    "{}不符合要求时,可能造成{}。",
    "使用{}前,必须检查{}是否{}。",
)


def make_stems(count: int, seed: int = 7, alike: float = 0.05) -> list[str]:
    """Stems of seven templates filled with 3,000 made-up words; one in twenty is an earlier one with a few edits."""
    draw = random.Random(seed)
    chars = [chr(code) for code in range(0x4E00, 0x4E00 + 2500)]
    words = ["".join(draw.choices(chars, k=draw.choice((2, 2, 3, 4)))) for _ in range(3000)]
    originals: list[str] = []
    stems: list[str] = []
    while len(stems) < count:
        if originals and draw.random() < alike:
            stems.append(_edited(draw.choice(originals), draw, chars))
            continue
        template = draw.choice(_TEMPLATES)
        fill = ["".join(draw.choices(words, k=draw.choice((2, 3)))) for _ in range(template.count("{}"))]
        originals.append(template.format(*fill))
        stems.append(originals[-1])
    return stems


def _edited(text: str, draw: random.Random, chars: list[str]) -> str:
    letters = list(text)
    for _ in range(draw.randint(1, max(1, len(letters) // 8))):
        at = draw.randrange(len(letters))
        match draw.randrange(3):
            case 0:
                letters[at] = draw.choice(chars)
            case 1:
                letters.insert(at, draw.choice(chars))
            case _:
                del letters[at]
    return "".join(letters)


def make_bank(path: Path, count: int) -> None:
    from tests.factories.banks import write_xlsx

    head = ["鉴定点代码", "题型", "题干", "A", "B", "C", "D", "答案", "难度", "一致性", "解析"]
    rows: list[list[object]] = [head]
    for n, stem in enumerate(make_stems(count)):
        options = [f"选项{word}{n}" for word in "甲乙丙丁"]
        rows.append([f"A-B-A-{n % 400:03d}", "单选题", stem, *options, "ABCD"[n % 4], n % 5 + 1, 5, f"教材第{n}页"])
    write_xlsx(path, {"三级": rows})


def peak_mb() -> float:
    """Highest resident size of this process; unlike ru_maxrss it does not inherit that of the parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def task_inspect(path: str) -> dict[str, Any]:
    from uploads.banks.inspection import inspect_path

    before, busy = peak_mb(), time.process_time()
    marks: list[tuple[str, float]] = []
    report = inspect_path(path, progress=lambda step: marks.append((step, time.perf_counter())))
    end = time.perf_counter()
    starts = dict(reversed(marks))
    order = [step for step, _ in marks]
    after_duplicates = marks[order.index("C09") + 1][1]
    return {
        "read": marks[1][1] - marks[0][1],
        "duplicates": after_duplicates - starts["C09"],
        "check": (starts["C09"] - marks[1][1]) + (end - after_duplicates),
        "total": end - marks[0][1],
        "processor": time.process_time() - busy,
        "peak": peak_mb(),
        "imports": before,
        "questions": len(report.questions),
        "pairs": len(report.duplicates),
    }


def task_calamine(path: str) -> dict[str, Any]:
    from python_calamine import CalamineWorkbook

    start = time.perf_counter()
    book = CalamineWorkbook.from_path(path)
    rows = sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)
    return {"total": time.perf_counter() - start, "peak": peak_mb(), "rows": rows}


def _distinct(count: int) -> list[str]:
    from uploads.banks.text import normalise

    return list(dict.fromkeys(map(normalise, make_stems(count))))


def _pairs_file(pairs: np.ndarray[Any, Any], name: str, folder: str) -> None:
    np.save(Path(folder) / name, pairs)


def task_ours(count: str, folder: str) -> dict[str, Any]:
    from uploads.banks.neardup import near_pairs

    texts = _distinct(int(count))
    start = time.perf_counter()
    found = near_pairs(texts, SIMILARITY)
    seconds = time.perf_counter() - start
    _pairs_file(found.first * len(texts) + found.second, f"ours-{count}.npy", folder)
    return {"total": seconds, "peak": peak_mb(), "pairs": len(found.first)}


def task_datasketch(count: str, folder: str) -> dict[str, Any]:
    """3-grams, 128 permutations, LSH at 0.5 (so that recall is not thrown away), each candidate verified."""
    from datasketch import MinHash, MinHashLSH
    from rapidfuzz.distance import Levenshtein

    texts = _distinct(int(count))
    start = time.perf_counter()
    grams = [[text[at : at + 3].encode() for at in range(max(1, len(text) - 2))] for text in texts]
    hashes = MinHash.bulk(grams, num_perm=128)
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    found = []
    for index, minhash in enumerate(hashes):
        for other in lsh.query(minhash):
            if Levenshtein.normalized_similarity(texts[other], texts[index], score_cutoff=SIMILARITY):
                found.append(other * len(texts) + index)
        lsh.insert(index, minhash)
    seconds = time.perf_counter() - start
    _pairs_file(np.array(found, np.int64), f"datasketch-{count}.npy", folder)
    return {"total": seconds, "peak": peak_mb(), "pairs": len(found)}


def task_exact(count: str, folder: str) -> dict[str, Any]:
    """Every distance, in blocks of rows."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    texts = _distinct(int(count))
    start = time.perf_counter()
    found = []
    for low in range(0, len(texts), 500):
        block = texts[low : low + 500]
        scores = cdist(
            block,
            texts,
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=SIMILARITY,
            workers=2,
            dtype=np.float64,
        )
        one, two = np.nonzero(scores)
        one += low
        found.append((one * len(texts) + two)[one < two])
    keys = np.concatenate(found)
    seconds = time.perf_counter() - start
    _pairs_file(keys, f"exact-{count}.npy", folder)
    return {"total": seconds, "peak": peak_mb(), "pairs": len(keys)}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "inspect": task_inspect,
    "calamine": task_calamine,
    "ours": task_ours,
    "datasketch": task_datasketch,
    "exact": task_exact,
}


def run_task(name: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.banks_bench", "--task", name, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def row(
    name: str, value: float, unit: str, peer: float | None, n: int, *, less_is_better: bool = True
) -> dict[str, Any]:
    """`ratio` is above 1 where we do better than the peer."""
    ratio = None if peer is None or not value else round(peer / value if less_is_better else value / peer, 3)
    return {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "peer": None if peer is None else round(peer, 4),
        "ratio": ratio,
        "n": n,
    }


def _recall(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> float:
    return float(len(np.intersect1d(found, wanted)) / len(wanted)) if len(wanted) else 1.0


def run(
    sizes: tuple[int, ...] = SIZES, exact_up_to: int = 10_000, datasketch_up_to: int = 50_000
) -> list[dict[str, Any]]:
    """All rows of the benchmark of banks."""
    rows: list[dict[str, Any]] = []
    totals: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            path = Path(folder) / f"{n}.xlsx"
            make_bank(path, n)
            alone, ours = run_task("calamine", str(path)), run_task("inspect", str(path))
            totals[n] = ours["processor"]
            rows += [
                row("banks.read (peer: calamine alone)", ours["read"], "s", alone["total"], n),
                row("banks.check", ours["check"], "s", None, n),
                row("banks.duplicates", ours["duplicates"], "s", None, n),
                row(
                    "banks.inspect whole (peer: the target of 10 s)",
                    ours["total"],
                    "s",
                    10.0 if n == 50_000 else None,
                    n,
                ),
                row(
                    "banks.inspect processor time (peer: the target of 10 s)",
                    ours["processor"],
                    "s",
                    10.0 if n == 50_000 else None,
                    n,
                ),
                row(
                    "banks.peak memory (peer: the target of 400 MB)",
                    ours["peak"],
                    "MB",
                    400.0 if n == 50_000 else None,
                    n,
                ),
            ]
            rows += _duplicate_rows(n, folder, exact_up_to, datasketch_up_to)
    if 10_000 in totals and 100_000 in totals:
        growth = totals[100_000] / totals[10_000]
        rows.append(row("banks.growth 10k to 100k of processor time (peer: 15 times)", growth, "times", 15.0, 100_000))
    return rows


def measure() -> list[dict[str, Any]]:
    """What `make bench` runs."""
    return run()


def _duplicate_rows(n: int, folder: str, exact_up_to: int, datasketch_up_to: int) -> list[dict[str, Any]]:
    rows = []
    ours = run_task("ours", str(n), folder)
    mine = np.load(Path(folder) / f"ours-{n}.npy")
    wanted = mine
    if n <= exact_up_to:
        exact = run_task("exact", str(n), folder)
        wanted = np.load(Path(folder) / f"exact-{n}.npy")
        recall, precision = _recall(mine, wanted), _recall(wanted, mine)
        rows.append(row("banks.near pairs (peer: exact cdist)", ours["total"], "s", exact["total"], n))
        rows.append(row("banks.near pairs recall (peer: exact)", recall, "share", 1.0, n, less_is_better=False))
        rows.append(row("banks.near pairs precision (peer: exact)", precision, "share", 1.0, n, less_is_better=False))
    if n <= datasketch_up_to:
        sketch = run_task("datasketch", str(n), folder)
        theirs = np.load(Path(folder) / f"datasketch-{n}.npy")
        rows.append(row("banks.near pairs (peer: datasketch)", ours["total"], "s", sketch["total"], n))
        rows.append(row("banks.near pairs memory (peer: datasketch)", ours["peak"], "MB", sketch["peak"], n))
        share = _recall(theirs, wanted)
        rows.append(
            row(
                "banks.near pairs recall (peer: datasketch)",
                _recall(mine, wanted),
                "share",
                share,
                n,
                less_is_better=False,
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--exact-up-to", type=int, default=10_000)
    parser.add_argument("--task", nargs="+")
    options = parser.parse_args()
    if options.task:
        print(json.dumps(TASKS[options.task[0]](*options.task[1:])))
        return
    rows = run(tuple(options.sizes) or SIZES, options.exact_up_to)
    for found in rows:
        peer = "" if found["peer"] is None else f"  peer {found['peer']:>9} ratio {found['ratio']}"
        print(f"{found['name']:<55} n={found['n']:>6} {found['value']:>10} {found['unit']:<5}{peer}")
    if options.out:
        options.out.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
