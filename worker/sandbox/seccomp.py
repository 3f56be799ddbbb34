"""The system-call filter of the sandbox: which calls are refused, as a BPF program.

Called by the bubblewrap and the Landlock adapters, which hand the bytes to the kernel. Pure: it must never
make a system call itself. The filter is the second wall: namespaces or Landlock are the first.

Source of the program's form: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import errno
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from worker.sandbox.job import SandboxUnavailable
from worker.sandbox.syscalls import FIRST_SHARED_NUMBER, NUMBERS, SHARED_ALLOWED

# A refusal with errno 0 does nothing and reports success.
_PRETEND = 0
_X32_BIT = 0x4000_0000
_ANY_NEW_NAMESPACE = 0x7E02_0000
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE_MASK = 1, 1, 0xF
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
_PR_SET_PDEATHSIG = 1
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000
_SHARED_ANONYMOUS = 0x21  # MAP_SHARED or MAP_SHARED_VALIDATE, with MAP_ANONYMOUS
_S_IFMT, _S_IFCHR, _S_IFBLK, _S_IFSOCK = 0o170000, 0o020000, 0o060000, 0o140000
_LOW_WORD = 0xFFFF_FFFF


class Test(Enum):
    """When a rule with an argument refuses the call."""

    EQUAL = "equal"
    DIFFERENT = "different"
    ANY_BIT = "any bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Refuse *call* with *answer*; if *test* is given, only when it holds for `argument & mask`."""

    call: str
    answer: int = errno.EPERM
    test: Test | None = None
    argument: int = 0
    mask: int = _LOW_WORD
    value: int = 0


def _refuse(calls: str, answer: int = errno.EPERM) -> tuple[Rule, ...]:
    return tuple(Rule(call=call, answer=answer) for call in calls.split())


def _refuse_when(call: str, argument: int, values: Iterable[int], mask: int = _LOW_WORD) -> tuple[Rule, ...]:
    return tuple(Rule(call=call, test=Test.EQUAL, argument=argument, mask=mask, value=value) for value in values)


def _own_process_only(calls: str, argument: int = 0) -> tuple[Rule, ...]:
    return tuple(Rule(call=call, test=Test.DIFFERENT, argument=argument) for call in calls.split())


