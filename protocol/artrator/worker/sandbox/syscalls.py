"""Numbers of system calls: (x86_64, aarch64), -1 where an architecture lacks one. From the kernel's own headers."""

from __future__ import annotations

#: What a process that computes, waits and talks over sockets it already has needs.
COMPUTE: dict[str, tuple[int, int]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286),
    "pwritev2": (328, 287), "close": (3, 57), "close_range": (436, 436), "lseek": (8, 62), "fstat": (5, 80),
    "stat": (4, -1), "lstat": (6, -1), "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43),
    "fstatfs": (138, 44), "open": (2, -1), "openat": (257, 56), "access": (21, -1), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlink": (89, -1), "readlinkat": (267, 78), "getdents64": (217, 61),
    "getdents": (78, -1), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "fadvise64": (221, 223),
    "readahead": (187, 213), "fsync": (74, 82), "fdatasync": (75, 83), "dup": (32, 23),
    "dup2": (33, -1), "dup3": (292, 24), "pipe": (22, -1), "pipe2": (293, 59),
    "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "msync": (26, 227), "mincore": (27, 232), "mlock": (149, 228), "mlock2": (325, 284),
    "munlock": (150, 229), "membarrier": (324, 283), "pkey_alloc": (330, 289), "pkey_free": (331, 290),
    "pkey_mprotect": (329, 288), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "pause": (34, -1), "futex": (202, 98),
    "futex_waitv": (449, 449), "set_robust_list": (273, 99), "get_robust_list": (274, 100),
    "set_tid_address": (218, 96), "rseq": (334, 293), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126),
    "sched_rr_get_interval": (148, 127), "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "getpgrp": (111, -1),
    "getpgid": (121, 155), "getsid": (124, 156), "getpriority": (140, 141), "uname": (63, 160),
    "sysinfo": (99, 179), "getrusage": (98, 165), "times": (100, 153), "getrlimit": (97, 163),
    "getcpu": (309, 168), "capget": (125, 90), "umask": (95, 166), "arch_prctl": (158, -1), "exit": (60, 93),
    "exit_group": (231, 94), "restart_syscall": (219, 128), "wait4": (61, 260), "waitid": (247, 95),
    "poll": (7, -1), "ppoll": (271, 73), "select": (23, -1), "pselect6": (270, 72), "epoll_create": (213, -1),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, -1), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "eventfd": (284, -1), "eventfd2": (290, 19), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, -1), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87), "timer_create": (222, 107), "timer_settime": (223, 110),
    "timer_gettime": (224, 108), "timer_delete": (226, 111), "timer_getoverrun": (225, 109), "alarm": (37, -1),
    "setitimer": (38, 103), "getitimer": (36, 102), "getrandom": (318, 278), "get_mempolicy": (239, 236),
    "recvfrom": (45, 207), "shutdown": (48, 210), "getsockopt": (55, 209),
    "setsockopt": (54, 208), "getsockname": (51, 204), "getpeername": (52, 205),
}  # fmt: skip

#: Allowed with some arguments only, or answered so that libc takes another way.
CONDITIONAL: dict[str, tuple[int, int]] = {
    "clone": (56, 220), "clone3": (435, 435), "socket": (41, 198), "socketpair": (53, 199),
    "connect": (42, 203), "kill": (62, 129), "tgkill": (234, 131), "prctl": (157, 167), "prlimit64": (302, 261),
    "fallocate": (285, 47), "ioctl": (16, 29), "openat2": (437, 437), "io_uring_setup": (425, 425),
    "fcntl": (72, 25), "mmap": (9, 222), "sched_setaffinity": (203, 122), "sendto": (44, 206),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "setpriority": (141, 140),
}  # fmt: skip

#: Sockets that reach others, for plugins that were allowed the network: name resolution sends messages.
NETWORK: dict[str, tuple[int, int]] = {
    "sendmsg": (46, 211), "recvmsg": (47, 212), "sendmmsg": (307, 269), "recvmmsg": (299, 243),
}  # fmt: skip

#: Changes to files, for plugins that were allowed a folder of their own.
FILES: dict[str, tuple[int, int]] = {
    "flock": (73, 32),
    "unlink": (87, -1), "unlinkat": (263, 35), "rename": (82, -1), "renameat": (264, 38),
    "renameat2": (316, 276), "mkdir": (83, -1), "mkdirat": (258, 34), "rmdir": (84, -1), "ftruncate": (77, 46),
    "copy_file_range": (326, 285), "sendfile": (40, 71),
    "creat": (85, -1),
}  # fmt: skip

#: What drivers of a GPU need besides.
GPU: dict[str, tuple[int, int]] = {
    "memfd_create": (319, 279), "mbind": (237, 235), "set_mempolicy": (238, 237), "mlockall": (151, 230),
    "munlockall": (152, 231), "kcmp": (312, 272), "flock": (73, 32),
}  # fmt: skip
