"""The system calls that the sandbox's filter knows by name, with their numbers on each architecture.

Read by `seccomp.py`, which says what happens to them. Holds numbers alone: no decision beyond the allow-list of calls
that are newer than the table.

Source: asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1; the numbers stay as they are for ever.
"""

from collections.abc import Mapping
from types import MappingProxyType

# name: (x86_64, aarch64). None: that architecture never had the call.
NUMBERS: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        "accept": (43, 202),
        "accept4": (288, 242),
        "acct": (163, 89),
        "add_key": (248, 217),
        "adjtimex": (159, 171),
        "bind": (49, 200),
        "bpf": (321, 280),
        "chmod": (90, None),
        "chown": (92, None),
        "chroot": (161, 51),
        "clock_adjtime": (305, 266),
        "clock_settime": (227, 112),
        "clone": (56, 220),
        "connect": (42, 203),
        "create_module": (174, None),
        "delete_module": (176, 106),
        "fanotify_init": (300, 262),
        "fanotify_mark": (301, 263),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchown": (93, 55),
        "fchownat": (260, 54),
        "fcntl": (72, 25),
        "finit_module": (313, 273),
        "fremovexattr": (199, 16),
        "fsetxattr": (190, 7),
        "futimesat": (261, None),
        "init_module": (175, 105),
        "inotify_add_watch": (254, 27),
        "inotify_init": (253, None),
        "inotify_init1": (294, 26),
        "io_setup": (206, 0),
        "ioctl": (16, 29),
        "ioperm": (173, None),
        "iopl": (172, None),
        "ioprio_set": (251, 30),
        "kcmp": (312, 272),
        "kexec_file_load": (320, 294),
        "kexec_load": (246, 104),
        "keyctl": (250, 219),
        "kill": (62, 129),
        "lchown": (94, None),
        "listen": (50, 201),
        "lookup_dcookie": (212, 18),
        "lremovexattr": (198, 15),
        "lsetxattr": (189, 6),
        "mbind": (237, 235),
        "memfd_create": (319, 279),
        "migrate_pages": (256, 238),
        "mknod": (133, None),
        "mknodat": (259, 33),
        "mmap": (9, 222),
        "modify_ldt": (154, None),
        "mount": (165, 40),
        "move_pages": (279, 239),
        "mq_open": (240, 180),
        "mq_unlink": (241, 181),
        "msgctl": (71, 187),
        "msgget": (68, 186),
        "msgrcv": (70, 188),
        "msgsnd": (69, 189),
        "name_to_handle_at": (303, 264),
        "nfsservctl": (180, 42),
        "open": (2, None),
        "open_by_handle_at": (304, 265),
        "openat": (257, 56),
        "perf_event_open": (298, 241),
        "personality": (135, 92),
        "pivot_root": (155, 41),
        "prctl": (157, 167),
        "prlimit64": (302, 261),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "ptrace": (101, 117),
        "quotactl": (179, 60),
        "reboot": (169, 142),
        "removexattr": (197, 14),
        "request_key": (249, 218),
        "rt_sigqueueinfo": (129, 138),
        "rt_tgsigqueueinfo": (297, 240),
        "sched_setaffinity": (203, 122),
        "sched_setattr": (314, 274),
        "sched_setparam": (142, 118),
        "sched_setscheduler": (144, 119),
        "semctl": (66, 191),
        "semget": (64, 190),
        "semop": (65, 193),
        "semtimedop": (220, 192),
        "set_mempolicy": (238, 237),
        "setdomainname": (171, 162),
        "sethostname": (170, 161),
        "setns": (308, 268),
        "setpgid": (109, 154),
        "setpriority": (141, 140),
        "setsid": (112, 157),
        "settimeofday": (164, 170),
        "setxattr": (188, 5),
        "shmat": (30, 196),
        "shmctl": (31, 195),
        "shmget": (29, 194),
        "socket": (41, 198),
        "socketpair": (53, 199),
        "swapoff": (168, 225),
        "swapon": (167, 224),
        "sysfs": (139, None),
        "_sysctl": (156, None),
        "syslog": (103, 116),
        "tgkill": (234, 131),
        "tkill": (200, 130),
        "truncate": (76, 45),
        "umount2": (166, 39),
        "unshare": (272, 97),
        "uselib": (134, None),
        "userfaultfd": (323, 282),
        "ustat": (136, None),
        "utime": (132, None),
        "utimensat": (280, 88),
        "utimes": (235, None),
        "vhangup": (153, 58),
        "vmsplice": (278, 75),
    }
)

# From here on the numbers are the same on every architecture; what is not named below answers ENOSYS, so a
# call that a later kernel adds is refused until somebody has looked at it.
FIRST_SHARED_NUMBER = 424
SHARED_ALLOWED = (
    434,  # pidfd_open
    436,  # close_range
    439,  # faccessat2
    441,  # epoll_pwait2
    449,  # futex_waitv
    451,  # cachestat
    453,  # map_shadow_stack
    454,  # futex_wake
    455,  # futex_wait
    456,  # futex_requeue
    462,  # mseal
)
