// Preloaded into a measured process: counts its calls that force data to storage, in a file of four 64-bit numbers
// (fsync, fdatasync, msync, others) named by SYNC_COUNTER_FILE and shared by all processes that are given it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t spare[4];
static uint64_t* counts = spare;

__attribute__((constructor)) static void attach(void)
{
    const char* path = getenv("SYNC_COUNTER_FILE");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void* mapped = mmap(NULL, sizeof spare, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) counts = mapped;
    close(file);
}

static void count(int which)
{
    __atomic_fetch_add(&counts[which], 1, __ATOMIC_RELAXED);
}

int fsync(int file)
{
    static int (*next)(int);
    if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    count(0);
    return next(file);
}

int fdatasync(int file)
{
    static int (*next)(int);
    if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    count(1);
    return next(file);
}

int msync(void* at, size_t length, int flags)
{
    static int (*next)(void*, size_t, int);
    if (next == NULL) next = (int (*)(void*, size_t, int))dlsym(RTLD_NEXT, "msync");
    count(2);
    return next(at, length, flags);
}

int syncfs(int file)
{
    static int (*next)(int);
    if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "syncfs");
    count(3);
    return next(file);
}
