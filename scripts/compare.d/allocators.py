# SPDX-License-Identifier: MIT
"""Which allocators race: names to library files, and what is known about each file.

Does not own: the table of known names (scripts/peers), how a library gets into a cell
(bench/programs/lm_launch does that).
"""

import hashlib
import os
import subprocess
from dataclasses import dataclass

OURS = "ours"


def read_known():
    """The table scripts/peers: name -> (file names of the library, Debian packages)."""
    known = {}
    with open(os.path.join(os.path.dirname(__file__), "..", "peers"), encoding="utf-8") as table:
        for line in table:
            if line.strip() and not line.startswith("#"):
                name, files, packages = line.split()
                known[name] = (files.split("|"), packages.split("|"))
    return known


KNOWN = read_known()


class AllocatorError(Exception):
    """A name or path that leads to no library; the text is for the user."""


@dataclass
class Allocator:
    name: str
    # Preloaded even for glibc: a program may link an allocator of its own (redis-server does),
    # and "glibc" must mean glibc there too.
    path: str
    version: str

    @property
    def is_ours(self):
        return self.name == OURS


def library_folders():
    """Where the dynamic linker looks, as far as ldconfig tells; multiarch folders first."""
    folders = []
    for tool in ("/sbin/ldconfig", "/usr/sbin/ldconfig"):
        if not os.path.exists(tool):
            continue
        listing = subprocess.run([tool, "-p"], capture_output=True, text=True, check=False).stdout
        for line in listing.splitlines():
            if "=>" in line:
                folder = os.path.dirname(line.split("=>")[1].strip())
                if folder not in folders:
                    folders.append(folder)
        break
    return folders or ["/usr/lib64", "/usr/lib", "/lib64", "/lib"]


def is_this_machines(path):
    """True if the library has the word size and processor of this very interpreter's machine."""
    with open(path, "rb") as library, open("/proc/self/exe", "rb") as self_exe:
        head, own = library.read(20), self_exe.read(20)
    return head[:5] == own[:5] and head[18:20] == own[18:20]


def file_version(path):
    with open(path, "rb") as library:
        digest = hashlib.sha256(library.read()).hexdigest()
    return "sha256 %s" % digest[:16]


def package_version(packages):
    for package in packages:
        query = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", package],
            capture_output=True,
            text=True,
            check=False,
        )
        if query.returncode == 0 and query.stdout:
            return "%s %s" % (package, query.stdout)
    return "version unknown"


def find_known(name):
    file_names, packages = KNOWN[name]
    for file_name in file_names:
        for folder in library_folders():
            path = os.path.join(folder, file_name)
            if os.path.exists(path) and is_this_machines(path):
                return Allocator(name, path, package_version(packages))
    raise AllocatorError(
        "%s: %s is not installed (Debian: apt install %s)"
        % (name, " or ".join(file_names), " or ".join(packages))
    )


def find_ours(build):
    path = os.path.join(build, ".libs", "libmalloc.so")
    if not os.path.exists(path):
        raise AllocatorError("%s: %s does not exist; run make, or give --build" % (OURS, path))
    return Allocator(OURS, path, file_version(path))


def find(word, build):
    """One word of the user: a known name, `ours`, or name=path."""
    name, is_pair, path = word.partition("=")
    if is_pair:
        if not name or not os.path.isfile(path):
            raise AllocatorError("%s: no such library; write name=/path/to/library.so" % word)
        return Allocator(name, os.path.abspath(path), file_version(path))
    if name == OURS:
        return find_ours(build)
    if name in KNOWN:
        return find_known(name)
    raise AllocatorError(
        "%s: unknown allocator; known are %s, or write name=path"
        % (name, ", ".join([OURS, *KNOWN]))
    )


def find_all(words, build, note):
    """Every allocator asked for by name must exist.

    By default those that are missing are noted and left out.
    """
    if words:
        found = [find(word, build) for word in words]
    else:
        found = []
        for name in [OURS, *KNOWN]:
            try:
                found.append(find(name, build))
            except AllocatorError as error:
                note("left out: %s" % error)
    names = [a.name for a in found]
    for name in names:
        if names.count(name) > 1:
            raise AllocatorError("%s: named twice" % name)
    if not found:
        raise AllocatorError("no allocator to measure")
    return found
