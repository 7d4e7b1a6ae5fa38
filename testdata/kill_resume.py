#!/usr/bin/env python3
"""Kills a training run with SIGKILL at random moments, resumes it, and compares what is left with a run never killed.

    testdata/kill_resume.py [KILLS] [SEED]

The moments: KILLS steps drawn from the whole run, each plus a random delay of up to a quarter of a second, so that
kills fall between steps, into the writing of checkpoints and, now and then, into the start of the next process. All
files but times.csv (clock times) must be equal, byte for byte, and none half-written may be left.
"""
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = 400
MODEL = {"size": 8, "patch": 2, "channels": 1, "classes": 10, "width": 32, "depth": 2, "heads": 2, "k": 2, "acc": 32}


def start(out, config):
    if (out / "config.json").exists():
        command = ["train", "--out", out, "--resume"]
    else:
        command = ["train", "--config", config, "--data", "digits", "--steps", STEPS, "--batch", 16, "--lr", 1e-3,
                   "--checkpoint-every", 10, "--seed", 7, "--no-pictures", "--out", out]
    return subprocess.Popen([ROOT / "deepflow", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            start_new_session=True)


def finish(process):
    _, err = process.communicate()
    if process.returncode:
        sys.exit(f"train failed: {err.decode()}")


def steps(out):
    try:
        return (out / "metrics.csv").read_bytes().count(b"\n") - 1
    except OSError:
        return 0


def digests(out):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in out.iterdir() if f.name != "times.csv"}


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = folder / "model.json"
        config.write_text(json.dumps(MODEL))
        whole, killed = folder / "whole", folder / "killed"
        finish(start(whole, config))
        for kill, at in enumerate(sorted(chance.randrange(STEPS) for _ in range(kills)), 1):
            process = start(killed, config)
            while steps(killed) < at and process.poll() is None:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.25))
            if process.poll() is not None:
                process.communicate()
            else:
                os.killpg(process.pid, 9)
                process.communicate()
            print(f"kill {kill} at step {steps(killed)} of {STEPS}, asked for {at}", flush=True)
        finish(start(killed, config))
        a, b = digests(whole), digests(killed)
        different = sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
        if different:
            sys.exit("different: " + ", ".join(different))
        print(f"equal after {kills} kills: {len(a)} files, the checkpoint of step {STEPS} is "
              + a[f"step-{STEPS:06}.safetensors"])


if __name__ == "__main__":
    main()
