/* Starts /bin/sh -c 'exit N' in one form, and waits for it where the form lets it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char exit_with[] = "exit 41";
static char *words[] = {"sh", "-c", exit_with, NULL};

static int end_of(pid_t child)
{
    int state = 0;
    if (waitpid(child, &state, 0) < 0)
        return 99;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

static int forked(void (*become)(void))
{
    pid_t child = fork();
    if (child == 0) {
        become();
        _exit(98);
    }
    return end_of(child);
}

static void plain(void) { execv("/bin/sh", words); }
static void empty(void) { execve("/bin/sh", words, (char *[]){NULL}); }
static void session(void) { setsid(); plain(); }

static void memory(void)
{
    char bytes[65536];
    int from = open("/bin/sh", O_RDONLY), into = memfd_create("forms", 0);
    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
        if (write(into, bytes, got) != got)
            _exit(97);
    syscall(SYS_execveat, into, "", words, environ, AT_EMPTY_PATH);
}

static void beside(void)
{
    int folder = open("/bin", O_PATH | O_DIRECTORY);
    syscall(SYS_execveat, folder, "sh", words, environ, 0);
}

static void old(void)
{
#ifdef __x86_64__
    /* The calls of i386 take pointers of 32 bits. */
    char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    unsigned *list = (unsigned *)(low + 256);
    strcpy(low, "/bin/sh");
    strcpy(low + 16, "sh");
    strcpy(low + 24, "-c");
    strcpy(low + 32, exit_with);
    list[0] = (unsigned)(unsigned long)(low + 16);
    list[1] = (unsigned)(unsigned long)(low + 24);
    list[2] = (unsigned)(unsigned long)(low + 32);
    list[3] = 0;
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(11), "b"(low), "c"(list), "d"(0) : "memory");
#endif
}

static void wide(void)
{
#ifdef __x86_64__
    /* execve of x32 is number 520. */
    _exit(syscall(0x40000000 + 520, "/bin/sh", words, environ) < 0 && errno == ENOSYS ? 41 : 1);
#endif
}

static void *by_thread(void *none) { plain(); return none; }

static void thread(void)
{
    pthread_t one;
    pthread_create(&one, NULL, by_thread, NULL);
    pthread_join(one, NULL);
}

static void *rewriter(void *none)
{
    for (;;) {
        exit_with[5] = '5';
        exit_with[5] = '4';
    }
    return none;
}

/* What runs is "exit 41" or "exit 51", by chance. */
static void rewritten(void)
{
    pthread_t one;
    pthread_create(&one, NULL, rewriter, NULL);
    usleep(1000);
    plain();
}

static char either[] = "/bin/sh";

static void *swapper(void *none)
{
    for (;;) {
        memcpy(either + 5, "cp", 2);
        memcpy(either + 5, "sh", 2);
    }
    return none;
}

/* What runs is sh, or cp, by chance. */
static void swapped(void)
{
    pthread_t one;
    pthread_create(&one, NULL, swapper, NULL);
    usleep(1000);
    for (;;)
        execv(either, words);
}

static char *page;

static void *shower(void *none)
{
    for (;;) {
        mprotect(page, 4096, PROT_READ | PROT_WRITE);
        mprotect(page, 4096, PROT_NONE);
    }
    return none;
}

/* The path can be read now and then. */
static void hidden(void)
{
    pthread_t one;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(page, "/bin/sh");
    pthread_create(&one, NULL, shower, NULL);
    for (;;)
        execv(page, words);
}

static void traced(void)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    plain();
}

static void missing(void) { execv("/no/such/program", words); }

static int debugged(void)
{
    pid_t child = fork();
    if (child == 0) {
        traced();
        _exit(98);
    }
    int state;
    waitpid(child, &state, 0);
    ptrace(PTRACE_CONT, child, 0, 0);
    return end_of(child);
}

static int shared(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/sh", words);
        _exit(98);
    }
    return end_of(child);
}

/* Made so that who follows the parent does not follow it. */
static int untraced(void)
{
    pid_t child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        plain();
        _exit(98);
    }
    return end_of(child);
}

/* Another thread of a process whose first one has ended goes on, and starts a program. */
static void *later(void *unused)
{
    sleep(1);
    plain();
    return unused;
}

static int leaderless(void)
{
    int line[2];
    if (pipe(line))
        return 95;
    if (fork() == 0) {
        pthread_t one;
        pthread_create(&one, NULL, later, NULL);
        close(line[0]);
        close(line[1]);
        pthread_exit(NULL);
    }
    close(line[1]);
    usleep(100000);
    return 0;
}

