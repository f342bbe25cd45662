// tests/fault/shim_victim.c: a program whose every counted call is known, for the self-test of the shim.
// shim_victim FOLDER [careless]: writes FOLDER/a, moves it to FOLDER/sub/b, appends, and removes FOLDER/old.
// Exit 3: a lock it took at the start was lost on the way. `careless` leaves out every fsync: after a power cut nothing
// of it may be left.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int careful = 1;

static int sync_path(const char* path)
{
    if (!careful) return 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const int done = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) close(fd);
    return done;
}

// A POSIX lock, as SQLite's: lost as soon as this process closes any descriptor of the file.
static int lock_whole(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_SETLK, &whole);
}

static int is_locked(int fd)
{
    const pid_t other = fork();
    if (other == 0) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _exit(fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK ? 0 : 1);
    }
    int status = 1;
    return waitpid(other, &status, 0) == other && status == 0;
}

int main(int count, char** words)
{
    if (count < 2 || chdir(words[1]) != 0) return 2;
    careful = count < 3 || strcmp(words[2], "careless") != 0;
    const int fd = open("a", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || lock_whole(fd) != 0) return 1;
    if (write(fd, "one ", 4) != 4) return 1;      // 1
    if (careful && fsync(fd) != 0) return 1;      // 2
    if (sync_path(".") != 0) return 1;            // 3
    if (pwrite(fd, "two ", 4, 4) != 4) return 1;  // 4
    if (rename("a", "sub/b") != 0) return 1;      // 5
    if (sync_path("sub") != 0) return 1;          // 6
    if (careful && fdatasync(fd) != 0) return 1;  // 7
    if (remove("old") != 0) return 1;             // 8
    if (sync_path(".") != 0) return 1;            // 9
    if (ftruncate(fd, 4) != 0) return 1;          // 10
    if (!is_locked(fd)) return 3;
    if (write(STDOUT_FILENO, "fin\n", 4) != 4) return 1;  // a pipe: not counted
    return 0;
}
