// tests/support/fault_shim.c: LD_PRELOAD library that kills a process at the n-th call that changes a file or a
// connection, and keeps what a power cut would leave (design.md §9). The product knows nothing of it.
//
// Environment, read once:
//   FAULT_ROOT   folder(s), separated by ':', whose files count; connections (TCP) always count
//   FAULT_PLAN   a file; while it exists the shim counts, and its lines say what to do:
//                  kill_at=N        0 or absent: never, only count
//                  when=before      the N-th call is not made; when=after: it is made, then the process dies
//                  shadow=DIR       power cut: keep here what has reached stable storage (see below); DIR is empty
//                  fail_at=N        the N-th call on a file fails instead of being made, and all up to
//                  fail_until=M     (absent: N; 0: for ever) with
//                  fail_with=E      enospc, erofs, eio, eintr (every other one, so that whoever tries again gets on),
//                                   short (a write of half the octets), or hang (it never returns)
//                  fail_kind=K      only calls of this kind (as in the trace: wal, spool, …)
//                  clock=SECONDS    CLOCK_REALTIME is that far from the truth, from now on
//   FAULT_LOG    the trace: one line "N call kind octets" per counted call, and "killed N when" at the end
//   FAULT_MATCH  only a process whose command line holds this text is hit; children of it are not
// Counted: write, writev, pwrite, pwritev, send, sendto, sendmsg (files under FAULT_ROOT and TCP), fsync, fdatasync,
// ftruncate, fallocate, rename, unlink and what is built on them. A new plan (another inode or time) starts again at 1.
//
// Power cut. At the first call after arming, all that is under FAULT_ROOT is taken to be on stable storage and copied
// into the shadow. From then on only what the process itself syncs is added, one line each in shadow/journal:
//   file KEY COPY                        fsync or fdatasync of a file: its content at that moment is shadow/COPY
//   folder KEY NAME=KEY/TYPE …           fsync of a folder: its entries at that moment
//   rename OLDFOLDER OLDNAME NEWFOLDER NEWNAME KEY TYPE    made, and durable once either folder is synced
// KEY is inode and birth time, names are hexadecimal. tests/fault/power_cut.py puts the files back from it.
// Modelled: content without fsync, and names without fsync of their folder, are lost; a rename is one act, as in the
// journalling file systems. Not modelled: sectors reordered or torn within one sync, metadata that a real file system
// would commit earlier than asked (that is kinder than this model), mmap (SQLite's -shm only, rebuilt at open),
// sync(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Every real call is a bare system call: nothing here can count itself, and no other library has to be looked up.
#define SHIM __attribute__((visibility("default")))

enum { path_octets = 4096, line_octets = 1 << 16 };

static struct {
    char roots[path_octets];
    char plan[path_octets];
    char log[path_octets];
    int enabled;
    // Below: guarded by lock.
    int armed;
    uint64_t plan_inode;
    int64_t plan_nanoseconds;
    long count;
    long kill_at;
    int kill_after;
    char shadow[path_octets];
    long copies;
    long fail_at, fail_until;
    enum { fail_none, fail_error, fail_interrupted, fail_short, fail_hang } fail_how;
    int fail_error;
    char fail_kind[16];
    int64_t clock_seconds;
} shim;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// --- small tools over bare system calls ------------------------------------------------------------------------------

static void put(int fd, const char* bytes, size_t octets)
{
    while (octets > 0) {
        const long done = syscall(SYS_write, fd, bytes, octets);
        if (done <= 0) return;
        bytes += done;
        octets -= (size_t)done;
    }
}

