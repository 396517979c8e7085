/* A disk, and a database library, of which the n-th call fails: loaded by LD_PRELOAD into the process under test.

Calls are counted while the control page (FAILING_PAGE, a file that the test maps too) is armed: of the disk write,
pwrite, fsync, fdatasync and ftruncate on a file below `folder`; of SQLite each statement that begins. At the n-th the
process is struck as `kind` says. tests/support/failing.py has the same layout of the page.

A power cut is imitated: of each write the bytes that stood there before are kept until its file is synced, and put back
before the process dies. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OFF, STATEMENTS, DISK };
enum { FAILS = 1, FULL, SHORT, TORN, DEAD_BEFORE, DEAD_AFTER, POWER };

struct control {
  _Atomic int32_t counts; /* OFF, STATEMENTS or DISK */
  int32_t kind;
  int64_t n;
  _Atomic int64_t seen;
  _Atomic int32_t struck;
  int32_t syncs; /* the number of calls that were a sync, for the report */
  char folder[512];
};

static struct control *page;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

/* Every call may come before the constructor: libraries write too. */
__attribute__((constructor)) static void begin(void) {
  if (real_write) return;
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_write = dlsym(RTLD_NEXT, "write");
  const char *name = getenv("FAILING_PAGE");
  int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) page = mapped;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* ---- what was written and is not synced ---- */

struct unsynced {
  struct unsynced *previous;
  dev_t device;
  ino_t inode;
  int fd; /* of our own: the process may close its own one */
  off_t offset, size; /* size: of the file before */
  size_t length;
  char before[];
};
static struct unsynced *last;

static void keep(int fd, off_t offset, size_t length) {
  struct stat found;
  char path[64];
  if (fstat(fd, &found)) return;
  struct unsynced *one = malloc(sizeof *one + length);
  if (!one) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  one->fd = open(path, O_RDWR | O_CLOEXEC);
  one->device = found.st_dev, one->inode = found.st_ino, one->size = found.st_size, one->offset = offset;
  ssize_t got = one->fd < 0 ? 0 : pread(one->fd, one->before, length, offset);
  one->length = got < 0 ? 0 : (size_t)got;
  one->previous = last;
  last = one;
}

static void synced(int fd) {
  struct stat found;
  if (fstat(fd, &found)) return;
  for (struct unsynced **place = &last; *place;) {
    struct unsynced *one = *place;
    if (one->device == found.st_dev && one->inode == found.st_ino) {
      *place = one->previous;
      /* The descriptor stays open: to close it would end the locks that SQLite has on the file. */
      free(one);
    } else {
      place = &one->previous;
    }
  }
}

/* Puts back what is not synced. */
void uwlr_power_cut(void) {
  for (struct unsynced *one = last; one; one = one->previous) {
    if (one->fd < 0) continue;
    if (real_pwrite(one->fd, one->before, one->length, one->offset) < 0 || real_ftruncate(one->fd, one->size)) abort();
  }
  last = NULL;
}

/* ---- the calls on files ---- */

static int below_folder(int fd) {
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t folder = strlen(page->folder);
  return strncmp(path, page->folder, folder) == 0 && path[folder] == '/';
}

/* Counts a call; returns its kind of failure, or 0 for none. */
static int counted(int what) {
  int64_t number = atomic_fetch_add(&page->seen, 1) + 1;
  int kind = page->kind;
  (void)what;
  if (number == page->n || (kind == FULL && page->n > 0 && number > page->n)) {
    atomic_store(&page->struck, 1);
    return kind;
  }
  return 0;
}

static int is_armed(int what) { return page && atomic_load(&page->counts) == what; }

static int of_disk(int fd) {
  int held = errno;
  int is = is_armed(DISK) && below_folder(fd);
  errno = held;
  return is;
}

static ssize_t written(int fd, const void *bytes, size_t length, off_t offset, int placed) {
  if (page->kind == POWER) {
    pthread_mutex_lock(&mutex);
    keep(fd, placed ? offset : lseek(fd, 0, SEEK_CUR), length);
    pthread_mutex_unlock(&mutex);
  }
  return placed ? real_pwrite(fd, bytes, length, offset) : real_write(fd, bytes, length);
}

