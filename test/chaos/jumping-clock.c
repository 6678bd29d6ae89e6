// Preloaded: the time of day jumps every 150 ms, by days and back. CLOCK_MONOTONIC is left alone, as where somebody sets
// the clock. (libfaketime would end timed waits of CLOCK_MONOTONIC at once.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void find(void) {
  real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

static time_t jump(void) {
  static const time_t offsets[] = {5 * 86400, -5 * 86400, 3600, -400 * 86400};
  struct timespec now;
  real_clock_gettime(CLOCK_MONOTONIC, &now);
  return offsets[(now.tv_sec * 1000 + now.tv_nsec / 1000000) / 150 % 4];
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (!real_clock_gettime) find();
  const int failed = real_clock_gettime(clock, time);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += jump();
  return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}
