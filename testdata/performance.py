#!/usr/bin/env python3
"""Times this project and PyTorch in turn, and writes the tables of docs/performance.md.

    testdata/performance.py --torch PYTHON [--peer FILE] [--rounds 3] [--only steps,scaling,products,growth] [--page FILE]

PYTHON is a Python with torch and numpy (torch 2.13; torch.compile needs a C++ compiler); it runs the peer's own
`bench`, which is part of testdata/peer, or FILE. Ours is ./deepflow of this working tree. Every round runs each
program once for every row, torch.compile in the first round only; a ratio is taken within a round, and the table has
the median over the rounds with the smallest and the largest. The page is written after every round. Leave the machine
alone meanwhile: about an hour on two cores. Needs no library itself.
"""
import argparse, concurrent.futures, json, os, pathlib, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- measured: begin ({}) -->", "<!-- measured: end ({}) -->"
MM = """
import json, sys, time, torch
torch.set_num_threads(int(sys.argv[1]))
for name in "f32", "f64":
    for n in 512, 1024, 1536, 2048:
        a, b = (torch.randn(n, n, dtype=dict(f32=torch.float32, f64=torch.float64)[name]) for _ in "ab")
        c = torch.empty_like(a)
        for _ in range(5): torch.mm(a, b, out=c)
        times = []
        for _ in range(int(sys.argv[2])):
            s = time.perf_counter(); torch.mm(a, b, out=c); times.append(time.perf_counter() - s)
        times.sort()
        print(json.dumps(dict(compute=name, n=n, median_ms=1e3 * times[len(times) // 2])))
"""


def lines(command):
    """The JSON objects that a command prints, one a line."""
    print("timing " + " ".join(str(c) for c in command if c != MM), file=sys.stderr)
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    except OSError as e:
        sys.exit(f"{command[0]} cannot be started: {e.strerror}")
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ours(*arguments):
    return lines([ROOT / "deepflow", "bench", "--json", *arguments])


def spread(values):
    """Median, smallest and largest."""
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def table(head, rows):
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, ["---"] * len(head), *rows])


def steps(args):
    """Whole steps: ours over eager, ours over compiled."""
    rows = {}
    for number in range(args.rounds):
        for config in "digits", "latent-s":
            for place, threads in enumerate(args.threads):
                common = ["--config", config, "--threads", threads, "--steps", args.steps]
                peer = [args.torch, args.peer, "bench", *common]
                # peer ours, ours peer, …: what a ratio is made of lies side by side
                runs = [("eager", lambda: lines(peer)), ("mine", lambda: ours(*common))]
                times = {name: {m["what"]: m for m in run()} for name, run in (runs if place % 2 == 0 else runs[::-1])}
                if number == 0 and not args.no_compile:
                    times["compiled"] = {m["what"]: m for m in lines([*peer, "--compile"])}
                for what, m in times["mine"].items():
                    row = rows.setdefault((config, what, threads), dict(eager=[], compiled=[], peak=[]))
                    row["peak"].append(m["share_of_peak"])
                    for name in times.keys() - {"mine"}:
                        row[name].append(m["median_ms"] / times[name][what]["median_ms"])
        shown = []
        for (config, what, threads), r in rows.items():
            shown.append([config, what, threads, spread(r["eager"]), spread(r["compiled"]) if r["compiled"] else "–",
                          f"{100 * statistics.median(r['peak']):.0f} %"])
        yield table(["model", "work", "threads", "ours / eager", "ours / torch.compile", "of the FMA peak"], shown)


def scaling(args):
    """What more threads bring, and what as many processes of one thread each bring at the same time."""
    rows = {}
    count = max(args.threads)
    for _ in range(args.rounds):
        for config in "digits", "latent-s":
            common = ["--config", config, "--steps", args.steps]
            one, most = ({m["what"]: m["median_ms"] for m in ours(*common, "--threads", t)} for t in (1, count))
            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                beside = list(pool.map(lambda _: ours(*common, "--threads", 1), range(count)))
            for what in one:
                alone = statistics.mean(m["median_ms"] for run in beside for m in run if m["what"] == what)
                row = rows.setdefault((config, what), dict(gain=[], limit=[]))
                row["gain"].append(one[what] / most[what])
                row["limit"].append(count * one[what] / alone)
        yield table(["model", "work", f"gain by {count} threads", f"{count} processes at once", "share of that"],
                    [[*name, spread(r["gain"]), spread(r["limit"]),
                      spread([g / l for g, l in zip(r["gain"], r["limit"])])] for name, r in rows.items()])


