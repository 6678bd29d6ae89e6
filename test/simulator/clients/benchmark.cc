// The genuine benchmark's ways to run, in the calls of its native part.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "benchmark_model.h"

namespace {

std::vector<char> floats(std::vector<float> values) {
  const char *bytes = reinterpret_cast<const char *>(values.data());
  return std::vector<char>(bytes, bytes + values.size() * sizeof(float));
}

bool startsWith(const std::vector<char> &data, const std::vector<char> &start) {
  return data.size() >= start.size() && std::equal(start.begin(), start.end(), data.begin());
}

/** What an input file gives: `data`, written and read again. */
std::vector<char> throughFile(const std::string &name, const std::vector<char> &data) {
  const std::string path = modelPath("SCRATCH") + ("/" + name);
  std::ofstream(path, std::ios::binary).write(data.data(), static_cast<std::streamsize>(data.size()));
  std::ifstream file(path, std::ios::binary);
  return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

const std::vector<char> left = floats({1, 2, 3, 4, 5, 6});
const std::vector<char> right = floats({10, 20, 30, 40, 50, 60});
const std::vector<char> sum = floats({11, 22, 33, 44, 55, 66});

void runPlainly(Generation generation, int32_t device) {
  start(generation, device);
  Model model(generation, device, modelPath("OM_ADD"));
  // A warm-up, then one sample of three executions.
  for (const int loop : {1, 3}) CHECK(model.infer({left, right}, loop, {}).outputs[0] == sum);
  model.unload();
  OK(aclrtResetDevice(device));
  OK(aclFinalize());
}

template <class Item>
class Channel {
 public:
  void put(Item item) {
    std::lock_guard<std::mutex> lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  void close() {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  bool take(Item *item) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return false;
    *item = std::move(items_.front());
    items_.pop_front();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false;
};

struct Downloaded {
  std::vector<void *> device;
  void *host;
};

/** As --pipeline 1, with so many compute threads, each with a context and a model of its own. */
void runPipeline(int computeThreads) {
  start(Generation::Newer, 0);
  std::vector<Model> models;
  for (int i = 0; i < computeThreads; ++i) models.emplace_back(Generation::Newer, 0, modelPath("OM_ADD"));
  constexpr int requests = 20;
  std::vector<Channel<std::vector<void *>>> uploaded(models.size());
  Channel<Downloaded> downloaded;
  std::vector<std::thread> threads;
  std::thread save([&] {
    // This one never has a context.
    Downloaded item;
    int count = 0;
    for (; downloaded.take(&item); ++count) {
      CHECK(memcmp(item.host, sum.data(), sum.size()) == 0);
      for (void *block : item.device) OK(aclrtFree(block));
      OK(aclrtFreeHost(item.host));
    }
    CHECK(count == requests * static_cast<int>(models.size()));
  });
  for (size_t i = 0; i < models.size(); ++i) {
    const Model &model = models[i];
    threads.emplace_back([&, i] {
      OK(aclrtSetCurrentContext(model.context));
      for (int n = 0; n < requests; ++n) uploaded[i].put({Model::upload(left), Model::upload(right)});
      uploaded[i].close();
    });
    threads.emplace_back([&, i] {
      OK(aclrtSetCurrentContext(model.context));
      std::vector<void *> inputs;
      while (uploaded[i].take(&inputs)) {
        std::vector<aclmdlIODims> dims;
        std::vector<void *> blocks = model.execute(inputs, model.inputBytes, 1, {}, &dims);
        void *host = nullptr;
        OK(aclrtMallocHost(&host, sum.size()));
        OK(aclrtMemcpy(host, sum.size(), blocks[0], sum.size(), ACL_MEMCPY_DEVICE_TO_HOST));
        blocks.insert(blocks.end(), inputs.begin(), inputs.end());
        downloaded.put({blocks, host});
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  downloaded.close();
  save.join();
  for (Model &model : models) {
    OK(aclrtSetCurrentContext(model.context));
    model.unload();
  }
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

}  // namespace

CASE("the older generation runs plainly", "") {
  runPlainly(Generation::Older, 0);
}

CASE("the newer generation runs plainly", "") {
  runPlainly(Generation::Newer, 0);
}

CASE("a model with gears runs at the batch asked for", "") {
  start(Generation::Newer, 0);
  Model model(Generation::Newer, 0, modelPath("OM_BATCH"));
  std::vector<std::vector<char>> inputs;
  for (const size_t bytes : model.inputBytes) inputs.emplace_back(bytes, 0);
  Gear gear;
  gear.batch = 2;
  const Result result = model.infer(inputs, 2, gear);
  CHECK(result.dims[0].dimCount == 1 && result.dims[0].dims[0] == 2);
  // The output's memory is for the largest batch, and copied whole.
  CHECK(result.outputs[0].size() == 4 * sizeof(float));
  model.unload();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("a model with gears of height and width runs at the size asked for", "") {
  start(Generation::Newer, 0);
  Model model(Generation::Newer, 0, modelPath("OM_HW"));
  Gear gear;
  gear.height = 2;
  gear.width = 3;
  // As many bytes as the gear takes, which is not the largest; the hidden input has what the model says.
  const Result result = model.infer({left, std::vector<char>(model.inputBytes[1], 0)}, 2, gear);
  CHECK(result.dims[0].dimCount == 4 && result.dims[0].dims[2] == 2 && result.dims[0].dims[3] == 3);
  CHECK(result.outputs[0].size() == 4 * 5 * sizeof(float));
  CHECK(startsWith(result.outputs[0], floats({-1, -2, -3, -4, -5, -6})));
  model.unload();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("a model with gears of dims runs at those asked for, from files", "") {
  start(Generation::Newer, 0);
  Model model(Generation::Newer, 0, modelPath("OM_DIMS"));
  Gear gear;
  gear.dims = {1, 3, 1, 3};
  const std::vector<char> hidden(model.inputBytes[2], 0);
  for (const float first : {1.0F, 4.0F}) {
    const std::vector<char> row = throughFile("dims.bin", floats({first, 2, 3}));
    const Result result = model.infer({row, throughFile("more.bin", floats({10, 20, 30})), hidden}, 1, gear);
    CHECK(result.dims[0].dimCount == 1 && result.dims[0].dims[0] == 1);
    CHECK(startsWith(result.outputs[0], floats({first + 65})));
  }
  model.unload();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("files make up a batch, and the last batch is filled up with its first file", "") {
  start(Generation::Newer, 0);
  Model model(Generation::Newer, 0, modelPath("OM_BATCH"));
  Gear gear;
  gear.batch = 2;
  const std::vector<char> hidden(model.inputBytes[2], 0);
  const std::vector<char> rows[] = {floats({1, 2, 3}), floats({4, 5, 6}), floats({7, 8, 9})};
  std::vector<char> files[3];
  for (int i = 0; i < 3; ++i) files[i] = throughFile("row" + std::to_string(i) + ".bin", rows[i]);
  const std::vector<char> nothing = floats({0, 0, 0, 0, 0, 0});
  for (int from = 0; from < 3; from += 2) {
    std::vector<char> batch = files[from];
    const std::vector<char> &second = from + 1 < 3 ? files[from + 1] : files[from];
    batch.insert(batch.end(), second.begin(), second.end());
    const Result result = model.infer({batch, nothing, hidden}, 1, gear);
    CHECK(startsWith(result.outputs[0], from == 0 ? floats({6, 15}) : floats({24, 24})));
  }
  model.unload();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("a pipeline frees in a thread without a context", "") {
  runPipeline(1);
}

CASE("two compute threads have a context and a model each", "") {
  runPipeline(2);
}

CASE("one process a device, forked before aclInit and left by _exit", "ACL_SIM_DEVICES=2") {
  pid_t children[2];
  for (int32_t device = 0; device < 2; ++device) {
    children[device] = fork();
    if (children[device] != 0) continue;
    runPlainly(Generation::Newer, device);
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

namespace {

/** Releases in its static destructor, after every static object that was made after aclInit is gone. */
struct Manager {
  aclrtContext context = nullptr;
  void *late = nullptr;
  bool used = false;

  ~Manager() {
    if (!used) return;
    OK(aclrtDestroyContext(context));
    OK(aclrtResetDevice(0));
    OK(aclFinalize());
    // And more, by objects that do not know of the end.
    OK(aclrtFree(late));
    OK(aclrtSetDevice(0));
    OK(aclrtCreateContext(&context, 0));
    OK(aclrtDestroyContext(context));
    OK(aclrtResetDevice(0));
  }
};
Manager manager;

}  // namespace

CASE("everything is released in static destructors", "") {
  manager.used = true;
  OK(aclInit(""));
  OK(aclrtSetDevice(0));
  OK(aclrtCreateContext(&manager.context, 0));
  OK(aclrtMalloc(&manager.late, 64, ACL_MEM_MALLOC_HUGE_FIRST));
}

CASE("without a message NULL comes", "ACL_SIM_FAULTS=aclGetRecentErrMsg:500000") {
  start(Generation::Newer, 0);
  CODE(145002, [] {
    uint32_t id = 0;
    return aclmdlLoadFromFile("/nowhere.om", &id);
  }());
  CHECK(aclGetRecentErrMsg() == nullptr);
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

// Their arguments are never looked at.
extern "C" aclError aclblasGemmEx();
extern "C" aclError acldvppCreateChannel();
extern "C" void *acldvppCreatePicDesc();

CASE("media memory comes and goes, and matrix products are not supported", "") {
  begin();
  void *block = nullptr;
  OK(acldvppMalloc(&block, 100));
  OK(aclrtMemset(block, 128, 0, 128));
  OK(acldvppFree(block));
  CODE(100000, acldvppFree(nullptr));
  CODE(200001, aclblasGemmEx());
  CODE(200001, acldvppCreateChannel());
  CHECK(acldvppCreatePicDesc() == nullptr);
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