static int open_raw(const char* path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

__attribute__((format(printf, 2, 3))) static void append(const char* path, const char* format, ...)
{
    char line[512 + path_octets];
    va_list values;
    va_start(values, format);
    const int octets = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    const int fd = open_raw(path, O_WRONLY | O_CREAT | O_APPEND);
    if (fd < 0 || octets < 0) return;
    put(fd, line, (size_t)octets < sizeof line ? (size_t)octets : sizeof line - 1);
    syscall(SYS_close, fd);
}

struct node {
    uint64_t inode;
    int64_t born;  // nanoseconds: tells a new file from an old one that had the same inode
    int64_t changed;
    unsigned mode;
};

static int look(int folder, const char* path, int flags, struct node* out)
{
    struct statx facts;
    if (syscall(SYS_statx, folder, path, flags, STATX_BASIC_STATS | STATX_BTIME, &facts) != 0) return -1;
    out->inode = facts.stx_ino;
    out->born = (int64_t)facts.stx_btime.tv_sec * 1000000000 + facts.stx_btime.tv_nsec;
    out->changed = (int64_t)facts.stx_mtime.tv_sec * 1000000000 + facts.stx_mtime.tv_nsec;
    out->mode = facts.stx_mode;
    return 0;
}

static char type_of(const struct node* node)
{
    return S_ISREG(node->mode) ? 'f' : S_ISDIR(node->mode) ? 'd' : 'o';
}

static int key_text(const struct node* node, char* out, size_t room)
{
    return snprintf(out, room, "%llu.%lld", (unsigned long long)node->inode, (long long)node->born);
}

static void hex_text(const char* text, char* out)
{
    static const char digits[] = "0123456789abcdef";
    for (; *text != '\0'; ++text) {
        *out++ = digits[((unsigned char)*text) >> 4U];
        *out++ = digits[((unsigned char)*text) & 15U];
    }
    *out = '\0';
}

static int under_root(const char* path)
{
    for (const char* root = shim.roots; *root != '\0';) {
        const size_t octets = strcspn(root, ":");
        if (octets > 0 && strncmp(path, root, octets) == 0 && (path[octets] == '/' || path[octets] == '\0')) return 1;
        root += octets;
        if (*root == ':') ++root;
    }
    return 0;
}

static int path_of(int fd, char* out)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const long octets = syscall(SYS_readlinkat, AT_FDCWD, link, out, (size_t)path_octets - 1);
    if (octets < 0) return -1;
    out[octets] = '\0';
    return 0;
}

// A path as given to a call, made absolute without following its last part.
static int absolute(int folder, const char* path, char* out)
{
    char base[path_octets];
    if (path[0] == '/') {
        snprintf(out, path_octets, "%s", path);
        return 0;
    }
    if (folder == AT_FDCWD ? syscall(SYS_getcwd, base, sizeof base) < 0 : path_of(folder, base) != 0) return -1;
    const size_t octets = strlen(base);
    if (octets + 1 + strlen(path) >= path_octets) return -1;
    memcpy(out, base, octets);
    out[octets] = '/';
    memcpy(out + octets + 1, path, strlen(path) + 1);
    return 0;
}

static int ends_with(const char* text, const char* ending)
{
    const size_t a = strlen(text), b = strlen(ending);
    return a >= b && strcmp(text + a - b, ending) == 0;
}

static const char* kind_of_path(const char* path)
{
    if (ends_with(path, "-wal")) return "wal";
    if (ends_with(path, "-shm")) return "shm";
    if (ends_with(path, "-journal")) return "journal";
    if (ends_with(path, ".db") || ends_with(path, ".sqlite")) return "database";
    if (strstr(path, "-objects-") != NULL) return "objects";
    if (strstr(path, "/.claimed") != NULL) return "claimed";
    if (strstr(path, "/ack") != NULL) return "ack";
    if (strstr(path, "/spool") != NULL) return "spool";
    return "file";
}

// --- power cut: what has reached stable storage ----------------------------------------------------------------------

static void journal_line(const char* line, size_t octets)
{
    char path[path_octets + 16];
    snprintf(path, sizeof path, "%s/journal", shim.shadow);
    const int fd = open_raw(path, O_WRONLY | O_CREAT | O_APPEND);
    if (fd < 0) return;
    put(fd, line, octets);
    syscall(SYS_close, fd);
}