def products(args):
    """Square products: our speed over torch.mm's."""
    rows = {}
    for _ in range(args.rounds):
        for threads in args.threads:
            theirs = {(m["compute"], m["n"]): m for m in lines([args.torch, "-c", MM, threads, args.steps])}
            for compute in "f32", "f64":
                # a tiny model: its own products are soon done
                for m in ours("--what", "gemm", "--config", "tiny-sit", "--compute", compute, "--threads", threads,
                              "--steps", args.steps):
                    if m["calls"] == 0:
                        row = rows.setdefault((compute, m["n"], threads), dict(speed=[], peak=[]))
                        row["speed"].append(theirs[compute, m["n"]]["median_ms"] / m["median_ms"])
                        row["peak"].append(m["share_of_peak"])
        shown = [[compute, f"{n}³", threads, spread(r["speed"]), f"{100 * statistics.median(r['peak']):.0f} %"]
                 for (compute, n, threads), r in sorted(rows.items())]
        yield table(["type", "product", "threads", "our speed / torch.mm", "of the FMA peak"], shown)


def growth(args):
    """How a training step grows; costs relative to each axis' first row."""
    base = dict(size=8, patch=2, channels=4, classes=10, width=128, depth=6, heads=4, k=2, acc=256)
    axes = {"T": [dict(size=s) for s in (8, 16, 32)], "D": [dict(width=w) for w in (64, 128, 256, 384)],
            "depth": [dict(depth=d) for d in (4, 8, 16)], "batch": [dict(batch=n) for n in (1, 4, 16, 64)],
            "threads": [dict(threads=t) for t in args.threads]}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for axis, values in axes.items():
            first = None
            for value in values:
                config = base | {k: v for k, v in value.items() if k in base}
                path = pathlib.Path(folder) / "model.json"
                path.write_text(json.dumps(config))
                best = min((m for _ in range(args.rounds) for m in ours(
                    "--config", path, "--what", "train_step", "--batch", value.get("batch", 16),
                    "--threads", value.get("threads", max(args.threads)), "--steps", args.steps)),
                    key=lambda m: m["median_ms"])
                flops = best["gflops"] * best["median_ms"]
                first = first or (best["median_ms"], flops)
                shown = (config["size"] // config["patch"]) ** 2 if axis == "T" else next(iter(value.values()))
                rows.append([axis, shown, f"{best['median_ms'] / first[0]:.2f}", f"{flops / first[1]:.2f}",
                             f"{100 * best['share_of_peak']:.0f} %", f"{best['gb_per_s']:.1f}"])
    copy = [ours("--what", "copy", "--threads", t, "--steps", args.steps)[0]["gb_per_s"] for t in args.threads]
    limits = ", ".join(f"{c:.1f} GB/s with {t} thread{'s' if t > 1 else ''}" for c, t in zip(copy, args.threads))
    yield (table(["axis", "value", "time", "operations", "of the FMA peak", "GB/s asked for"], rows)
           + f"\n\nMemory, measured by copying 64 MiB: {limits}.")


TABLES = dict(steps=steps, scaling=scaling, products=products, growth=growth)


def replace(page, name, text):
    begin, end = BEGIN.format(name), END.format(name)
    whole = page.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        sys.exit(f"{page} has no lines '{begin}' and '{end}'")
    before, after = whole.split(begin)[0], whole.split(end)[1]
    draft = page.with_suffix(".tmp")
    draft.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
    os.replace(draft, page)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--torch", required=True, metavar="PYTHON", help="a Python that has torch")
    p.add_argument("--peer", type=pathlib.Path, default=ROOT / "testdata/peer/deepflow_torch.py")
    p.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/performance.md")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--only", default=",".join(TABLES), help="tables, comma-separated")
    p.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    args = p.parse_args()
    for name in args.only.split(","):
        if name not in TABLES:
            sys.exit(f"there is no table '{name}': {', '.join(TABLES)}")
    for name in args.only.split(","):
        for text in TABLES[name](args):
            replace(args.page, name, text)
        print(text, "\n")


if __name__ == "__main__":
    main()
