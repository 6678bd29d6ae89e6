// A test program in C++ holds cases; it is started once for each, because process-wide state is part of what
// is tested.
#ifndef TEST_SUPPORT_CASES_H_
#define TEST_SUPPORT_CASES_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

struct Case {
  const char *name;
  const char *environment;
  void (*body)();
};

inline std::vector<Case> &cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char *name, const char *environment, void (*body)()) {
    cases().push_back({name, environment, body});
  }
};

#define CASE_JOIN_(a, b) a##b
#define CASE_JOIN(a, b) CASE_JOIN_(a, b)
/** `environment`: what the runner sets for this case, settings separated by blanks. */
#define CASE(name, environment)                                                                              \
  static void CASE_JOIN(body, __LINE__)();                                                                   \
  static const Registration CASE_JOIN(registration, __LINE__)(name, environment, CASE_JOIN(body, __LINE__)); \
  static void CASE_JOIN(body, __LINE__)()

/** What a program knows about the last failure; may give null. */
inline const char *(*lastWords)() = nullptr;

[[noreturn]] inline void failCase(const char *file, int line, const std::string &text) {
  const char *words = lastWords == nullptr ? nullptr : lastWords();
  fprintf(stderr, "%s:%d: %s\n%s", file, line, text.c_str(), words != nullptr ? words : "");
  _Exit(1);
}

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) failCase(__FILE__, __LINE__, "not so: " #condition); \
  } while (false)

/** The file that an environment variable names. */
inline const char *modelPath(const char *variable) {
  const char *path = getenv(variable);
  CHECK(path != nullptr);
  return path;
}

inline int runCases(int count, char **arguments) {
  for (const Case &each : cases())
    if (count > 1 && strcmp(each.name, arguments[1]) == 0) {
      each.body();
      return 0;
    }
  fprintf(stderr, "no case of that name\n");
  return 2;
}

#endif  // TEST_SUPPORT_CASES_H_
