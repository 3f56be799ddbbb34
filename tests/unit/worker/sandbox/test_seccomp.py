"""The filter, run by a small machine of the test's own: also for the architecture that this is not."""

import errno
import re
import struct
from pathlib import Path

import pytest

from worker.sandbox.job import SandboxUnavailable
from worker.sandbox.seccomp import EVERYWHERE, WITHOUT_NAMESPACES, WITHOUT_SIGNAL_SCOPE, build_filter
from worker.sandbox.syscalls import FIRST_SHARED_NUMBER, NUMBERS, SHARED_ALLOWED

_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_ALL = (*EVERYWHERE, *WITHOUT_NAMESPACES, *WITHOUT_SIGNAL_SCOPE)
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def _answer(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Run *program* as the kernel would. Source: linux/filter.h, linux/bpf_common.h."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = position = 0
    while True:
        code, if_true, if_false, value = instructions[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x35:
                position += if_true if accumulator >= value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"an instruction that the filter should not use: {code:#x}")


@pytest.mark.parametrize("machine", _ARCHITECTURES)
@pytest.mark.parametrize(
    ("numbers", "arguments"),
    [
        ((41, 198), (1, 1)),  # socket
        ((53, 199), (1, 2)),  # socketpair of datagrams
        ((53, 199), (2, 1)),  # socketpair of another family
        ((101, 117), ()),  # ptrace
        ((56, 220), (0x1000_0011,)),  # clone with a user namespace
        ((272, 97), (0x1000_0000,)),  # unshare
        ((165, 40), ()),  # mount
        ((257, 56), (0, 0, 0o1000)),  # openat, reading and emptying
        ((302, 261), (1234,)),  # prlimit64 of another process
        ((62, 129), (1234, 9)),  # kill
        ((9, 222), (0, 4096, 3, 0x21)),  # mmap, shared and anonymous
        ((9, 222), (0, 4096, 3, 0x23)),  # the same, validated
        ((259, 33), (-100 & 0xFFFF_FFFF, 0, 0o060600)),  # mknodat of a disk
        ((16, 29), (0, 0x5412)),  # typing into a terminal
        ((16, 29), (0, 0x1_0000_5412)),  # the same: the kernel reads 32 bits of it
        ((157, 167), (1, 0)),  # prctl that outlives the keeper
        ((141, 140), (0, 1234)),  # setpriority of another process
    ],
)
def test_a_dangerous_call_is_not_permitted(machine: str, numbers: tuple[int, int], arguments: tuple[int, ...]) -> None:
    number = numbers[list(_ARCHITECTURES).index(machine)]
    answer = _answer(build_filter(machine, _ALL), _ARCHITECTURES[machine], number, *arguments)
    assert answer == _ERRNO | errno.EPERM


@pytest.mark.parametrize("machine", _ARCHITECTURES)
@pytest.mark.parametrize(
    ("numbers", "arguments"),
    [
        ((0, 63), ()),  # read
        ((257, 56), (0, 0, 0o100 | 0o1 | 0o1000)),  # openat, writing and emptying
        ((56, 220), (0x0000_0011,)),  # fork
        ((53, 199), (1, 1 | 0o2000000)),  # socketpair, as asyncio makes it
        ((302, 261), (0,)),  # prlimit64 of itself
        ((9, 222), (0, 4096, 3, 0x22)),  # mmap, private and anonymous
        ((62, 129), (0, 9)),  # kill its own group
        ((436, 436), ()),  # close_range
        ((259, 33), (-100 & 0xFFFF_FFFF, 0, 0o010600)),  # mknodat of a pipe
        ((157, 167), (15, 0)),  # prctl that names the process
    ],
)
def test_an_ordinary_call_is_allowed(machine: str, numbers: tuple[int, int], arguments: tuple[int, ...]) -> None:
    number = numbers[list(_ARCHITECTURES).index(machine)]
    assert _answer(build_filter(machine, _ALL), _ARCHITECTURES[machine], number, *arguments) == _ALLOW


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_a_call_that_a_later_kernel_adds_is_not_there(machine: str) -> None:
    program = build_filter(machine, _ALL)
    for number in (425, 435, 463, 900):
        assert _answer(program, _ARCHITECTURES[machine], number) == _ERRNO | errno.ENOSYS


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_a_call_of_another_architecture_kills(machine: str) -> None:
    program = build_filter(machine, _ALL)
    assert _answer(program, 0x4000_0003, 4) == _KILL  # i386
    assert _answer(program, _ARCHITECTURES[machine], 0x4000_0000 + 39) == _KILL  # x32


def test_other_machines_are_refused_a_filter() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        build_filter("riscv64", _ALL)


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_the_program_refuses_exactly_what_its_rules_name(machine: str) -> None:
    """Each number of the architecture, one by one: no refusal slips to a neighbour, none is lost."""
    column = list(_ARCHITECTURES).index(machine)
    program = build_filter(machine, _ALL)
    refused = {NUMBERS[rule.call][column]: rule.answer for rule in reversed(_ALL) if rule.test is None}
    examined = {NUMBERS[rule.call][column] for rule in _ALL if rule.test is not None} - set(refused)
    for number in range(FIRST_SHARED_NUMBER + 60):
        if number in examined:
            continue
        answer = _answer(program, _ARCHITECTURES[machine], number)
        if number in refused:
            assert answer == _ERRNO | refused[number], number
        else:
            known = number < FIRST_SHARED_NUMBER or number in SHARED_ALLOWED
            assert answer == (_ALLOW if known else _ERRNO | errno.ENOSYS), number


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_the_program_is_one_that_the_kernel_takes(machine: str) -> None:
    """Whole instructions, not too many, every jump inside, and an answer at the end. Source: net/core/filter.c."""
    instructions = list(struct.iter_unpack("=HBBI", build_filter(machine, _ALL)))
    assert len(instructions) <= 4096
    assert instructions[-1][0] == 0x06
    for position, (code, if_true, if_false, value) in enumerate(instructions):
        if code in (0x15, 0x35, 0x45):
            assert position + 1 + max(if_true, if_false) < len(instructions)
        if code == 0x20:
            assert value % 4 == 0
            assert value < 64


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")),
        ("aarch64", Path("/usr/include/asm-generic/unistd.h")),
    ],
)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str, header: Path) -> None:
    if not header.exists():
        pytest.skip(f"no {header} here")
    found: dict[str, int] = {}
    for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()):
        found.setdefault(name, int(number))
    column = list(_ARCHITECTURES).index(machine)
    assert {name: numbers[column] for name, numbers in NUMBERS.items()} == {name: found.get(name) for name in NUMBERS}
