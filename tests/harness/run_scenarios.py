#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the scenarios of tests/scenarios. Called by tests/run-scenarios."""

import argparse
import concurrent.futures
import fnmatch
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, TESTS)

import libvirt  # noqa: E402

from harness import sandbox  # noqa: E402
from harness.scenario import ALL, Skip, Test, is_stock  # noqa: E402


def load_scenarios():
    folder = os.path.join(TESTS, "scenarios")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py") and name != "__init__.py":
            importlib.import_module(f"scenarios.{name[:-3]}")


def parse_args():
    parser = argparse.ArgumentParser(prog="run-scenarios", description=__doc__.splitlines()[0])
    parser.add_argument("--build", help="build tree of libvirt")
    parser.add_argument("--stock-build", help="build tree of stock libvirt, for scenarios of both")
    parser.add_argument("--tools", help="folder with our tools and the guest")
    parser.add_argument("--work", help="folder for logs and the runs' files")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="run these only, also slow ones; * and ? match as in file names")
    parser.add_argument("--full", action="store_true", help="run slow ones, too")
    parser.add_argument("--list", action="store_true", help="list the names, and run nothing")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("--keep", action="store_true", help="keep the files of all of them")
    parser.add_argument("--valgrind", action="store_true",
                        help="run the daemons under valgrind; some scenarios are too slow then")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def build_name(args, build=None):
    """A name for the build tree, to keep apart what belongs to several of them"""
    return os.path.relpath(build or args.build, args.work).strip("./").replace("/", "-")


def choose(args):
    if not args.only:
        return [entry for entry in ALL if args.full or not entry.slow]
    chosen = [entry for entry in ALL
              if any(fnmatch.fnmatch(entry.name, pattern) for pattern in args.only)]
    unmatched = [pattern for pattern in args.only
                 if not any(fnmatch.fnmatch(entry.name, pattern) for entry in ALL)]
    if unmatched:
        sys.exit(f"run-scenarios: no scenario is called {unmatched[0]}; see --list")
    return chosen


# --- one scenario, in a process of its own ---

def run_one(args):
    """Runs the scenario args.one in a sandbox. Its reason for not having passed
    is the last line of its output."""
    entry = next(entry for entry in ALL if entry.name == args.one)

    def main(folder):
        libvirt.registerErrorHandler(lambda *_: None, None)
        test = Test(folder, args.build, args.tools,
                    lambda build: os.path.join(args.work, "cache", build_name(args, build)),
                    sys.stdout, args.stock_build, args.valgrind)
        try:
            entry.run(test)
            test.finish()
        except Skip as reason:
            print(reason)
            return sandbox.SKIPPED
        except sandbox.Interrupted:
            print("interrupted or out of time")
            return 1
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            print(f"files: {folder}")
            reason = "; ".join(test.deaths()) or str(error) or type(error).__name__
            print(reason.replace("\n", "; "))
            return 1
        return 0

    return sandbox.run(main, args.work, f"{build_name(args)}-{args.one.replace('/', '-')}",
                       args.keep)


# --- all of them ---


class Runner:
    def __init__(self, args):
        self.args = args
        self.processes = set()
        self.stopping = False
        self.stock = is_stock(args.build)
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self.log_folder = os.path.join(args.work, "log", "scenarios", build_name(args))
        os.makedirs(self.log_folder, exist_ok=True)

    def stop(self, _signum, _frame):
        self.stopping = True
        for process in list(self.processes):
            process.terminate()

    def run(self, entry):
        """Returns the word, the line and the log of one scenario."""
        log = os.path.join(self.log_folder, entry.name.replace("/", "-") + ".log")
        command = [sys.executable, "-B", os.path.abspath(__file__), "--one", entry.name,
                   "--parent", str(os.getpid()),
                   "--build", self.args.build, "--tools", self.args.tools,
                   "--work", self.args.work] + (["--keep"] if self.args.keep else [])
        if self.args.valgrind:
            command.append("--valgrind")
        if self.args.stock_build:
            command += ["--stock-build", self.args.stock_build]
        with open(log, "w") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
            self.processes.add(process)
            reason = None
            try:
                code = process.wait(entry.timeout * (4 if self.args.valgrind else 1))
            except subprocess.TimeoutExpired:
                reason = f"not done after {entry.timeout} s"
                process.terminate()
                code = process.wait()   # bounded by the sandbox's grace
            self.processes.discard(process)
        if not reason:
            with open(log, errors="replace") as file:
                lines = file.read().splitlines()
            reason = lines[-1] if lines else f"exit status {code}"
        if code == 0:
            return "PASS", "", log
        if code != sandbox.SKIPPED and entry.stock_fails and self.stock and not self.stopping:
            return "SKIP", f"stock is known to fail it: {entry.stock_fails} ({reason})", log
        return ("SKIP" if code == sandbox.SKIPPED else "FAIL"), reason, log

    def run_all(self, entries):
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGHUP, self.stop)
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for future in concurrent.futures.as_completed(
                    [pool.submit(self.run_and_report, entry) for entry in entries]):
                future.result()
        total = (f"{self.counts['PASS']} passed, {self.counts['FAIL']} failed, "
                 f"{self.counts['SKIP']} skipped")
        if self.stopping:
            print(f"{total}, interrupted")
            return 130
        print(total)
        return 1 if self.counts["FAIL"] or not self.counts["PASS"] else 0

    def run_and_report(self, entry):
        if self.stopping:
            return
        began = time.monotonic()
        word, reason, log = self.run(entry)
        took = time.monotonic() - began
        if self.stopping:
            return
        self.counts[word] += 1
        if word == "PASS":
            print(f"PASS {entry.name} ({took:.0f} s)", flush=True)
        elif word == "SKIP":
            print(f"SKIP {entry.name}: {reason}", flush=True)
        else:
            print(f"FAIL {entry.name}: {reason}; log {log}", flush=True)


def main():
    args = parse_args()
    load_scenarios()
    if args.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for entry in ALL:
            print(entry.name + ("  (slow: only with --full or --only)" if entry.slow else ""))
        return 0
    if not (args.build and args.tools and args.work):
        sys.exit("run-scenarios: --build, --tools and --work are needed")
    if args.one:
        sandbox.die_with_parent()
        if os.getppid() != args.parent:
            return 1    # it had died before
        return run_one(args)
    return Runner(args).run_all(choose(args))


if __name__ == "__main__":
    sys.exit(main())