static void keep_file(int from, const struct node* node)
{
    char copy[path_octets + 64], key[64], line[256], block[1 << 16], name[64];
    snprintf(name, sizeof name, "%ld-%ld", syscall(SYS_getpid), ++shim.copies);  // each keeper is a process of its own
    snprintf(copy, sizeof copy, "%s/%s", shim.shadow, name);
    const int to = open_raw(copy, O_WRONLY | O_CREAT | O_TRUNC);
    if (to < 0) return;
    for (int64_t at = 0;;) {
        const long got = syscall(SYS_pread64, from, block, sizeof block, at);
        if (got <= 0) break;
        if (block[0] == 0 && memcmp(block, block + 1, (size_t)got - 1) == 0)  // room taken ahead stays a hole
            syscall(SYS_ftruncate, to, at + got);
        else if (syscall(SYS_lseek, to, at, SEEK_SET) == at)
            put(to, block, (size_t)got);
        at += got;
    }
    syscall(SYS_close, to);
    key_text(node, key, sizeof key);
    journal_line(line, (size_t)snprintf(line, sizeof line, "file %s %s\n", key, name));
}

struct listed {  // getdents64(2)
    uint64_t inode;
    int64_t offset;
    unsigned short octets;
    unsigned char type;
    char name[];
};

// Writes the folder's line; with `deep`, first does the same for all that is below it.
static void keep_folder(int folder, const struct node* node, int deep)
{
    static char line[line_octets];  // under lock; a recursive call ends before its caller begins its own line
    char block[1 << 14], key[64];
    if (deep) {
        syscall(SYS_lseek, folder, 0, SEEK_SET);
        for (long got; (got = syscall(SYS_getdents64, folder, block, sizeof block)) > 0;)
            for (long at = 0; at < got;) {
                const struct listed* entry = (const struct listed*)(block + at);
                at += entry->octets;
                struct node child;
                if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
                if (look(folder, entry->name, AT_SYMLINK_NOFOLLOW, &child) != 0 || type_of(&child) == 'o') continue;
                const int fd = (int)syscall(SYS_openat, folder, entry->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
                if (fd < 0) continue;
                if (type_of(&child) == 'd')
                    keep_folder(fd, &child, 1);
                else
                    keep_file(fd, &child);
                syscall(SYS_close, fd);
            }
    }
    key_text(node, key, sizeof key);
    size_t octets = (size_t)snprintf(line, sizeof line, "folder %s", key);
    syscall(SYS_lseek, folder, 0, SEEK_SET);
    for (long got; (got = syscall(SYS_getdents64, folder, block, sizeof block)) > 0;)
        for (long at = 0; at < got;) {
            const struct listed* entry = (const struct listed*)(block + at);
            at += entry->octets;
            struct node child;
            char name[2 * 256 + 1];
            if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0 || strlen(entry->name) > 255) continue;
            if (look(folder, entry->name, AT_SYMLINK_NOFOLLOW, &child) != 0) continue;
            hex_text(entry->name, name);
            key_text(&child, key, sizeof key);
            if (octets + strlen(name) + sizeof key + 8 >= sizeof line) continue;
            octets += (size_t)snprintf(line + octets, sizeof line - octets, " %s=%s/%c", name, key, type_of(&child));
        }
    line[octets++] = '\n';
    journal_line(line, octets);
}

static void keep_baseline(int ignored)
{
    (void)ignored;
    for (const char* root = shim.roots; *root != '\0';) {
        char path[path_octets], key[64], name[2 * path_octets], line[2 * path_octets + 128];
        const size_t octets = strcspn(root, ":");
        memcpy(path, root, octets);
        path[octets] = '\0';
        root += octets + (root[octets] == ':');
        struct node node;
        const int fd = octets == 0 ? -1 : open_raw(path, O_RDONLY | O_DIRECTORY);
        if (fd < 0 || look(AT_FDCWD, path, 0, &node) != 0) continue;
        keep_folder(fd, &node, 1);
        syscall(SYS_close, fd);
        key_text(&node, key, sizeof key);
        hex_text(path, name);
        journal_line(line, (size_t)snprintf(line, sizeof line, "root %s %s\n", key, name));
    }
}