/* A process that is another one again and again, and starts a program in the end. */
static int hopping(void)
{
    for (int i = 0; i < 4000; i++)
        if (fork())
            _exit(0);
    plain();
    return 98;
}

/* A descriptor is that of one program, and of another one, when it is asked for. */
static int slot, file_one, file_two;

static void *swaps(void *unused)
{
    for (;;) {
        dup2(file_one, slot);
        dup2(file_two, slot);
    }
    return unused;
}

static void descriptor(void)
{
    pthread_t one;
    char *own[] = {"which", "-c", "[ -n \"$BASH_VERSION\" ] && exit 42; exit 43", NULL};
    file_one = open("/bin/sh", O_RDONLY);
    file_two = open("/bin/bash", O_RDONLY);
    slot = fcntl(file_one, F_DUPFD, 100);
    pthread_create(&one, NULL, swaps, NULL);
    usleep(1000);
    syscall(SYS_execveat, slot, "", own, environ, AT_EMPTY_PATH);
}

/* Signals that end a process which ignores all that a program of C can ignore. */
static int signals(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", getppid());
    int folder = open(path, O_RDONLY | O_DIRECTORY), line[2];
    int all[] = {SIGABRT, SIGSEGV, SIGTRAP, 32, 33, 34, 64};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, line))
        return 95;
    for (size_t at = 0; at < sizeof all / sizeof *all; at++) {
        if (syscall(SYS_pidfd_send_signal, folder, all[at], NULL, 0) == 0)
            return 94;
        fcntl(line[0], F_SETOWN, getppid());
        fcntl(line[0], F_SETSIG, all[at]);
        fcntl(line[0], F_SETFL, O_ASYNC);
        if (write(line[1], "x", 1) != 1)
            return 93;
        usleep(20000);
    }
    return forked(plain);
}

/* Has a program run where seccomp(2), or that and ptrace(2), is refused. */
static int refusing(char **program, int both)
{
    struct sock_filter lines[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_seccomp},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, both ? SYS_ptrace : SYS_seccomp},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog filter = {sizeof lines / sizeof *lines, lines};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        return 94;
    execv(program[0], program);
    return 93;
}

static int spawned(void)
{
    pid_t child;
    return posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ) ? 96 : end_of(child);
}

/* A daemon: its parent is gone when it starts the program. */
static int orphaned(void)
{
    int line[2];
    if (pipe(line))
        return 95;
    pid_t child = fork();
    if (child == 0) {
        if (fork())
            _exit(0);
        while (getppid() == child)
            usleep(100);
        usleep(20000);
        plain();
    }
    end_of(child);
    close(line[1]);
    char byte;
    return read(line[0], &byte, 1) == 0 ? 41 : 95; /* until the daemon has ended */
}

static int killed(void)
{
    pid_t child = fork();
    if (child == 0) {
        execv("/bin/sh", (char *[]){"sh", "-c", "echo up; exec sleep 1000", NULL});
        _exit(98);
    }
    usleep(300000);
    kill(child, SIGKILL);
    return end_of(child) == 128 + SIGKILL ? 41 : 1;
}

static int behind(void)
{
    if (fork() == 0)
        execv("/bin/sh", (char *[]){"sh", "-c", "sleep 3; exit 41", NULL});
    usleep(300000);
    return 41;
}

