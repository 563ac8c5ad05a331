// SPDX-License-Identifier: GPL-2.0-only
// The programs that `cr3scope lab` runs: each does something to memory step by step. After a step it prints the pages
// to look at and waits for a line on stdin:
//   page LABEL PID ADDRESS
//   step NUMBER
// app/contract/labs.ts has the words for each step. The end of stdin ends the program.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, HUGE = 2 << 20, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static int steps;

static void fail(const char* what) {
  printf("fail %s: %s\n", what, strerror(errno));
  exit(1);
}

static char* map(size_t bytes, int flags, int fd) {
  char* p = mmap(NULL, bytes, RW, flags, fd, 0);
  if (p == MAP_FAILED) fail("mmap");
  // 4 KiB pages, whatever the machine's setting is; a lab that wants others asks for them.
  if (bytes < HUGE) madvise(p, bytes, MADV_NOHUGEPAGE);
  return p;
}

static void page(const char* label, pid_t pid, const void* at) { printf("page %s %d %lx\n", label, pid, (long)at); }

static void step(void) {
  char line[16];
  printf("step %d\n", ++steps);
  if (!fgets(line, sizeof line, stdin)) exit(0);
}

static void touch(const volatile char* p) { (void)*p; }

// A child that does one thing for each byte that it is sent, and answers each.
struct child {
  pid_t pid;
  int to, from;
};

static struct child spawn(void (*act)(int, char*), char* p) {
  int to[2], from[2];
  if (pipe(to) || pipe(from)) fail("pipe");
  struct child c = {.to = to[1], .from = from[0]};
  c.pid = fork();
  if (c.pid < 0) fail("fork");
  if (c.pid == 0) {
    char turn;
    close(to[1]);
    close(from[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int n = 1; read(to[0], &turn, 1) == 1; n++) {
      act(n, p);
      if (write(from[1], &turn, 1) != 1) break;
    }
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  return c;
}

static void step_child(struct child c) {
  char turn = 0;
  if (write(c.to, &turn, 1) != 1 || read(c.from, &turn, 1) != 1) fail("child");
}

static void end(struct child c) {
  close(c.to);
  waitpid(c.pid, NULL, 0);
}

static void demand(void) {
  char* p = map(PAGE, ANON, -1);
  page("page", getpid(), p);
  step();
  touch(p);
  page("page", getpid(), p);
  step();
  *p = 1;
  page("page", getpid(), p);
  step();
  madvise(p, PAGE, MADV_DONTNEED);
  page("page", getpid(), p);
  step();
}

static void write_at_first(int n, char* p) {
  if (n == 1) *p = 2;
}

static void cow(void) {
  char* p = map(PAGE, ANON, -1);
  *p = 1;
  page("parent", getpid(), p);
  step();
  struct child c = spawn(write_at_first, p);
  page("parent", getpid(), p);
  page("child", c.pid, p);
  step();
  step_child(c);
  page("parent", getpid(), p);
  page("child", c.pid, p);
  step();
  *p = 3;
  page("parent", getpid(), p);
  page("child", c.pid, p);
  step();
  end(c);
  page("parent", getpid(), p);
  step();
}

static void exec_before(const char* program) {
  char* p = map(PAGE, ANON, -1);
  *p = 1;
  page("page", getpid(), p);
  step();
  execl(program, program, "exec-after", (char*)NULL);
  fail("exec");
}

static void exec_after(void) {
  steps = 1;
  char* p = map(PAGE, ANON, -1);
  *p = 1;
  page("page", getpid(), p);
  step();
}

static pthread_barrier_t barrier;
static void* thread_writes(void* p) {
  pthread_barrier_wait(&barrier);
  *(char*)p = 2;
  pthread_barrier_wait(&barrier);
  pause();
  return NULL;
}

static void nothing(int n, char* p) {
  (void)n;
  (void)p;
}

static void threads(void) {
  pthread_t thread;
  char* p = map(PAGE, ANON, -1);
  pthread_barrier_init(&barrier, NULL, 2);
  page("page", getpid(), p);
  step();
  if (pthread_create(&thread, NULL, thread_writes, p)) fail("thread");
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  page("page", getpid(), p);
  step();
  struct child c = spawn(nothing, p);
  page("process", getpid(), p);
  page("child", c.pid, p);
  step();
  end(c);
}

static void protnone(void) {
  char* p = map(PAGE, ANON, -1);
  *p = 1;
  page("page", getpid(), p);
  step();
  mprotect(p, PAGE, PROT_NONE);
  page("page", getpid(), p);
  step();
  mprotect(p, PAGE, RW);
  page("page", getpid(), p);
  step();
}

static void huge(void) {
  char* whole = map(2 * HUGE, ANON, -1);
  char* p = (char*)(((uintptr_t)whole + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
  madvise(p, HUGE, MADV_HUGEPAGE);
  for (int i = 0; i < HUGE; i += PAGE) p[i] = 1;
  page("first", getpid(), p);
  page("middle", getpid(), p + HUGE / 2);
  step();
  mprotect(p + HUGE / 2, PAGE, PROT_READ);
  page("first", getpid(), p);
  page("middle", getpid(), p + HUGE / 2);
  step();
  mprotect(p + HUGE / 2, PAGE, RW);
  madvise(p, HUGE, MADV_COLLAPSE);  // since 6.1; before, khugepaged takes its time
  page("first", getpid(), p);
  page("middle", getpid(), p + HUGE / 2);
  step();
}

static void read_then_write(int n, char* p) {
  if (n == 1) touch(p);
  else *p = 2;
}

static void shared(void) {
  int fd = memfd_create("lab", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, PAGE)) fail("memfd");
  char* p = map(PAGE, MAP_SHARED, fd);
  page("parent", getpid(), p);
  step();
  *p = 1;
  page("parent", getpid(), p);
  step();
  struct child c = spawn(read_then_write, p);
  step_child(c);
  page("parent", getpid(), p);
  page("child", c.pid, p);
  step();
  step_child(c);
  page("parent", getpid(), p);
  page("child", c.pid, p);
  step();
  end(c);
}

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IOLBF, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // On one CPU, so that every run is the same: a frame that waits in another CPU's LRU batch is held by it, and copied
  // where it could have been taken over (wp_can_reuse_anon_folio(), mm/memory.c).
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  if (!strcmp(name, "demand")) demand();
  else if (!strcmp(name, "cow")) cow();
  else if (!strcmp(name, "exec")) exec_before("/proc/self/exe");
  else if (!strcmp(name, "exec-after")) exec_after();
  else if (!strcmp(name, "threads")) threads();
  else if (!strcmp(name, "protnone")) protnone();
  else if (!strcmp(name, "huge")) huge();
  else if (!strcmp(name, "shared")) shared();
  else {
    fprintf(stderr, "labs: there is no lab \"%s\"\n", name);
    return 2;
  }
  return 0;
}