static void keep_synced(int fd)
{
    struct node node;
    if (look(fd, "", AT_EMPTY_PATH, &node) != 0) return;
    if (type_of(&node) == 'd') {
        char path[path_octets];
        const int own = path_of(fd, path) == 0 ? open_raw(path, O_RDONLY | O_DIRECTORY) : -1;
        if (own < 0) return;
        keep_folder(own, &node, 0);
        syscall(SYS_close, own);
    } else if (type_of(&node) == 'f') {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        const int own = open_raw(link, O_RDONLY);  // the caller's may be write-only
        if (own < 0) return;
        keep_file(own, &node);
        syscall(SYS_close, own);
    }
}

// Runs `keep` in a copy of this process. Not here: closing any descriptor of a file drops all POSIX locks that the
// process holds on it (fcntl(2)), and SQLite lives by those.
static void in_a_copy(void (*keep)(int), int fd)
{
    const long child = syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);  // fork(2) without a signal at the end
    if (child == 0) {
        keep(fd);
        syscall(SYS_exit_group, 0);
    }
    if (child > 0) syscall(SYS_wait4, child, NULL, __WALL, NULL);
}

// The folder of an absolute path, and where its last part begins.
static const char* split(const char* path, char* folder)
{
    const char* last = strrchr(path, '/');
    const size_t octets = (size_t)(last - path);
    memcpy(folder, path, octets);
    folder[octets] = '\0';
    if (octets == 0) memcpy(folder, "/", 2);
    return last + 1;
}

static void keep_rename(const char* from, const char* to)
{
    char folder[path_octets], old_key[64], new_key[64], key[64], old_name[513], new_name[513], line[2048];
    struct node node;
    const char* name = split(from, folder);
    if (strlen(name) > 255 || look(AT_FDCWD, folder, 0, &node) != 0) return;
    key_text(&node, old_key, sizeof old_key);
    hex_text(name, old_name);
    name = split(to, folder);
    if (strlen(name) > 255 || look(AT_FDCWD, folder, 0, &node) != 0) return;
    key_text(&node, new_key, sizeof new_key);
    hex_text(name, new_name);
    if (look(AT_FDCWD, to, AT_SYMLINK_NOFOLLOW, &node) != 0) return;
    key_text(&node, key, sizeof key);
    journal_line(line, (size_t)snprintf(line, sizeof line, "rename %s %s %s %s %s %c\n", old_key, old_name, new_key,
                                        new_name, key, type_of(&node)));
}

// --- the plan and the count ------------------------------------------------------------------------------------------

static void read_failure(const char* word)
{
    static const struct {
        const char* word;
        int how, error;
    } known[] = {{"enospc", fail_error, ENOSPC}, {"erofs", fail_error, EROFS},       {"eio", fail_error, EIO},
                 {"short", fail_short, 0},       {"eintr", fail_interrupted, EINTR}, {"hang", fail_hang, 0}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i)
        if (strcmp(word, known[i].word) == 0) {
            shim.fail_how = known[i].how;
            shim.fail_error = known[i].error;
        }
}

static void read_plan(void)
{
    char text[path_octets + 256];
    const int fd = open_raw(shim.plan, O_RDONLY);
    const long octets = fd < 0 ? -1 : syscall(SYS_read, fd, text, sizeof text - 1);
    if (fd >= 0) syscall(SYS_close, fd);
    shim.count = shim.kill_at = shim.copies = 0;
    shim.kill_after = 0;
    shim.shadow[0] = '\0';
    shim.fail_at = shim.clock_seconds = 0;
    shim.fail_until = -1;
    shim.fail_how = fail_none;
    shim.fail_kind[0] = '\0';
    if (octets < 0) return;
    text[octets] = '\0';
    for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "kill_at=", 8) == 0) shim.kill_at = strtol(line + 8, NULL, 10);
        if (strcmp(line, "when=after") == 0) shim.kill_after = 1;
        if (strncmp(line, "fail_at=", 8) == 0) shim.fail_at = strtol(line + 8, NULL, 10);
        if (strncmp(line, "fail_until=", 11) == 0) shim.fail_until = strtol(line + 11, NULL, 10);
        if (strncmp(line, "fail_with=", 10) == 0) read_failure(line + 10);
        if (strncmp(line, "fail_kind=", 10) == 0) snprintf(shim.fail_kind, sizeof shim.fail_kind, "%.15s", line + 10);
        if (strncmp(line, "clock=", 6) == 0) shim.clock_seconds = strtoll(line + 6, NULL, 10);
        if (strncmp(line, "shadow=", 7) == 0) snprintf(shim.shadow, sizeof shim.shadow, "%s", line + 7);
    }
    if (shim.fail_until < 0) shim.fail_until = shim.fail_at;
    if (shim.shadow[0] != '\0') in_a_copy(keep_baseline, -1);
}