/* Whatever is done to the recorder, which is the parent of this process. */
static int hostile(void)
{
    pid_t recorder = getppid();
    char byte = 0;
    struct iovec own = {&byte, 1}, other = {(void *)0x400000, 1};
    struct rlimit none = {0, 0};
    int refused = 0;
    refused += kill(recorder, SIGKILL) < 0 && errno == EPERM;
    refused += kill(-recorder, SIGKILL) < 0 && errno == EPERM;
    refused += kill(-1, SIGKILL) < 0 && errno == EPERM;
    refused += syscall(SYS_tkill, recorder, SIGSTOP) < 0 && errno == EPERM;
    refused += syscall(SYS_tgkill, recorder, recorder, SIGSTOP) < 0 && errno == EPERM;
    refused += ptrace(PTRACE_ATTACH, recorder, 0, 0) < 0 && errno == EPERM;
    refused += process_vm_readv(recorder, &own, 1, &other, 1, 0) < 0 && errno == EPERM;
    refused += process_vm_writev(recorder, &own, 1, &other, 1, 0) < 0 && errno == EPERM;
    refused += syscall(SYS_pidfd_open, recorder, 0) < 0 && errno == EPERM;
    refused += prlimit(recorder, RLIMIT_NOFILE, &none, NULL) < 0 && errno == EPERM;
    siginfo_t info = {.si_code = SI_QUEUE};
    refused += syscall(SYS_rt_sigqueueinfo, recorder, SIGKILL, &info) < 0 && errno == EPERM;
    /* What waits for the recorder, too. */
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", recorder);
    FILE *stat = fopen(path, "r");
    pid_t waits = 0;
    if (stat == NULL || fscanf(stat, "%*d (%*[^)]) %*c %d", &waits) != 1 || waits < 2)
        return 92;
    refused += kill(waits, SIGKILL) < 0 && errno == EPERM;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    refused += sched_setaffinity(recorder, sizeof one, &one) < 0 && errno == EPERM;
    refused += setpriority(PRIO_PROCESS, recorder, 19) < 0 && errno == EPERM;
    struct sched_param none_left = {0};
    refused += sched_setscheduler(recorder, SCHED_IDLE, &none_left) < 0 && errno == EPERM;
    /* A folder of /proc is a descriptor of a process, too. */
    snprintf(path, sizeof path, "/proc/%d", recorder);
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    refused += syscall(SYS_pidfd_send_signal, folder, SIGKILL, NULL, 0) < 0 && errno == EPERM;
    refused += syscall(SYS_pidfd_send_signal, folder, SIGSTOP, NULL, 0) < 0 && errno == EPERM;
    /* The recorder lets pass what asks whether it is there, and a signal to another process. */
    refused += kill(recorder, 0) == 0 || errno == EPERM;
    pid_t victim = fork();
    if (victim == 0) {
        pause();
        _exit(0);
    }
    int handle = syscall(SYS_pidfd_open, victim, 0);
    refused += syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) == 0 && end_of(victim) == 128 + SIGKILL;
    return refused == 19 ? forked(plain) : refused;
}

/* Another namespace has other numbers: there the whole world may be killed. */
static int apart(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
        return 77;
    pid_t child = fork();
    if (child == 0) {
        pid_t other = fork();
        if (other == 0)
            pause();
        usleep(100000);
        if (kill(-1, SIGKILL) < 0 || end_of(other) != 128 + SIGKILL)
            _exit(94);
        _exit(forked(plain));
    }
    return end_of(child);
}

static int socketed(void)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    dup2(pair[0], 0);
    return forked(plain);
}

/* A child of this process's parent. */
static int sibling(void)
{
    int line[2];
    if (pipe(line))
        return 95;
    if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
        plain();
        _exit(98);
    }
    close(line[1]);
    char byte;
    return read(line[0], &byte, 1) == 0 ? 0 : 95; /* until it has ended */
}

static void *opens(void *unused)
{
    close(open("thread", O_WRONLY | O_CREAT, 0644));
    return unused;
}

/* Each call by which something gets or loses a name, in the working folder. */
static int names(void)
{
    int here = open(".", O_RDONLY | O_DIRECTORY), made;
    struct { unsigned long flags, mode, resolve; } how = {O_WRONLY | O_CREAT, 0644, 0};
    syscall(SYS_openat, AT_FDCWD, "openat", O_WRONLY | O_CREAT, 0644);
    made = syscall(SYS_openat2, here, "openat2", &how, sizeof how);
    close(made);
    how.flags = O_RDONLY;
    syscall(SYS_openat2, here, "forms-reads", &how, sizeof how);
    syscall(SYS_mkdirat, here, "mkdirat", 0755);
    syscall(SYS_mknodat, here, "mknodat", S_IFIFO | 0644, 0);
    syscall(SYS_symlinkat, "openat", here, "symlinkat");
    syscall(SYS_linkat, here, "openat", here, "linkat", 0);
    syscall(SYS_linkat, here, "openat", here, "passing1", 0);
    syscall(SYS_renameat2, here, "passing1", here, "renameat2", 0);
    syscall(SYS_linkat, here, "openat", here, "passing2", 0);
    syscall(SYS_unlinkat, here, "passing2", 0);
    syscall(SYS_truncate, "openat", 3);
    made = open(".", O_RDWR | O_TMPFILE, 0644);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", made);
    linkat(AT_FDCWD, path, AT_FDCWD, "tmpfile", AT_SYMLINK_FOLLOW);
#ifdef __x86_64__
    syscall(SYS_open, "open", O_WRONLY | O_CREAT, 0644);
    syscall(SYS_creat, "creat", 0644);
    syscall(SYS_mkdir, "mkdir", 0755);
    syscall(SYS_mkdir, "passing3", 0755);
    syscall(SYS_rmdir, "passing3");
    syscall(SYS_mknod, "mknod", S_IFIFO | 0644, 0);
    syscall(SYS_symlink, "openat", "symlink");
    syscall(SYS_link, "openat", "passing4");
    syscall(SYS_rename, "passing4", "rename");
    syscall(SYS_link, "openat", "passing5");
    syscall(SYS_renameat, here, "passing5", here, "renameat");
    syscall(SYS_link, "openat", "passing6");
    syscall(SYS_unlink, "passing6");
    syscall(SYS_open, "truncate", O_WRONLY | O_CREAT, 0644);
    static char low[] = "open32";
    char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    memcpy(at, low, sizeof low);
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(5), "b"(at), "c"(O_WRONLY | O_CREAT), "d"(0644) : "memory");
#endif
    pthread_t other;
    pthread_create(&other, NULL, opens, NULL);
    pthread_join(other, NULL);
    errno = 0;
    syscall(425, 1, NULL);
    printf("ring %d\n", errno);
    return 0;
}

