// Calls functions by name while ACL_SIM_FAULTS has them fail on the first use, take 20 ms and fail on the
// second, and hang on the third: every library name... , a name ending in = for a function that returns its
// code. Arguments are zeros, which a call that fails does not look at.
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "cases.h"

namespace {

constexpr int code = 507018;

using Function = long (*)(long, long, long, long, long, long, long, long, long, long, long, long, long, long,
                          long, long, long, long, long, long);

long call(Function function) {
  return function(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Named {
  std::string name;
  bool returnsCode;
  Function function;
};

void fails(const Named &each) {
  const auto result = static_cast<int>(call(each.function));
  if (each.returnsCode && result != code)
    failCase(__FILE__, __LINE__, each.name + " is " + std::to_string(result));
  // It takes away its own message.
  if (each.name == "aclGetRecentErrMsg") return;
  const char *message = aclGetRecentErrMsg();
  const std::string expected = each.name + " failed with " + std::to_string(code);
  if (message == nullptr || strstr(message, expected.c_str()) == nullptr)
    failCase(__FILE__, __LINE__, "no \"" + expected + "\"");
}

}  // namespace

int main(int count, char **arguments) {
  CHECK(count > 2);
  void *library = dlopen(arguments[1], RTLD_NOW);
  CHECK(library != nullptr);
  std::vector<Named> all;
  for (int i = 2; i < count; ++i) {
    std::string name = arguments[i];
    const bool returnsCode = name.back() == '=';
    if (returnsCode) name.pop_back();
    all.push_back({name, returnsCode, reinterpret_cast<Function>(dlsym(library, name.c_str()))});
    CHECK(all.back().function != nullptr);
  }
  std::atomic<size_t> entered{0};
  std::atomic<int> returned{0};
  for (const Named &each : all) {
    fails(each);
    const double start = milliseconds();
    fails(each);
    if (milliseconds() - start < 20) failCase(__FILE__, __LINE__, each.name + " was not late");
    std::thread([&] {
      ++entered;
      call(each.function);
      ++returned;
    }).detach();
  }
  while (entered < all.size()) usleep(1000);
  usleep(200'000);
  CHECK(returned == 0);
  _exit(0);
}
