"""Attempts to break out of the sandbox, one piece of Python each.

A piece escapes when it ends without an error; the facts of `sandbox_bait` and the helpers of `PRELUDE` are its
globals. All pieces are run by one job, so they must not end or hang the process: what does is in
`test_sandbox_limits.py`.
"""

PRELUDE = """
import ctypes, errno, os, resource, socket, struct, subprocess, sys
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"

def syscall(x86, arm, *arguments):
    result = libc.syscall(ctypes.c_long(x86 if X86 else arm), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def contained(text):
    if canary in text:
        return
    raise PermissionError("nothing of the host's in it")
"""

PROBES: dict[str, str] = {
    # The environment and the processes of the host
    "its own environment": "contained(repr(dict(os.environ)))",
    "the environment of process 1": "contained(open('/proc/1/environ').read())",
    "the environment of its parent": "contained(open(f'/proc/{os.getppid()}/environ').read())",
    "the environment of the worker": "contained(open(f'/proc/{worker}/environ').read())",
    "the memory of the worker": "open(f'/proc/{worker}/mem', 'rb').read(1)",
    # From there an ordinary user's code could reach the file of bwrap, outside.
    "the memory of process 1": "open('/proc/1/mem', 'r+b')",
    "the program of process 1": "os.readlink('/proc/1/exe')",
    "the command lines of all processes": (
        "own = Path(own_workspace).parent.as_posix()\n"
        "found = [p for p in Path('/proc').glob('[0-9]*/cmdline') if own in p.read_text()]\n"
        "assert found"
    ),
    "the files of the worker through /proc": "os.listdir(f'/proc/{worker}/root')",
    "the open files of the worker": "os.listdir(f'/proc/{worker}/fd')",
    "descriptors left open": (
        "def open_ones():\n"
        "    for fd in range(3, 128):\n"
        "        try: yield os.fstat(fd)\n"
        "        except OSError: pass\n"
        "assert list(open_ones())"
    ),
    "the processes that there are": "assert [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 1]",
    "the worker's modules": "import worker.settings",
    "the worker's packages": "import sqlalchemy",
    "the modules that the walls were built with": (
        "import gc\n"
        "assert [o for o in gc.get_objects() if type(o).__name__ in ('Walls', 'Launch', 'Settings', 'SecretStr')\n"
        "    and canary in repr(vars(o))]"
    ),
    "what the launcher was told": "os.lseek(0, 0, 0); assert os.read(0, 100)",
    "the worker's own limits": (
        "assert resource.getrlimit(resource.RLIMIT_AS)[1] == resource.RLIM_INFINITY\n"
        "assert resource.getrlimit(resource.RLIMIT_NPROC)[1] == resource.RLIM_INFINITY"
    ),
    "coming before the worker": "os.setpriority(os.PRIO_PROCESS, 0, 0)",
    "not being the first to go": "open('/proc/self/oom_score_adj', 'w').write('-1000')",
    # Files
    "a file of the host": "contained(open(secret).read())",
    "a folder of the host": "os.listdir(os.path.dirname(secret))",
    "another session's file": "contained(open(other_workspace + '/theirs.txt').read())",
    "writing into another session": "open(other_workspace + '/mine.txt', 'w').write('x')",
    "removing another session's file": "os.unlink(other_workspace + '/theirs.txt')",
    "emptying another session's file": "os.truncate(other_workspace + '/theirs.txt', 0)",
    "emptying it through a reading descriptor": "os.open(other_workspace + '/theirs.txt', os.O_RDONLY | os.O_TRUNC)",
    "renaming another session's file": "os.rename(other_workspace + '/theirs.txt', 'taken.txt')",
    "a hard link to another session's file": "os.link(other_workspace + '/theirs.txt', 'linked.txt')",
    "a symbolic link to a file of the host": "os.symlink(secret, 'link'); contained(open('link').read())",
    "a symbolic link to a folder of the host": "os.symlink(os.path.dirname(secret), 'links'); os.listdir('links')",
    "the folder above the workspace": "contained(open('../../private/secret.txt').read())",
    "dots in a path": "contained(open(own_workspace + '/../other/theirs.txt').read())",
    "the password file": "open('/etc/shadow').read()",
    "the home of root": "assert set(os.listdir('/root')) - set(Path(sys.executable).parts)",
    "the project's own files": "open(project).read()",
    "a handle instead of a path": "syscall(304, 265, -100, ctypes.create_string_buffer(64), 0)",
    "running a program of the workspace's as set-user-id": (
        "Path('tool').write_text('#!/bin/sh\\nid -u'); os.chmod('tool', 0o4755)\n"
        "assert subprocess.run(['./tool'], capture_output=True, text=True).stdout.strip() == '0'"
    ),
    # The interpreter and the system
    "writing to the interpreter": "open(interpreter, 'a').write('#')",
    "writing next to the interpreter": "open(os.path.dirname(interpreter) + '/planted.py', 'w').write('')",
    "writing to a package": "import numpy; open(numpy.__file__, 'a').write('#')",
    "writing to /usr": "open('/usr/bin/planted', 'w').write('')",
    "writing to /etc": "open('/etc/planted', 'w').write('')",
    "writing to /": "open('/planted', 'w').write('')",
    "writing to the kernel's settings": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh')",
    "asking the kernel to restart": "open('/proc/sysrq-trigger', 'w').write('h')",
    "cgroups": "os.listdir('/sys/fs/cgroup')",
    "a disk": "open('/dev/vda', 'rb').read(1) if os.path.exists('/dev/vda') else open('/dev/sda', 'rb').read(1)",
    "memory as a device": "open('/dev/mem', 'rb').read(1)",
    "the terminal": "open('/dev/tty', 'rb')",
    "a new terminal": "os.openpty()",
    "making a device": "os.mknod('disk', 0o60600, os.makedev(8, 0))",
    "typing into a terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    # The network
    "TCP to the host": "socket.create_connection(('127.0.0.1', tcp), timeout=1)",
    "TCP to the host over IPv6": "socket.create_connection(('::1', tcp6), timeout=1)",
    "UDP to the host": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', udp))",
    "a socket with a path": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', unix)",
    "an abstract socket": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', abstract)",
    "a pair of sockets turned elsewhere": "socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', unix)",
    "names of hosts": "socket.getaddrinfo('example.com', 80)",
    "raw packets": "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)",
    "packets below IP": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "the network's settings": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a socket by its number": "syscall(41, 198, 2, 1, 0)",
    "listening": "socket.socket().bind(('127.0.0.1', 0))",
    "a child that connects": (
        "code = f'import socket; socket.create_connection((\"127.0.0.1\", {tcp}), timeout=1)'\n"
        "subprocess.run([sys.executable, '-c', code], check=True, stderr=subprocess.DEVNULL)"
    ),
    "the address of a cloud's keys": "socket.create_connection(('169.254.169.254', 80), timeout=1)",
    "a name server": ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(12), ('8.8.8.8', 53))"),
    "the socket of Docker": ("socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect('/var/run/docker.sock')"),
    "the bus of the system": (
        "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect('/run/dbus/system_bus_socket')"
    ),
    "sockets of the hypervisor": "socket.socket(40, socket.SOCK_STREAM)",
    "sockets of the kernel's ciphers": "socket.socket(38, socket.SOCK_SEQPACKET)",
    # Rights and other processes
    "becoming root": "os.setuid(0) if os.getuid() else os.setresuid(0, 0, 0)",
    "being root": "assert os.getuid() == 0",
    "having groups": "assert 0 in os.getgroups()",
    "a set-user-id program": (
        "assert subprocess.run(['/usr/bin/su', '-c', 'true'], stdin=subprocess.DEVNULL, "
        "capture_output=True).returncode == 0"
    ),
    "tracing the worker": "syscall(101, 117, 16, worker, 0, 0)",
    "tracing its parent": "syscall(101, 117, 16, os.getppid(), 0, 0)",
    "reading the worker's memory": "syscall(310, 270, worker, None, 0, None, 0, 0)",
    "signalling the worker": "os.kill(worker, 0)",
    "killing its parent": "parent = os.getppid(); os.kill(parent, 9); assert os.getppid() != parent",
    "limiting the worker": "resource.prlimit(worker, resource.RLIMIT_CPU, (1, 1))",
    "raising its own limits": "resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)",
    "mounting": "syscall(165, 40, b'none', b'/tmp', b'tmpfs', 0, None)",
    "a new root": "os.chroot('/tmp')",
    "a user namespace": "syscall(272, 97, 0x10000000)",
    "a mount namespace": "syscall(272, 97, 0x00020000)",
    "a user namespace by clone": (
        "pid = libc.syscall(ctypes.c_long(56 if X86 else 220), 0x10000011, 0, 0, 0, 0)\n"
        "pid == 0 and os._exit(0)\n"
        "assert pid > 0"
    ),
    "a user namespace by clone3": "syscall(435, 435, ctypes.create_string_buffer(88), 88)",
    "another process's namespace": "syscall(308, 268, 0, 0)",
    "a program for the kernel": "syscall(321, 280, 0, None, 0)",
    "io_uring": "syscall(425, 425, 8, ctypes.create_string_buffer(120))",
    "page faults in user space": "syscall(323, 282, 1)",
    "performance events": "syscall(298, 241, None, 0, -1, -1, 0)",
    "the kernel's key ring": "syscall(250, 219, 0, -3, 1)",
    "another process's descriptors": "syscall(438, 438, 0, 0, 0)",
    "the new mount calls": "syscall(430, 430, b'tmpfs', 0)",
    "its own address space laid out again": "syscall(135, 92, 0x0040000)",
    "memory that even the kernel does not see": "syscall(447, 447, 0)",
    "landlock of its own": "syscall(444, 444, None, 0, 1)",
    "a disk's quota": "syscall(179, 60, 0, None, 0, None)",
    "the clock": "syscall(227, 112, 0, struct.pack('=qq', 0, 0))",
    "the name of the machine": "socket.sethostname('taken')",
    "the kernel's log": "syscall(103, 116, 3, ctypes.create_string_buffer(64), 64)",
    "starting the machine anew": "syscall(169, 142, 0xFEE1DEAD, 672274793, 0, None)",
    "accounting": "syscall(163, 89, None)",
    "a device by mknodat": "syscall(259, 33, -100, b'disk2', 0o60600, os.makedev(8, 0))",
    # Memory that nobody would count
    "memory without a mapping": "os.memfd_create('hidden')",
    "shared memory of System V": "syscall(29, 194, 0, 4096, 0o1600)",
    "shared memory without a file": "import mmap; mmap.mmap(-1, 4096)",
    "watching the host's folders": "syscall(294, 26, 0)",
}


def program(names: list[str], facts: object) -> str:
    """Return the job that tries all *names* and prints a line `name<TAB>verdict` for each."""
    pieces = {name: PROBES[name] for name in names}
    return f"""{PRELUDE}
globals().update({facts!r})
for name, piece in {pieces!r}.items():
    try:
        exec(piece, globals())
    except (OSError, AssertionError, ImportError, ValueError, subprocess.CalledProcessError) as error:
        verdict = f"contained: {{type(error).__name__}}: {{error}}"
    except BaseException as error:
        verdict = f"the probe is wrong: {{type(error).__name__}}: {{error}}"
    else:
        verdict = "ESCAPED"
    print(name, verdict.replace(chr(10), " "), sep=chr(9))
"""
