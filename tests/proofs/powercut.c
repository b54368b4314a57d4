/* Writes down, in order, everything that a process does to the files of one folder, so that a test can rebuild what a
 * power cut could have left of them.
 *
 * Loaded with LD_PRELOAD. POWERCUT_FOLDER names the folder, POWERCUT_LOG the file that is appended to. A record is
 *     operation (1 byte), file (8), position (8), length (4), then that many bytes.
 * Writes are noted before they are done and syncs after: a process killed in between is never noted as safer than it
 * was. One lock for all, across processes too, so that the order of the notes is the order of the deeds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MADE = 1, OPENED, WRITTEN, CUT, SYNCED, FOLDER_SYNCED, UNLINKED, RENAMED, LINKED };

#define MOST_FILES 65536

struct tracked {
    char kind; /* 0: not ours, 'f': a file, 'd': a folder */
    uint64_t file;
    char *path;
};

static struct tracked files[MOST_FILES];
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t folder_length;
static int notes = -1;

#define REAL(name, type, ...) \
    static type (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("POWERCUT_LOG");
    folder = getenv("POWERCUT_FOLDER");
    REAL(open64, int, const char *, int, ...);
    if (!log || !folder) return;
    folder_length = strlen(folder);
    notes = real_open64(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void lock(void)
{
    pthread_mutex_lock(&guard);
    flock(notes, LOCK_EX);
}

static void unlock(void)
{
    flock(notes, LOCK_UN);
    pthread_mutex_unlock(&guard);
}

static int ours(const char *path)
{
    return notes >= 0 && path && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

static void note(uint8_t operation, uint64_t file, uint64_t position, const void *bytes, uint32_t length)
{
    char head[21];
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    REAL(writev, ssize_t, int, const struct iovec *, int);
    head[0] = (char)operation;
    memcpy(head + 1, &file, 8);
    memcpy(head + 9, &position, 8);
    memcpy(head + 17, &length, 4);
    if (real_writev(notes, parts, 2) != (ssize_t)(sizeof head + length)) abort(); /* a gap would make every proof void */
}

static void note_two(uint8_t operation, const char *from, const char *to)
{
    size_t first = strlen(from) + 1, second = strlen(to);
    char *both = malloc(first + second);
    memcpy(both, from, first);
    memcpy(both + first, to, second);
    note(operation, 0, 0, both, (uint32_t)(first + second));
    free(both);
}

static struct tracked *known(int fd)
{
    return notes >= 0 && fd >= 0 && fd < MOST_FILES && files[fd].kind ? &files[fd] : NULL;
}

static void remember(int fd, const char *path, int flags, int existed)
{
    struct stat found;
    if (fd < 0 || fd >= MOST_FILES || fstat(fd, &found)) return;
    free(files[fd].path);
    files[fd].path = strdup(path);
    files[fd].file = found.st_ino;
    files[fd].kind = S_ISDIR(found.st_mode) ? 'd' : 'f';
    if (files[fd].kind == 'd') return;
    note(existed ? OPENED : MADE, found.st_ino, 0, path, (uint32_t)strlen(path));
    if (existed && (flags & O_TRUNC)) note(CUT, found.st_ino, 0, "", 0);
}

static int opening(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode)
{
    if (!ours(path)) return real(path, flags, mode);
    lock();
    int existed = access(path, F_OK) == 0;
    int fd = real(path, flags, mode);
    if (fd >= 0) remember(fd, path, flags, existed);
    unlock();
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...)
{
    REAL(open, int, const char *, int, ...);
    MODE(flags, mode)
    return opening(real_open, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    REAL(open64, int, const char *, int, ...);
    MODE(flags, mode)
    return opening(real_open64, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    REAL(openat, int, int, const char *, int, ...);
    MODE(flags, mode)
    if (ours(path)) return open(path, flags, mode); /* an absolute path: the folder does not matter */
    return real_openat(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
    REAL(openat64, int, int, const char *, int, ...);
    MODE(flags, mode)
    if (ours(path)) return open64(path, flags, mode);
    return real_openat64(at, path, flags, mode);
}

int close(int fd)
{
    REAL(close, int, int);
    if (known(fd)) {
        lock();
        files[fd].kind = 0;
        unlock();
    }
    return real_close(fd);
}

static ssize_t placed(ssize_t (*real)(int, const void *, size_t, off64_t), int fd, const void *bytes, size_t length,
                      off64_t position)
{
    if (!known(fd)) return real(fd, bytes, length, position);
    lock();
    note(WRITTEN, files[fd].file, (uint64_t)position, bytes, (uint32_t)length);
    ssize_t done = real(fd, bytes, length, position);
    unlock();
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t position)
{
    REAL(pwrite, ssize_t, int, const void *, size_t, off64_t);
    return placed(real_pwrite, fd, bytes, length, position);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t position)
{
    REAL(pwrite64, ssize_t, int, const void *, size_t, off64_t);
    return placed(real_pwrite64, fd, bytes, length, position);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    REAL(write, ssize_t, int, const void *, size_t);
    if (!known(fd)) return real_write(fd, bytes, length);
    lock();
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    note(WRITTEN, files[fd].file, (uint64_t)lseek64(fd, 0, appends ? SEEK_END : SEEK_CUR), bytes, (uint32_t)length);
    ssize_t done = real_write(fd, bytes, length);
    unlock();
    return done;
}

static int cutting(int (*real)(int, off64_t), int fd, off64_t size)
{
    if (!known(fd)) return real(fd, size);
    lock();
    note(CUT, files[fd].file, (uint64_t)size, "", 0);
    int done = real(fd, size);
    unlock();
    return done;
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate, int, int, off64_t);
    return cutting(real_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64, int, int, off64_t);
    return cutting(real_ftruncate64, fd, size);
}

static int syncing(int (*real)(int), int fd)
{
    if (!known(fd)) return real(fd);
    lock();
    int done = real(fd);
    if (done == 0) {
        if (files[fd].kind == 'd')
            note(FOLDER_SYNCED, 0, 0, files[fd].path, (uint32_t)strlen(files[fd].path));
        else
            note(SYNCED, files[fd].file, 0, "", 0);
    }
    unlock();
    return done;
}

int fsync(int fd)
{
    REAL(fsync, int, int);
    return syncing(real_fsync, fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync, int, int);
    return syncing(real_fdatasync, fd);
}

int unlink(const char *path)
{
    REAL(unlink, int, const char *);
    if (!ours(path)) return real_unlink(path);
    lock();
    int done = real_unlink(path);
    if (done == 0) note(UNLINKED, 0, 0, path, (uint32_t)strlen(path));
    unlock();
    return done;
}

int unlinkat(int at, const char *path, int flags)
{
    REAL(unlinkat, int, int, const char *, int);
    if (ours(path) && flags == 0) return unlink(path);
    return real_unlinkat(at, path, flags);
}

static int naming(uint8_t operation, int (*real)(const char *, const char *), const char *from, const char *to)
{
    if (!ours(from) || !ours(to)) return real(from, to);
    lock();
    int done = real(from, to);
    if (done == 0) note_two(operation, from, to);
    unlock();
    return done;
}

int rename(const char *from, const char *to)
{
    REAL(rename, int, const char *, const char *);
    return naming(RENAMED, real_rename, from, to);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    REAL(renameat, int, int, const char *, int, const char *);
    if (ours(from) && ours(to)) return rename(from, to);
    return real_renameat(from_at, from, to_at, to);
}

int link(const char *from, const char *to)
{
    REAL(link, int, const char *, const char *);
    return naming(LINKED, real_link, from, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    REAL(linkat, int, int, const char *, int, const char *, int);
    if (ours(from) && ours(to)) return link(from, to);
    return real_linkat(from_at, from, to_at, to, flags);
}