static void *at_once(void *none)
{
    plain();
    return none;
}

/* Eight threads of a process become a program at the same time. */
static int crowd(void)
{
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t all[8];
            for (int at = 0; at < 8; at++)
                pthread_create(&all[at], NULL, at_once, NULL);
            pause();
        }
        if (end_of(child) != 41)
            return 99;
    }
    return 41;
}

static int told[2], seized[2];

static void *becomes_again(void *none)
{
    pid_t own = syscall(SYS_gettid);
    char go;
    if (write(told[1], &own, sizeof own) > 0 && read(seized[0], &go, 1) == 1)
        execl("/proc/self/exe", "forms", "plainly", NULL);
    return none;
}

/* A thread whose start failed has given its number to another one, which somebody traces. */
static int stale(void)
{
    pid_t thread;
    int state = 0, status = 99;
    if (pipe(told) || pipe(seized))
        return 96;
    pid_t child = fork();
    if (child == 0) {
        pthread_t one;
        execl("/no/such/program", "none", NULL);
        pthread_create(&one, NULL, becomes_again, NULL);
        for (;;)
            pause();
    }
    if (read(told[0], &thread, sizeof thread) < 0 || ptrace(PTRACE_SEIZE, thread, 0, 0) < 0)
        return 95;
    if (write(seized[1], "x", 1) != 1)
        return 94;
    for (pid_t changed; (changed = waitpid(-1, &state, __WALL)) > 0;) {
        if (WIFSTOPPED(state))
            ptrace(PTRACE_CONT, changed, 0, state >> 16 ? 0 : WSTOPSIG(state));
        else if (changed == child)
            status = WIFEXITED(state) ? WEXITSTATUS(state) : 98;
    }
    return status;
}

static int plainly(void)
{
    plain();
    return 98;
}

static int until_gone[2];

/* Lends its memory to a child that waits until another thread has become a program. */
static void *lends(void *none)
{
    char byte;
    execl("/no/such/program", "none", NULL);
    if (vfork() == 0) {
        close(until_gone[1]);
        if (read(until_gone[0], &byte, 1) == 0)
            _exit(0);
        _exit(1);
    }
    return none;
}

static void lending(void)
{
    pthread_t one;
    if (pipe2(until_gone, O_CLOEXEC))
        return;
    pthread_create(&one, NULL, lends, NULL);
    usleep(100000);
    plain();
}

static void own(void) { execl("/proc/self/exe", "forms", "plainly", NULL); }

/* As "rewritten", with more arguments than are recorded. */
static void lengthy(void)
{
    static char more[4][100000];
    char *all[] = {"sh", "-c", exit_with, more[0], more[1], more[2], more[3], NULL};
    pthread_t one;
    for (int at = 0; at < 4; at++)
        memset(more[at], 'a', sizeof more[at] - 1);
    pthread_create(&one, NULL, rewriter, NULL);
    usleep(1000);
    execv("/bin/sh", all);
}

static int late[2];
static char *served;

/* Serves a page half a second after somebody asks for it. */
static void *serve(void *nothing)
{
    static char page[4096] = "LATE=1";
    struct uffd_msg asked;
    struct uffdio_copy copy = {.dst = (unsigned long)served, .src = (unsigned long)page, .len = sizeof page};
    if (read(late[0], &asked, sizeof asked) == sizeof asked && write(late[1], "", 1) == 1) {
        usleep(500000);
        ioctl(late[0], UFFDIO_COPY, &copy);
    }
    return nothing;
}

static void *slow(void *nothing)
{
    execve("/bin/sh", words, (char *[]){served, NULL});
    return nothing;
}

