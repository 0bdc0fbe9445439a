function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/**
 * The system calls of a container, by what they are for. What is in no list is answered with ENOSYS, as an older kernel
 * would: the C library then takes another way, and so do databases without io_setup(2) and its like: the kernel counts what they
 * take (fs.aio-max-nr) for all users together. Names that a machine or libseccomp does not know are ignored.
 */
export const allowed = {
  files: words(`
    access faccessat faccessat2 open openat openat2 creat close close_range umask lseek readahead
    read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2
    sendfile splice tee vmsplice copy_file_range dup dup2 dup3 fcntl flock ioctl pipe pipe2
    stat lstat fstat newfstatat statx statfs fstatfs getdents getdents64 readlink readlinkat
    chdir fchdir getcwd chroot mkdir mkdirat rmdir unlink unlinkat link linkat symlink symlinkat rename renameat renameat2
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
    truncate ftruncate fallocate fadvise64 sync syncfs fsync fdatasync sync_file_range
    getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr
    listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch name_to_handle_at`),
  waiting: words(`
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    eventfd eventfd2 signalfd signalfd4 futex futex_waitv futex_wait futex_wake futex_requeue`),
  memory: words(`
    brk mmap munmap mremap mprotect madvise mincore msync memfd_create mlock mlock2 munlock mlockall munlockall
    membarrier pkey_alloc pkey_free pkey_mprotect`),
  processes: words(`
    fork vfork execve execveat exit exit_group wait4 waitid prctl arch_prctl
    getpid getppid gettid getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal
    set_tid_address set_robust_list get_robust_list rseq restart_syscall getcpu
    getrlimit setrlimit prlimit64 getrusage times uname sysinfo getpriority setpriority ioprio_get ioprio_set
    sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
    sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval`),
  signals: words(`
    kill tkill tgkill pause sigaltstack rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo`),
  time: words(`
    time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep alarm getitimer setitimer
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime
    timerfd_create timerfd_gettime timerfd_settime`),
  randomness: ['getrandom'],
  identity: words(`
    getuid geteuid getgid getegid getresuid getresgid getgroups
    setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capget capset`),
  // They can only take rights away.
  sandboxes: words('seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self'),
  network: words(`
    bind connect listen accept accept4 shutdown getsockname getpeername getsockopt setsockopt
    sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg`),
  // All in the jail's own IPC namespace.
  systemV: words(`
    msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget
    mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedsend`),
} as const;

/** gdb and strace, on processes of the same user and the same jail. */
export const debugging = words('ptrace process_vm_readv process_vm_writev');

/** A file handle that is opened reaches any file of its file system. The file server lives by that; the jail does not. */
export const fileHandles = ['open_by_handle_at'];

/** What containers in the jail are made of, where the class of boards asks for them. */
export const namespaces = words(`
  unshare setns mount umount2 pivot_root sethostname setdomainname
  fsopen fsconfig fsmount fspick mount_setattr move_mount open_tree`);

/**
 * Known and refused with EPERM: each is a large piece of kernel that is rarely reached otherwise, or acts on the host as a
 * whole. Most ask for a capability in the host's own user namespace anyway; this holds when that check has a hole.
 */
export const refused = {
  kernelCode: words('bpf init_module finit_module delete_module kexec_load kexec_file_load create_module'),
  // Keyrings are not namespaced by user namespace alone, and had many holes.
  keyrings: words('add_key request_key keyctl'),
  asynchronousCalls: words('io_uring_setup io_uring_enter io_uring_register'),
  // Favourite helpers of kernel exploits: they stop the kernel at a chosen point.
  pageFaults: ['userfaultfd'],
  tracing: words('perf_event_open lookup_dcookie fanotify_init kcmp pidfd_getfd'),
  clock: words('settimeofday clock_settime clock_adjtime adjtimex'),
  host: words('reboot swapon swapoff acct syslog vhangup quotactl quotactl_fd nfsservctl'),
  hardware: words('iopl ioperm modify_ldt'),
  memoryPlacement: words('move_pages migrate_pages mbind set_mempolicy get_mempolicy'),
  obsolete: words('_sysctl sysfs uselib ustat get_kernel_syms query_module remap_file_pages'),
} as const;