// Under lock: is a plan in force?
static int is_armed(void)
{
    struct node node;
    if (!shim.enabled || look(AT_FDCWD, shim.plan, 0, &node) != 0) {
        shim.armed = 0;
        return 0;
    }
    if (!shim.armed || node.inode != shim.plan_inode || node.changed != shim.plan_nanoseconds) {
        shim.armed = 1;
        shim.plan_inode = node.inode;
        shim.plan_nanoseconds = node.changed;
        read_plan();
    }
    return 1;
}

__attribute__((noreturn)) static void die(void)
{
    append(shim.log, "killed %ld %s\n", shim.count, shim.kill_after ? "after" : "before");
    for (;;) {  // the lock is held: no other thread makes a counted call any more
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        syscall(SYS_sched_yield);
    }
}

// Takes the lock; returns this call's number, 0 if it does not count. leave() must follow.
static long enter(const char* call, const char* kind, size_t octets)
{
    pthread_mutex_lock(&lock);
    if (kind == NULL || !is_armed()) return 0;
    const long number = ++shim.count;
    append(shim.log, "%ld %s %s %zu\n", number, call, kind, octets);
    if (number == shim.kill_at && !shim.kill_after) die();
    return number;
}

// Under lock: true if the call is not to be made, with errno set; `octets`, if any, becomes what a short write may
// take.
static int fails(long number, const char* kind, size_t* octets)
{
    if (number == 0 || shim.fail_how == fail_none || number < shim.fail_at) return 0;
    if (shim.fail_until != 0 && number > shim.fail_until) return 0;
    if (shim.fail_kind[0] != '\0' && strcmp(kind, shim.fail_kind) != 0) return 0;
    if (kind[0] == 's' && kind[1] == 'o') return 0;  // a connection: files only
    if (shim.fail_how == fail_short) {
        if (octets != NULL && *octets > 1) {
            *octets /= 2;
            append(shim.log, "failed %ld\n", number);
        }
        return 0;
    }
    if (shim.fail_how == fail_interrupted && (octets == NULL || (number - shim.fail_at) % 2 != 0)) return 0;
    append(shim.log, "failed %ld\n", number);
    while (shim.fail_how == fail_hang) {  // the others go on
        pthread_mutex_unlock(&lock);
        syscall(SYS_pause);
        pthread_mutex_lock(&lock);
    }
    errno = shim.fail_error;
    return 1;
}

static long leave(long number, long answer)
{
    const int error = errno;
    if (number != 0 && number == shim.kill_at && shim.kill_after) die();
    pthread_mutex_unlock(&lock);
    errno = error;
    return answer;
}

// What a descriptor is, or null when it does not count: pipes, event descriptors, Unix sockets, files elsewhere.
static const char* kind_of(int fd)
{
    const int error = errno;
    struct node node;
    const char* kind = NULL;
    if (shim.enabled && look(fd, "", AT_EMPTY_PATH, &node) == 0) {
        if (S_ISSOCK(node.mode)) {
            struct sockaddr_storage address;
            socklen_t room = sizeof address;
            if (syscall(SYS_getsockname, fd, &address, &room) == 0 &&
                (address.ss_family == AF_INET || address.ss_family == AF_INET6))
                kind = "socket";
        } else if (S_ISREG(node.mode) || S_ISDIR(node.mode)) {
            char path[path_octets];
            if (path_of(fd, path) == 0 && under_root(path)) kind = S_ISDIR(node.mode) ? "folder" : kind_of_path(path);
        }
    }
    errno = error;
    return kind;
}