/* One thread becomes a program, which takes the kernel half a second; another one asks in vain meanwhile. */
static void slowly(void)
{
    int come[2];
    char byte;
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register whole = {.mode = UFFDIO_REGISTER_MODE_MISSING};
    pthread_t one;
    served = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    whole.range = (struct uffdio_range){(unsigned long)served, 4096};
    late[0] = syscall(SYS_userfaultfd, O_CLOEXEC);
    if (late[0] < 0 || ioctl(late[0], UFFDIO_API, &api) || ioctl(late[0], UFFDIO_REGISTER, &whole) || pipe(come))
        _exit(77);
    late[1] = come[1];
    pthread_create(&one, NULL, serve, NULL);
    pthread_create(&one, NULL, slow, NULL);
    if (read(come[0], &byte, 1) == 1)
        execl("/bin/true-not", "true-not", NULL);
    pause();
}

static int faults, reads_it[2], may_serve[2];
static char *unserved;

/* Tells that somebody reads the memory, and serves it when it is told to. */
static void *serves_when_told(void *none)
{
    static char bytes[4096] = "exit 41";
    struct uffdio_copy copy = {(unsigned long)unserved, (unsigned long)bytes, sizeof bytes, 0, 0};
    struct uffd_msg event;
    char byte;
    if (read(faults, &event, sizeof event) == sizeof event && write(reads_it[1], "x", 1) == 1 &&
        read(may_serve[0], &byte, 1) == 1)
        ioctl(faults, UFFDIO_COPY, &copy);
    return none;
}

/* While nobody serves the arguments of one process, another one asks for a program. */
static int waiting(void)
{
    struct uffdio_api api = {UFFD_API, 0, 0};
    struct uffdio_register range = {{0, 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
    char byte;
    if (pipe(reads_it) || pipe(may_serve))
        return 95;
    pid_t one = fork();
    if (one == 0) {
        faults = syscall(SYS_userfaultfd, O_CLOEXEC);
        unserved = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        range.range.start = (unsigned long)unserved;
        if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
            _exit(77);
        pthread_t thread;
        pthread_create(&thread, NULL, serves_when_told, NULL);
        execl("/bin/sh", "sh", "-c", unserved, NULL);
        _exit(98);
    }
    close(reads_it[1]);
    if (read(reads_it[0], &byte, 1) != 1)
        return end_of(one);
    pid_t other = fork();
    if (other == 0) {
        execl("/bin/true", "true", NULL);
        _exit(98);
    }
    usleep(200000);
    int is_held = waitpid(other, NULL, WNOHANG) == 0;
    if (write(may_serve[1], "x", 1) != 1)
        return 95;
    return end_of(other) == 0 && is_held ? end_of(one) : 96;
}

int main(int count, char **form)
{
    static const struct {
        const char *name;
        int (*call)(void);
        void (*become)(void);
    } forms[] = {
        {"plain", NULL, plain},       {"empty", NULL, empty},         {"session", NULL, session},
        {"memory", NULL, memory},     {"beside", NULL, beside},       {"old", NULL, old},
        {"wide", NULL, wide},         {"thread", NULL, thread},       {"rewritten", NULL, rewritten},
        {"missing", NULL, missing},   {"swapped", NULL, swapped},     {"hidden", NULL, hidden},
          {"debugged", debugged, NULL},   {"vfork", shared, NULL},
        {"spawned", spawned, NULL},   {"orphaned", orphaned, NULL},   {"killed", killed, NULL},
        {"behind", behind, NULL},     {"hostile", hostile, NULL},     {"apart", apart, NULL},
        {"socket", socketed, NULL},   {"sibling", sibling, NULL},
        {"names", names, NULL},       {"waiting", waiting, NULL},       {"untraced", untraced, NULL},
        {"leaderless", leaderless, NULL}, {"hopping", hopping, NULL}, {"signals", signals, NULL},
        {"descriptor", NULL, descriptor}, {"crowd", crowd, NULL},     {"stale", stale, NULL},
        {"lending", NULL, lending},   {"plainly", plainly, NULL},   {"own", NULL, own},             {"lengthy", NULL, lengthy},
        {"slowly", NULL, slowly},
    };
    if (count > 3 && strcmp(form[1], "refusing") == 0)
        return refusing(form + 3, strcmp(form[2], "both") == 0);
    for (size_t at = 0; count > 1 && at < sizeof forms / sizeof *forms; at++)
        if (strcmp(forms[at].name, form[1]) == 0)
            return forms[at].call ? forms[at].call() : forked(forms[at].become);
    return 2;
}
