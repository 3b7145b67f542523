# SPDX-License-Identifier: MIT
"""Runs cells: one row under one allocator, in a fresh process.

Owns: the work folder, the cells' environment, time limits, what a cell's result is. Does not own:
their order.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from dataclasses import asdict, dataclass


@dataclass
class Cell:
    row: str
    allocator: str
    round: int
    # why there is no result, or ""
    failure: str = ""
    # seconds per operation or per run, by the row's measure
    time_s: float = 0.0
    wall_s: float = 0.0
    user_s: float = 0.0
    sys_s: float = 0.0
    peak_rss_kib: int = 0
    minor_faults: int = 0
    major_faults: int = 0

    def as_dict(self):
        return asdict(self)


class Runner:
    """Owns a temporary folder and removes it at the end."""

    def __init__(self, build, source, limit_s, keep_folder):
        self.launcher = os.path.join(build, "bench", "programs", "lm_launch")
        self.source = source
        self.limit_s = limit_s
        self.keep_folder = keep_folder
        # short, because redis-server's socket must fit the 107 bytes of a socket address
        self.folder = tempfile.mkdtemp(prefix="lmcmp-")
        self.report = os.path.join(self.folder, "launch.json")
        self.result = os.path.join(self.folder, "result.json")
        self.wall = os.path.join(self.folder, "wall")

    def close(self):
        if not self.keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """Nothing of the user's that could steer an allocator or a program gets in."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.folder,
            "TMPDIR": self.folder,
            "LANG": "C.UTF-8",
            "LM_WALL_FILE": self.wall,
        }

    def prepare(self, rows):
        """Sets every driver up once.

        Returns the rows that can run, and a line for each driver that cannot.
        """
        skipped = {}
        for name in sorted({row.folder for row in rows if row.folder}):
            folder = os.path.join(self.folder, name)
            os.makedirs(folder, exist_ok=True)
            driver = os.path.join(self.source, "bench", "programs", name + ".sh")
            done = subprocess.run(
                ["sh", driver, "setup"],
                cwd=folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                lines = (done.stdout if done.returncode == 77 else done.stderr).strip().splitlines()
                skipped[name] = lines[-1] if lines else "setup ended with %d" % done.returncode
        return [row for row in rows if row.folder not in skipped], skipped

    def run(self, row, allocator, round_number):
        cell = Cell(row.name, allocator.name, round_number)
        for path in (self.report, self.result, self.wall):
            if os.path.exists(path):
                os.remove(path)
        launch = [self.launcher, "--out", self.report, "--preload", allocator.path, "--"]
        command = [word.replace("@RESULT@", self.result) for word in row.command]
        environment = self.environment()
        if row.folder:
            environment["LM_LAUNCH"] = shlex.join(launch)
        else:
            command = launch + command
        errors = self.execute(command, environment, os.path.join(self.folder, row.folder), cell)
        if not cell.failure:
            self.read(row, cell, errors)
        return cell

    def execute(self, command, environment, folder, cell):
        """Runs the command in its own process group: a time limit or Ctrl-C reaches all of it."""
        with tempfile.TemporaryFile(dir=self.folder) as errors:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                process.wait(timeout=self.limit_s)
            except subprocess.TimeoutExpired:
                cell.failure = "took more than %g s" % self.limit_s
            finally:
                # also what a driver may have left behind
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
            errors.seek(0)
            return errors.read().decode(errors="replace").strip().splitlines()

    def read(self, row, cell, errors):
        """Fills the cell from the launcher's report, or says why that cannot be."""
        last = ": " + errors[-1][:160] if errors else ""
        try:
            with open(self.report, encoding="utf-8") as file:
                report = json.load(file)
        except (OSError, ValueError):
            cell.failure = "never started%s" % last
            return
        if report["signal"]:
            cell.failure = "killed by %s%s" % (signal.Signals(report["signal"]).name, last)
        elif report["exit"] != 0:
            cell.failure = "exit status %d%s" % (report["exit"], last)
        elif not report["proven"]:
            cell.failure = "the allocator was not in the process (a static program?)"
        if cell.failure:
            return
        cell.wall_s = report["wall_s"]
        cell.user_s, cell.sys_s = report["user_s"], report["sys_s"]
        # Newer kernels keep approximate counters per processor; the exit stop's figure is exact,
        # ru_maxrss has the children.
        cell.peak_rss_kib = max(report["peak_rss_kib"], report["own_hwm_kib"])
        cell.minor_faults, cell.major_faults = report["minor_faults"], report["major_faults"]
        if os.path.exists(self.wall):
            with open(self.wall, encoding="utf-8") as file:
                cell.wall_s = float(file.read())
        cell.time_s = cell.wall_s
        if row.measure == "op_s":
            with open(self.result, encoding="utf-8") as file:
                cell.time_s = json.load(file)["benchmarks"][0]["per_op"]
