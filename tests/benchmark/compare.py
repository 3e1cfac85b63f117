"""Runs siyu and the Python scripts in turns and prints MB per CPU-second, peak memory and wall time as Markdown.

CPU is user + system time of all processes of a run, as the kernel counts it for waited-for children; memory is the
largest sum over the run's processes, sampled from /proc, and never less than the largest single process.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def resident_of_group(group):
    """Bytes resident in all processes of a process group."""
    total = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getpgid(int(entry)) == group:
                    with open(f"/proc/{entry}/statm") as fields:
                        total += int(fields.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except (ProcessLookupError, FileNotFoundError, PermissionError):
                continue
    return total


def measure(command, environment, log):
    """CPU seconds, wall seconds and peak resident bytes of a command that must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    peak, done = [0], threading.Event()

    def sample():
        while not done.wait(0.2):
            peak[0] = max(peak[0], resident_of_group(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    done.set()
    sampler.join()
    wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        log.flush()
        log.seek(0)
        sys.exit(f"{' '.join(command)} failed:\n{log.read().decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, wall, max(peak[0], usage.ru_maxrss * 1024)


def one_line_per_row(path, scratch):
    """The article's script takes a line for a document: pages cut into lines, so that every program does equal work."""
    output = os.path.join(scratch, "lines.jsonl")
    with open(path, encoding="utf-8") as pages, open(output, "w", encoding="utf-8") as rows:
        for page in map(json.loads, pages):
            for number, line in enumerate(page["text"].split("\n")):
                if line.strip():
                    row = {"id": f"{page['id']}-{number}", "text": line}
                    rows.write(json.dumps(row, ensure_ascii=False) + "\n")
    return output


def contestants(arguments, source, job):
    """Name and command of each program that does the job."""
    rivals = {
        "whole": ["rival_python.py"],
        "article": ["rival_article.py"],
        "near": ["rival_near_rensa.py", "rival_near_datatrove.py"],
    }[job]
    pipeline = {"whole": "whole-job.yaml", "article": "article.yaml", "near": "near.yaml"}[job]

    def command(rival):
        script = [sys.executable, os.path.join(HERE, rival), source]
        return lambda out: [*script, out, "--tokenizer", arguments.tokenizer]

    found = {rival: command(rival) for rival in rivals}
    if arguments.siyu:
        found["siyu"] = lambda out: [arguments.siyu, "run", os.path.join(HERE, pipeline)]
    return found


def compare(arguments, job, scratch):
    source = one_line_per_row(arguments.input, scratch) if job == "article" else arguments.input
    # The pages' size for both jobs; the envelopes of single lines are no input of the user's.
    megabytes = os.path.getsize(arguments.input) / 1e6
    results = {}
    for turn in range(arguments.repeat):
        for name, command in contestants(arguments, source, job).items():
            out = os.path.join(scratch, f"{job}-{name}-{turn}")
            environment = os.environ | {
                "BENCH_INPUT": os.path.abspath(source),
                "BENCH_TOKENIZER": os.path.abspath(arguments.tokenizer),
                "BENCH_OUTPUT": out,
            }
            with tempfile.TemporaryFile() as log:
                results.setdefault(name, []).append(measure(command(out), environment, log))
            shutil.rmtree(out, ignore_errors=True)
    print(f"\n{job} job, {megabytes:.0f} MB of input, median of {arguments.repeat}\n")
    print("| program | MB per CPU-second | CPU seconds | wall seconds | peak memory, MB | siyu is faster by |")
    print("|---|---:|---:|---:|---:|---:|")
    median = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in results.items()}
    for name, (cpu, wall, peak) in median.items():
        ratio = f"{cpu / median['siyu'][0]:.1f}×" if "siyu" in median else "–"
        print(f"| {name} | {megabytes / cpu:.2f} | {cpu:.1f} | {wall:.1f} | {peak / 1e6:.0f} | {ratio} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="JSONL written by generate.py")
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json, Qwen2's for the figures of the README")
    parser.add_argument("--job", choices=["whole", "article", "near", "both"], default="both")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--siyu", help="the release binary; without it only the scripts run")
    parser.add_argument("--scratch", help="folder for the outputs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        for job in ["whole", "article"] if arguments.job == "both" else [arguments.job]:
            compare(arguments, job, scratch)


if __name__ == "__main__":
    main()
