"""Confines one run with Landlock and seccomp, and sees to it that no process of it stays.

Started by `landlock.py` as a script of its own, with an empty environment: the parent here is the keeper, the
child becomes the agent's code. It must need the standard library alone, and must not run the code when any
wall could not be built.

Source of the calls: https://docs.kernel.org/userspace-api/landlock.html, linux/landlock.h
"""

import ctypes
import functools
import marshal
import os
import signal
import struct
import sys
from types import FrameType, ModuleType

CANNOT_CONFINE_EXIT = 125
CANNOT_CONFINE = "landlock: "

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_ASK_VERSION = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}  # bits; from version 5 on 16
_ALL_TCP = 0b11
_ALL_SCOPES = 0b11

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP = 1, 8, 22
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_CAP_AMBIENT_RAISE = 2
_SECCOMP_MODE_FILTER = 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x2008_0522


class Walls:
    """What the worker tells this program, on standard input before `inside.Entry`."""

    def __init__(
        self,
        readable: list[str],
        listable: list[str],
        writable: list[str],
        devices: list[str],
        program: bytes,
        worker: int,
        info: int,
    ) -> None:
        self.readable = readable
        self.listable = listable
        self.writable = writable
        self.devices = devices
        self.program = program  # of the system-call filter
        self.worker = worker  # process id
        self.info = info  # descriptor on which the worker is told the child's process id


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Return the version of Landlock's interface, 0 where the kernel has none or it is switched off."""
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def _prctl(option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:4]]
    _check(_libc().prctl(option, *words), f"prctl {option}")


def _build_ruleset(walls: Walls) -> int:
    version = landlock_version()
    if not version:
        raise OSError("this kernel has no Landlock, or it is switched off")
    handled = (1 << _RIGHTS_BY_VERSION.get(version, 16)) - 1
    scopes = _ALL_SCOPES if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, _ALL_TCP if version >= 4 else 0, scopes)
    size_bytes = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _check(
        _libc().syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size_bytes), 0), "landlock_create_ruleset"
    )
    everything = handled & ~(_MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK | _IOCTL_DEVICE)
    for paths, rights in (
        (walls.readable, _EXECUTE | _READ_FILE | _READ_DIR),
        (walls.listable, _READ_DIR),
        (walls.writable, everything),
        (walls.devices, _READ_FILE | _WRITE_FILE),
    ):
        for path in paths:
            _allow(ruleset, path, rights & handled)
    return ruleset


def _allow(ruleset: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):
        rights &= _EXECUTE | _READ_FILE | _WRITE_FILE | _TRUNCATE
    rule = struct.pack("=Qi", rights, place)
    _check(_libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0), f"landlock_add_rule {path}")
    os.close(place)


def _become(inside: ModuleType, uid: int, walls: Walls) -> None:
    """Give up root; keep one capability if the interpreter or the workspace lies in a closed folder.

    With it the code may look files up anywhere, but opening them stays with Landlock.
    """
    _prctl(_PR_SET_KEEPCAPS, 1)
    inside.become(uid)
    needed = [*walls.readable, *walls.listable, *walls.writable]
    closed = not all(os.access(path, os.R_OK) for path in needed)
    if not closed:
        _check(_keep_capabilities(0), "capset")
        return
    # Containers often have the second one only.
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if _keep_capabilities(1 << capability) == 0:
            _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
            return
    raise OSError("the interpreter or the workspace lies in a folder that is closed to other users")


def _keep_capabilities(kept: int) -> int:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    return int(_libc().capset(header, struct.pack("=6I", kept, kept, kept, 0, 0, 0)))


def _install_filter(program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_program = _FilterProgram(len(program) // 8, ctypes.addressof(buffer))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filter_program))


def _confine(inside: ModuleType, walls: Walls, rlimits: dict[str, int], uid: int | None, keeper: int) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.setsid()
    ruleset = _build_ruleset(walls)
    inside.limit_resources(rlimits)
    if uid is not None:
        _become(inside, uid, walls)
    # After the change of user, which would clear it.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        raise OSError("the keeper is gone")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _check(_libc().syscall(_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)
    os.close(walls.info)
    _install_filter(walls.program)


def _keep(child: int, walls: Walls) -> int:
    """Wait for the code, kill what it leaves behind, and return its exit code as a shell would say it."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        _kill_group(child)

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if os.getppid() != walls.worker:
        _kill_group(child)  # it died before the kernel knew that we want to be told
    os.write(walls.info, b'{"child-pid": %d}' % child)
    os.close(walls.info)
    # Not reaped yet, so that the group's number cannot come to mean somebody else.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    _kill_group(child)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return status if status >= 0 else 128 - status


def _kill_group(child: int) -> None:
    for kill in (os.killpg, os.kill):  # the group is not there yet when the child has just begun
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _load_inside() -> ModuleType:
    sys.path.insert(0, os.path.dirname(__file__))
    try:
        return __import__("inside")
    finally:
        del sys.path[0]


def main() -> None:
    """Be the keeper in the parent and the agent's code in the child."""
    keeper = os.getpid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    inside = _load_inside()
    walls = Walls(*marshal.load(sys.stdin.buffer))
    entry = inside.Entry(*marshal.load(sys.stdin.buffer))
    # Held back until the handler knows whom to kill.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child:
        raise SystemExit(_keep(child, walls))
    try:
        _confine(inside, walls, entry.rlimits, entry.uid, keeper)
    except OSError as error:
        sys.stderr.write(f"{CANNOT_CONFINE}{error}\n")
        raise SystemExit(CANNOT_CONFINE_EXIT) from None
    inside.run_source(entry)


if __name__ == "__main__":
    main()