static size_t octets_in(const struct iovec* parts, int count)
{
    size_t octets = 0;
    for (int i = 0; i < count; ++i) octets += parts[i].iov_len;
    return octets;
}

// --- the calls -------------------------------------------------------------------------------------------------------

SHIM ssize_t write(int fd, const void* bytes, size_t octets)
{
    const char* kind = kind_of(fd);
    const long n = enter("write", kind, octets);
    return leave(n, fails(n, kind, &octets) ? -1 : syscall(SYS_write, fd, bytes, octets));
}

SHIM ssize_t writev(int fd, const struct iovec* parts, int count)
{
    const char* kind = kind_of(fd);
    size_t octets = octets_in(parts, count);
    const size_t all = octets;
    const long n = enter("writev", kind, octets);
    if (fails(n, kind, &octets)) return leave(n, -1);
    if (octets < all && parts[0].iov_len > 1)
        return leave(n, syscall(SYS_write, fd, parts[0].iov_base, parts[0].iov_len / 2));
    return leave(n, syscall(SYS_writev, fd, parts, count));
}

SHIM ssize_t pwrite64(int fd, const void* bytes, size_t octets, off64_t at)
{
    const char* kind = kind_of(fd);
    const long n = enter("pwrite", kind, octets);
    return leave(n, fails(n, kind, &octets) ? -1 : syscall(SYS_pwrite64, fd, bytes, octets, at));
}

SHIM ssize_t pwrite(int fd, const void* bytes, size_t octets, off_t at)
{
    return pwrite64(fd, bytes, octets, at);
}

SHIM ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t at)
{
    const char* kind = kind_of(fd);
    const long n = enter("pwritev", kind, octets_in(parts, count));
    return leave(n, fails(n, kind, NULL) ? -1 : syscall(SYS_pwritev, fd, parts, count, at, 0L));
}

SHIM ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at)
{
    return pwritev64(fd, parts, count, at);
}

SHIM ssize_t sendto(int fd, const void* bytes, size_t octets, int flags, const struct sockaddr* to, socklen_t room)
{
    const long n = enter("send", kind_of(fd), octets);
    return leave(n, syscall(SYS_sendto, fd, bytes, octets, flags, to, room));
}

SHIM ssize_t send(int fd, const void* bytes, size_t octets, int flags)
{
    return sendto(fd, bytes, octets, flags, NULL, 0);
}

SHIM ssize_t sendmsg(int fd, const struct msghdr* message, int flags)
{
    const long n = enter("sendmsg", kind_of(fd), octets_in(message->msg_iov, (int)message->msg_iovlen));
    return leave(n, syscall(SYS_sendmsg, fd, message, flags));
}

static int sync_with(long number, const char* call, int fd)
{
    const char* kind = kind_of(fd);
    const long n = enter(call, kind, 0);
    if (fails(n, kind, NULL)) return (int)leave(n, -1);
    const long answer = syscall(number, fd);
    if (n != 0 && answer == 0 && shim.shadow[0] != '\0') in_a_copy(keep_synced, fd);
    return (int)leave(n, answer);
}

SHIM int fsync(int fd)
{
    return sync_with(SYS_fsync, "fsync", fd);
}

SHIM int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, "fdatasync", fd);
}

SHIM int ftruncate64(int fd, off64_t octets)
{
    const char* kind = kind_of(fd);
    const long n = enter("ftruncate", kind, (size_t)octets);
    return (int)leave(n, fails(n, kind, NULL) ? -1 : syscall(SYS_ftruncate, fd, octets));
}

SHIM int ftruncate(int fd, off_t octets)
{
    return ftruncate64(fd, octets);
}

