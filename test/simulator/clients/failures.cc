// What is left of a model, a file and device memory after something failed in the middle.
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "cases.h"
#include "loaded_model.h"

namespace {

/** Host allocations of exactly so many bytes fail, the simulator's included. */
constexpr size_t kNone = SIZE_MAX;
std::atomic<size_t> failing{kNone};

void setShape(const LoadedModel &model, size_t index, std::vector<int64_t> dims) {
  const size_t rows = static_cast<size_t>(dims[0]);
  const size_t bytes = rows * (dims.size() > 1 ? static_cast<size_t>(dims[1]) : 1) * sizeof(float);
  void *block = nullptr;
  OK(aclrtMalloc(&block, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
  aclDataBuffer *buffer = aclmdlGetDatasetBuffer(model.input, index);
  if (aclGetDataBufferAddr(buffer) != nullptr) OK(aclrtFree(aclGetDataBufferAddr(buffer)));
  OK(aclUpdateDataBuffer(buffer, block, bytes));
  aclTensorDesc *description =
      aclCreateTensorDesc(ACL_FLOAT, static_cast<int>(dims.size()), dims.data(), ACL_FORMAT_ND);
  OK(aclmdlSetDatasetTensorDesc(model.input, description, index));
  aclDestroyTensorDesc(description);
}

size_t freeMemory() {
  size_t available = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &available, &total));
  return available;
}

}  // namespace

void *operator new(size_t bytes) {
  void *block = bytes == failing ? nullptr : malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void *block) noexcept {
  free(block);
}
void operator delete(void *block, size_t) noexcept {
  free(block);
}

CASE("an execution without host memory for its output fails, and the model runs again", "") {
  LoadedModel model(modelPath("OM_SHAPE"));
  for (size_t i = 0; i < 2; ++i) setShape(model, i, {10001, 3});
  failing = 10001 * sizeof(float);
  CODE(200000, aclmdlExecute(model.id, model.input, model.output));
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, stream));
  CODE(200000, aclrtSynchronizeStream(stream));
  failing = kNone;
  OK(aclmdlExecute(model.id, model.input, model.output));
  OK(aclrtDestroyStream(stream));
  model.release();
}

CASE("outputs that an execution allocated are freed when it fails after all", "") {
  LoadedModel model(modelPath("OM_TWO_OPEN"));
  setShape(model, 0, {1000});
  void *small = nullptr;
  OK(aclrtMalloc(&small, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  aclDataBuffer *second = aclmdlGetDatasetBuffer(model.output, 1);
  OK(aclUpdateDataBuffer(second, small, 64));
  const size_t before = freeMemory();
  for (int i = 0; i < 3; ++i) CODE(145000, aclmdlExecute(model.id, model.input, model.output));
  CHECK(freeMemory() == before);
  CHECK(model.address(model.output, 0) == nullptr);
  OK(aclrtFree(small));
  OK(aclUpdateDataBuffer(second, nullptr, 0));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK(model.address(model.output, 0) != nullptr && freeMemory() < before);
  model.release();
}

CASE("a file far longer than its header says is refused without being read", "") {
  begin();
  const std::string path = std::string(modelPath("SCRATCH")) + "/sparse.om";
  FILE *from = fopen(modelPath("OM_ADD"), "rb");
  FILE *to = fopen(path.c_str(), "wb");
  CHECK(from != nullptr && to != nullptr);
  char buffer[4096];
  for (size_t count = 0; (count = fread(buffer, 1, sizeof buffer, from)) > 0;) fwrite(buffer, 1, count, to);
  fclose(from);
  fclose(to);
  // More than there is memory and time for; a file of holes takes no space.
  OK(truncate(path.c_str(), int64_t{60} << 30));
  uint32_t id = 0;
  CODE(145006, aclmdlLoadFromFile(path.c_str(), &id));
  OK(unlink(path.c_str()));
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
