"""The filter, run by a small machine of the test's own: also for the architecture that this is not."""

import errno
import struct

import pytest

from worker.sandbox.job import SandboxUnavailable
from worker.sandbox.seccomp import EVERYWHERE, WITHOUT_NAMESPACES, WITHOUT_SIGNAL_SCOPE, build_filter

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