SHIM int fallocate64(int fd, int mode, off64_t at, off64_t octets)
{
    const char* kind = kind_of(fd);
    const long n = enter("fallocate", kind, (size_t)octets);
    return (int)leave(n, fails(n, kind, NULL) ? -1 : syscall(SYS_fallocate, fd, mode, at, octets));
}

SHIM int fallocate(int fd, int mode, off_t at, off_t octets)
{
    return fallocate64(fd, mode, at, octets);
}

static int rename_with(int from_folder, const char* from, int to_folder, const char* to, unsigned flags)
{
    char old_path[path_octets], new_path[path_octets];
    const char* kind = NULL;
    if (shim.enabled && absolute(from_folder, from, old_path) == 0 && absolute(to_folder, to, new_path) == 0 &&
        under_root(old_path) && under_root(new_path))
        kind = kind_of_path(new_path);
    const long n = enter("rename", kind, 0);
    if (fails(n, kind, NULL)) return (int)leave(n, -1);
    const long answer = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    const int error = errno;
    if (n != 0 && answer == 0 && shim.shadow[0] != '\0') keep_rename(old_path, new_path);
    errno = error;
    return (int)leave(n, answer);
}

SHIM int rename(const char* from, const char* to)
{
    return rename_with(AT_FDCWD, from, AT_FDCWD, to, 0);
}

SHIM int renameat(int from_folder, const char* from, int to_folder, const char* to)
{
    return rename_with(from_folder, from, to_folder, to, 0);
}

SHIM int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags)
{
    return rename_with(from_folder, from, to_folder, to, flags);
}

SHIM int unlinkat(int folder, const char* path, int flags)
{
    char whole[path_octets];
    const char* kind = NULL;
    if (shim.enabled && absolute(folder, path, whole) == 0 && under_root(whole)) kind = kind_of_path(whole);
    const long n = enter("unlink", kind, 0);
    return (int)leave(n, fails(n, kind, NULL) ? -1 : syscall(SYS_unlinkat, folder, path, flags));
}

SHIM int unlink(const char* path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

SHIM int remove(const char* path)  // glibc's own would call unlink behind our back; std::filesystem::remove comes here
{
    const int answer = unlinkat(AT_FDCWD, path, 0);
    return answer != 0 && errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : answer;
}

// What std::chrono::system_clock reads. The monotonic clock stays: so it is when an administrator or NTP sets the time.
SHIM int clock_gettime(clockid_t which, struct timespec* now)
{
    const int answer = (int)syscall(SYS_clock_gettime, which, now);
    if (answer != 0 || which != CLOCK_REALTIME || !shim.enabled) return answer;
    const int error = errno;
    pthread_mutex_lock(&lock);
    if (is_armed()) now->tv_sec += shim.clock_seconds;
    pthread_mutex_unlock(&lock);
    errno = error;
    return 0;
}

// --- start -----------------------------------------------------------------------------------------------------------

static int keep_setting(const char* name, char* out)
{
    const char* value = getenv(name);
    if (value == NULL || strlen(value) >= path_octets) return 0;
    memcpy(out, value, strlen(value) + 1);
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    char words[path_octets];
    const char* match = getenv("FAULT_MATCH");
    const int fd = open_raw("/proc/self/cmdline", O_RDONLY);
    long octets = fd < 0 ? 0 : syscall(SYS_read, fd, words, sizeof words - 1);
    if (fd >= 0) syscall(SYS_close, fd);
    if (octets < 0) octets = 0;
    words[octets] = '\0';
    for (long i = 0; i + 1 < octets; ++i)
        if (words[i] == '\0') words[i] = ' ';
    const int hit = match == NULL || strstr(words, match) != NULL;
    shim.enabled = hit && keep_setting("FAULT_ROOT", shim.roots) && keep_setting("FAULT_PLAN", shim.plan) &&
                   keep_setting("FAULT_LOG", shim.log);
    unsetenv("LD_PRELOAD");  // a child is another process with another story
}
