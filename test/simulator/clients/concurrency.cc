// One model on several threads.
#include <atomic>
#include <thread>
#include <vector>

#include "cases.h"
#include "loaded_model.h"

CASE("one model id on two threads at once is an error; two ids are not", "ACL_SIM_FAULTS=task:60ms") {
  LoadedModel model(modelPath("OM_ADD"));
  LoadedModel other(modelPath("OM_ADD"));
  std::atomic<int> good{0};
  std::atomic<int> refused{0};
  const auto execute = [&](const LoadedModel &which) {
    OK(aclrtSetDevice(0));
    const aclError code = aclmdlExecute(which.id, which.input, which.output);
    if (code == 0) ++good;
    if (code == 545000) ++refused;
  };
  std::thread first(execute, std::cref(model));
  std::thread second(execute, std::cref(model));
  std::thread third(execute, std::cref(other));
  first.join();
  second.join();
  third.join();
  CHECK(good == 2 && refused == 1);
}

CASE("one model id queues on one stream, not on two, and is not unloaded meanwhile",
     "ACL_SIM_FAULTS=task:40ms") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtStream first = nullptr;
  aclrtStream second = nullptr;
  OK(aclrtCreateStream(&first));
  OK(aclrtCreateStream(&second));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, first));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, first));
  CODE(545000, aclmdlExecuteAsync(model.id, model.input, model.output, second));
  CODE(545000, aclmdlExecute(model.id, model.input, model.output));
  CODE(545009, aclmdlUnload(model.id));
  OK(aclrtSynchronizeStream(first));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, second));
  OK(aclrtSynchronizeStream(second));
}

CASE("a model that is unloaded on one thread runs on another before that, and not after",
     "ACL_SIM_EXEC_US=50") {
  for (int round = 0; round < 40; ++round) {
    LoadedModel model(modelPath("OM_ADD"));
    aclrtContext context = nullptr;
    OK(aclrtGetCurrentContext(&context));
    std::atomic<bool> unloaded{false};
    std::thread runner([&] {
      OK(aclrtSetCurrentContext(context));
      aclError code = 0;
      while (code == 0) {
        const bool wasUnloaded = unloaded;
        code = aclmdlExecute(model.id, model.input, model.output);
        CHECK(code == 145003 || (code == 0 && !wasUnloaded));
      }
    });
    aclError code = 545009;
    while (code == 545009) code = aclmdlUnload(model.id);
    unloaded = true;
    OK(code);
    runner.join();
    CODE(145003, aclmdlUnload(model.id));
  }
}

CASE("a model is unloaded by one thread of two", "ACL_SIM_EXEC_US=50") {
  for (int round = 0; round < 40; ++round) {
    LoadedModel model(modelPath("OM_ADD"));
    aclrtContext context = nullptr;
    OK(aclrtGetCurrentContext(&context));
    std::atomic<int> gone{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        OK(aclrtSetCurrentContext(context));
        const aclError code = aclmdlUnload(model.id);
        CHECK(code == 0 || code == 145003);
        if (code == 0) ++gone;
      });
    for (std::thread &thread : threads) thread.join();
    CHECK(gone == 1);
  }
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