static ssize_t a_write(int fd, const void *bytes, size_t length, off_t offset, int placed) {
  switch (counted(DISK)) {
    case FAILS: errno = EIO; return -1;
    case FULL: errno = ENOSPC; return -1;
    case SHORT: return written(fd, bytes, length > 1 ? length / 2 : length, offset, placed);
    case TORN: written(fd, bytes, length / 2, offset, placed); die(); break;
    case DEAD_BEFORE: die(); break;
    case POWER: uwlr_power_cut(); die(); break;
    case DEAD_AFTER: written(fd, bytes, length, offset, placed); die(); break;
  }
  return written(fd, bytes, length, offset, placed);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  begin();
  return of_disk(fd) ? a_write(fd, bytes, length, 0, 0) : real_write(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  begin();
  return of_disk(fd) ? a_write(fd, bytes, length, offset, 1) : real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

static int a_sync(int fd, int (*real)(int)) {
  page->syncs++;
  int kind = counted(DISK);
  switch (kind) {
    case FAILS: errno = EIO; return -1;
    case FULL: errno = ENOSPC; return -1;
    case POWER: uwlr_power_cut(); die(); break;
    case TORN: case DEAD_BEFORE: die(); break;
  }
  int done = real(fd);
  if (kind == DEAD_AFTER) die();
  if (page->kind == POWER && done == 0) {
    pthread_mutex_lock(&mutex);
    synced(fd);
    pthread_mutex_unlock(&mutex);
  }
  return done;
}

int fsync(int fd) {
  begin();
  return of_disk(fd) ? a_sync(fd, real_fsync) : real_fsync(fd);
}

int fdatasync(int fd) {
  begin();
  return of_disk(fd) ? a_sync(fd, real_fdatasync) : real_fdatasync(fd);
}

int ftruncate64(int fd, off64_t size) {
  begin();
  if (!of_disk(fd)) return real_ftruncate(fd, size);
  int kind = counted(DISK);
  switch (kind) {
    case FAILS: errno = EIO; return -1;
    case FULL: errno = ENOSPC; return -1;
    case POWER: uwlr_power_cut(); die(); break;
    case TORN: case DEAD_BEFORE: die(); break;
  }
  if (page->kind == POWER) {
    struct stat found;
    pthread_mutex_lock(&mutex);
    if (!fstat(fd, &found) && found.st_size > size) keep(fd, size, found.st_size - size);
    else keep(fd, size, 0);
    pthread_mutex_unlock(&mutex);
  }
  int done = real_ftruncate(fd, size);
  if (kind == DEAD_AFTER) die();
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* ---- the statements of SQLite ----

A statement without a text is one of SQLite's own, in which it reads the schema. */

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
static sqlite3 *failed;
static sqlite3_stmt *failed_statement;
static int failure;

#define SQLITE_IOERR 10
#define SQLITE_FULL 13
#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = of_sqlite(name)

/* Python loads SQLite for itself, so it is not among the libraries that follow on this one. */
static void *of_sqlite(const char *name) {
  static void *library;
  if (!library) library = dlopen("libsqlite3.so.0", RTLD_LAZY);
  void *found = library ? dlsym(library, name) : NULL;
  if (!found) abort();
  return found;
}

static int fail(sqlite3_stmt *statement, sqlite3 *database, int code) {
  failed = database, failed_statement = statement;
  return failure = code;
}

int sqlite3_step(sqlite3_stmt *statement) {
  REAL(int, "sqlite3_step", sqlite3_stmt *);
  static int (*busy)(sqlite3_stmt *);
  static sqlite3 *(*handle)(sqlite3_stmt *);
  static const char *(*text)(sqlite3_stmt *);
  if (!text) text = of_sqlite("sqlite3_sql"), busy = of_sqlite("sqlite3_stmt_busy"), handle = of_sqlite("sqlite3_db_handle");
  failed = NULL, failed_statement = NULL;
  if (!is_armed(STATEMENTS) || busy(statement) || !text(statement)) return real(statement);
  switch (counted(STATEMENTS)) {
    case FAILS: return fail(statement, handle(statement), SQLITE_IOERR);
    case FULL: return fail(statement, handle(statement), SQLITE_FULL);
    case DEAD_BEFORE: die(); break;
    case DEAD_AFTER: real(statement); die(); break;
  }
  return real(statement);
}

int sqlite3_reset(sqlite3_stmt *statement) {
  REAL(int, "sqlite3_reset", sqlite3_stmt *);
  int done = real(statement);
  return statement && statement == failed_statement ? failure : done;
}

int sqlite3_finalize(sqlite3_stmt *statement) {
  REAL(int, "sqlite3_finalize", sqlite3_stmt *);
  int is_failed = statement && statement == failed_statement, done = real(statement);
  return is_failed ? failure : done;
}

int sqlite3_errcode(sqlite3 *database) {
  REAL(int, "sqlite3_errcode", sqlite3 *);
  return database && database == failed ? failure : real(database);
}

int sqlite3_extended_errcode(sqlite3 *database) {
  REAL(int, "sqlite3_extended_errcode", sqlite3 *);
  return database && database == failed ? failure : real(database);
}

const char *sqlite3_errmsg(sqlite3 *database) {
  REAL(const char *, "sqlite3_errmsg", sqlite3 *);
  return database && database == failed ? "made to fail by a test" : real(database);
}
