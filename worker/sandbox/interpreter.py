"""Which files of this machine make up the Python that agents' code may use.

Called by the probe, once. Must show code alone: never a folder that may hold data, keys or other sessions.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What the tool's description promises to agents.
OFFERED_PACKAGES = ("numpy", "pandas", "matplotlib")

# Not /usr as a whole: /usr/src/app and /usr/local are where people put their own things.
_SYSTEM_FOLDERS = ("/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")
_SYSTEM_ALIASES = ("/bin", "/lib", "/lib32", "/lib64")
_REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python and all it needs to run.

    Attributes:
        executable: the real file, no link and no virtual environment's alias.
        readable: files and folders to show, read-only, at their own places.
        aliases: links at the root of the file system, (link, target).
        import_paths: folders that hold the offered packages; only what `readable` names in them is shown.
        versions: "name==version" of each package shown.
    """

    executable: Path
    readable: tuple[Path, ...]
    aliases: tuple[tuple[Path, str], ...]
    import_paths: tuple[Path, ...]
    versions: tuple[str, ...]


def find_interpreter(packages: Iterable[str] = OFFERED_PACKAGES) -> Interpreter:
    """Return the running Python with the installed ones of *packages* and what they require."""
    system = [Path(name) for name in (*_SYSTEM_FOLDERS, *_SYSTEM_FILES) if Path(name).exists()]
    aliases: list[tuple[Path, str]] = []
    for alias in map(Path, _SYSTEM_ALIASES):
        if alias.is_symlink():
            aliases.append((alias, str(alias.readlink())))
        elif alias.is_dir():
            system.append(alias)

    executable = Path(sys.executable).resolve()
    base = Path(sys.base_prefix).resolve()
    own = [executable, *(folder for name in ("lib", "lib64") if (folder := base / name).is_dir())]

    distributions = list(_with_requirements(packages))
    entries = {entry for distribution in distributions for entry in _entries(distribution)}
    shown = [path for path in (*own, *sorted(entries)) if not _inside(path, system)]
    return Interpreter(
        executable=executable,
        readable=(*system, *shown),
        aliases=tuple(aliases),
        import_paths=tuple(sorted({entry.parent for entry in entries})),
        versions=tuple(sorted(f"{each.name}=={each.version}" for each in distributions)),
    )


def _with_requirements(packages: Iterable[str]) -> Iterator[importlib.metadata.Distribution]:
    waiting = list(packages)
    seen: set[str] = set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield distribution
        for requirement in distribution.requires or ():
            match = _REQUIREMENT.match(requirement)
            if match and "extra ==" not in requirement:
                waiting.append(match.group())


def _entries(distribution: importlib.metadata.Distribution) -> Iterator[Path]:
    """The files and folders right under site-packages that belong to *distribution*."""
    root = Path(str(distribution.locate_file(""))).resolve()
    for top in {file.parts[0] for file in distribution.files or ()}:
        if top not in ("..", "__pycache__") and (root / top).exists():
            yield root / top


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