# On every rung. Pairs of connected stream sockets are kept: asyncio cannot run without.
EVERYWHERE: tuple[Rule, ...] = (
    *_refuse("socket connect bind listen accept accept4"),
    Rule(call="socketpair", test=Test.DIFFERENT, argument=0, value=_AF_UNIX),
    Rule(call="socketpair", test=Test.DIFFERENT, argument=1, mask=_SOCK_TYPE_MASK, value=_SOCK_STREAM),
    *_refuse("ptrace process_vm_readv process_vm_writev kcmp"),
    *_refuse("mount umount2 pivot_root chroot unshare setns"),
    Rule(call="clone", test=Test.ANY_BIT, argument=0, mask=_ANY_NEW_NAMESPACE),
    *_refuse("bpf perf_event_open userfaultfd io_setup vmsplice", errno.ENOSYS),
    *_refuse("keyctl add_key request_key"),
    *_refuse("init_module finit_module delete_module create_module kexec_load kexec_file_load reboot"),
    *_refuse("swapon swapoff acct syslog quotactl vhangup uselib ustat sysfs _sysctl lookup_dcookie nfsservctl"),
    *_refuse("settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname"),
    *_refuse("iopl ioperm modify_ldt personality"),
    *_refuse("name_to_handle_at open_by_handle_at"),
    *_refuse("fanotify_init fanotify_mark inotify_init inotify_init1 inotify_add_watch"),
    # Memory that can be filled and then unmapped escapes both the address-space limit and the watchdog.
    *_refuse("memfd_create", errno.ENOSYS),
    *_refuse_when("mmap", 3, (_SHARED_ANONYMOUS,), mask=_SHARED_ANONYMOUS),
    *_refuse("shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink"),
    *_refuse("migrate_pages move_pages mbind set_mempolicy"),
    *_refuse_when("mknod", 1, (_S_IFCHR, _S_IFBLK, _S_IFSOCK), mask=_S_IFMT),
    *_refuse_when("mknodat", 2, (_S_IFCHR, _S_IFBLK, _S_IFSOCK), mask=_S_IFMT),
    *_refuse_when("fcntl", 1, (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
    *_refuse_when("ioctl", 1, (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)),
)

# Landlock leaves these to the file's owner, and without a process namespace the worker and its siblings can
# be named; an ordinary user's code would own all of that user's files and processes.
WITHOUT_NAMESPACES: tuple[Rule, ...] = (
    # `shutil.copy` must go on working, so these say yes and do nothing.
    *_refuse("chmod fchmod fchmodat chown fchown lchown fchownat", _PRETEND),
    *_refuse("utime utimes utimensat futimesat", _PRETEND),
    *_refuse("setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"),
    # Before its third version Landlock does not see a file emptied through its name or a read-only open.
    *_refuse("truncate"),
    *_refuse_when("open", 1, (_O_TRUNC,), mask=_O_ACCMODE | _O_TRUNC),
    *_refuse_when("openat", 2, (_O_TRUNC,), mask=_O_ACCMODE | _O_TRUNC),
    # All processes of a run stay in one process group, which can be killed whole, without a race.
    *_refuse("setsid setpgid", _PRETEND),
    *_refuse_when("prctl", 0, (_PR_SET_PDEATHSIG,)),
    *_own_process_only("prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr"),
    *_own_process_only("setpriority", argument=1),
    *_refuse("ioprio_set"),
)

# For kernels whose Landlock cannot keep signals inside: only the own process group (pid 0) may be signalled.
WITHOUT_SIGNAL_SCOPE: tuple[Rule, ...] = (
    *_own_process_only("kill"),
    *_refuse("tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"),
)

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_RETURN_KILL, _RETURN_ERRNO, _RETURN_ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_AUDIT_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_AT_NUMBER, _AT_ARCHITECTURE, _AT_ARGUMENTS = 0, 4, 16

_Instruction = tuple[int, int, int, int]


def build_filter(machine: str, rules: Iterable[Rule]) -> bytes:
    """Return the BPF program (`struct sock_filter` after `struct sock_filter`) that applies *rules*.

    Args:
        machine: as `platform.machine()` says it.

    Raises:
        SandboxUnavailable: no table of system calls for this architecture.
    """
    if machine not in _AUDIT_ARCHITECTURES:
        raise SandboxUnavailable(f"no system-call filter for the architecture {machine!r}", reason="machine")
    column = 0 if machine == "x86_64" else 1
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _RETURN_KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _RETURN_KILL),
    ]
    for allowed in SHARED_ALLOWED:
        program += [(_JUMP_EQUAL, 0, 1, allowed), (_RETURN, 0, 0, _RETURN_ALLOW)]
    program += [
        (_JUMP_AT_LEAST, 0, 1, FIRST_SHARED_NUMBER),
        (_RETURN, 0, 0, _RETURN_ERRNO | errno.ENOSYS),
    ]
    for rule in rules:
        number = NUMBERS[rule.call][column]
        if number is not None:
            program += _instructions(rule, number)
    program.append((_RETURN, 0, 0, _RETURN_ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _instructions(rule: Rule, number: int) -> list[_Instruction]:
    refusal = (_RETURN, 0, 0, _RETURN_ERRNO | rule.answer)
    if rule.test is None:
        return [(_JUMP_EQUAL, 0, 1, number), refusal]
    # Both architectures are little-endian: the low word of an argument comes first.
    load = [(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * rule.argument)]
    match rule.test:
        case Test.ANY_BIT:
            test = [(_JUMP_ANY_BIT, 0, 1, rule.mask)]
        case Test.EQUAL:
            test = [(_AND, 0, 0, rule.mask), (_JUMP_EQUAL, 0, 1, rule.value)]
        case Test.DIFFERENT:
            test = [(_AND, 0, 0, rule.mask), (_JUMP_EQUAL, 1, 0, rule.value)]
    body = [*load, *test, refusal, (_LOAD, 0, 0, _AT_NUMBER)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]
