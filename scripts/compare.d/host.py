# SPDX-License-Identifier: MIT
"""Describes the machine that measured: whatever is needed to judge a figure or to repeat it.

Owns: reading /proc and /sys. A file that cannot be read is "unknown", never an error.
"""

import os
import platform
import subprocess
import time


def first_line(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return "unknown"


def field(path, name):
    """The value after the colon of the first line that starts with the name."""
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith(name):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return "unknown"


def command_line(*words):
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        return "not installed"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"


def distribution():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except (OSError, AttributeError):
        return "unknown"


def describe():
    thp = "/sys/kernel/mm/transparent_hugepage/"
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "processor": field("/proc/cpuinfo", "model name"),
        "processors": "%d of %d usable" % (len(os.sched_getaffinity(0)), os.cpu_count() or 0),
        "hypervisor": first_line("/sys/hypervisor/type")
        if os.path.exists("/sys/hypervisor/type")
        else "yes"
        if " hypervisor" in field("/proc/cpuinfo", "flags")
        else "no",
        "memory": field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "system": distribution(),
        "page size": "%d" % os.sysconf("SC_PAGE_SIZE"),
        "transparent huge pages": first_line(thp + "enabled"),
        "huge page defrag": first_line(thp + "defrag"),
        "overcommit_memory": first_line("/proc/sys/vm/overcommit_memory"),
        "max_map_count": first_line("/proc/sys/vm/max_map_count"),
        "address randomization": first_line("/proc/sys/kernel/randomize_va_space"),
        "frequency governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "load at start": first_line("/proc/loadavg"),
        "compiler": command_line("gcc", "--version"),
        "python": platform.python_version(),
    }
