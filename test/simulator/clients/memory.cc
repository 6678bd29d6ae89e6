// Device memory, pinned memory, copies.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "cases.h"

namespace {

void *allocate(size_t bytes) {
  void *block = nullptr;
  OK(aclrtMalloc(&block, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
  return block;
}

char *inside(void *block, size_t offset) {
  return static_cast<char *>(block) + offset;
}

}  // namespace

CASE("allocations are aligned, rounded up to 32 plus 32, and not zeroed", "") {
  begin();
  size_t before = 0;
  size_t after = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &before, &total));
  void *block = allocate(100);
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &after, &total));
  CHECK(reinterpret_cast<uintptr_t>(block) % 64 == 0);
  CHECK(before - after == 160);
  CHECK(total == size_t{21525} << 20);
  std::vector<unsigned char> content(160, 0);
  OK(aclrtMemcpy(content.data(), 160, block, 160, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(content[0] != 0 && content[159] != 0);
  CODE(107000, aclrtMemcpy(content.data(), 161, block, 161, ACL_MEMCPY_DEVICE_TO_HOST));
  OK(aclrtFree(block));
  void *small = nullptr;
  OK(aclrtMallocAlign32(&small, 100, ACL_MEM_MALLOC_NORMAL_ONLY));
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &after, &total));
  CHECK(before - after == 128);
  OK(aclrtFree(small));
}

CASE("arguments of allocation", "") {
  void *block = nullptr;
  OK(aclInit(nullptr));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(107002, aclrtMallocHost(&block, 64));
  OK(aclrtSetDevice(0));
  CODE(100000, aclrtMalloc(nullptr, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(100000, aclrtMalloc(&block, 0, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(207001, aclrtMalloc(&block, SIZE_MAX, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(100000, aclrtMallocHost(nullptr, 64));
  CODE(100000, aclrtMallocHost(&block, 0));
  CODE(100000, aclrtFree(nullptr));
  CODE(100000, aclrtFreeHost(nullptr));
}

CASE("only whole blocks can be freed, once, and without a context", "") {
  begin();
  void *block = allocate(64);
  int host = 0;
  CODE(107000, aclrtFree(&host));
  CODE(107000, aclrtFree(inside(block, 64)));
  OK(aclrtResetDevice(0));
  OK(aclrtFree(block));
  CODE(107000, aclrtFree(block));
  CODE(107000, aclrtFreeHost(&host));
}

CASE("pinned memory wants a context to be freed before 8.5", "ACL_SIM_CANN=8.3") {
  begin();
  void *host = nullptr;
  OK(aclrtMallocHost(&host, 64));
  OK(aclrtResetDevice(0));
  CODE(107002, aclrtFreeHost(host));
  OK(aclrtSetDevice(0));
  OK(aclrtFreeHost(host));
}

CASE("pinned memory can be limited", "ACL_SIM_PINNED_MB=2") {
  begin();
  void *host = nullptr;
  void *more = nullptr;
  OK(aclrtMallocHost(&host, 1 << 20));
  CODE(207001, aclrtMallocHost(&more, (1 << 20) + 1));
  OK(aclrtMallocHost(&more, 1 << 20));
  CODE(207001, aclrtMallocHost(&more, 1));
  OK(aclrtFreeHost(host));
  OK(aclrtMallocHost(&host, 1));
}

CASE("allocations fail while so much is still free", "ACL_SIM_MEMORY_MB=10 ACL_SIM_MEMORY_RESERVE_MB=4") {
  begin();
  void *block = nullptr;
  CODE(207001, aclrtMalloc(&block, 6 << 20, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMallocAlign32(&block, 6 << 20, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(207001, aclrtMalloc(&block, 1, ACL_MEM_MALLOC_HUGE_FIRST));
  size_t available = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &available, &total));
  CHECK(available == 4 << 20 && total == 10 << 20);
  aclrtMemUsageInfo use{};
  size_t written = 0;
  OK(aclrtGetMemUsageInfo(0, &use, 1, &written));
  CHECK(written == 1 && use.curMemSize == 6 << 20 && use.memPeakSize == 6 << 20);
  CODE(107001, aclrtGetMemUsageInfo(1, &use, 1, &written));
}

CASE("rows are copied a pitch apart", "") {
  begin();
  char *block = static_cast<char *>(allocate(64));
  OK(aclrtMemset(block, 64, '.', 64));
  const char rows[] = "abcdefghi";
  OK(aclrtMemcpy2d(block, 4, rows, 3, 3, 3, ACL_MEMCPY_HOST_TO_DEVICE));
  char back[13] = "";
  OK(aclrtMemcpy(back, 12, block, 12, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(strcmp(back, "abc.def.ghi.") == 0);
  char narrow[7] = "";
  OK(aclrtMemcpy2dAsync(narrow, 2, block, 4, 2, 3, ACL_MEMCPY_DEVICE_TO_HOST, nullptr));
  OK(aclrtSynchronizeStream(nullptr));
  CHECK(strcmp(narrow, "abdegh") == 0);
  CODE(100000, aclrtMemcpy2d(block, 2, rows, 3, 3, 3, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(107000, aclrtMemcpy2d(block, 4, rows, 3, 3, 1000, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(100000, aclrtMemcpy2d(block, 4, rows, 3, 3, 0, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(207000, aclrtHostRegister(back, 12, ACL_HOST_REGISTER_MAPPED, nullptr));
}

CASE("the device's memory is finite", "ACL_SIM_MEMORY_MB=10") {
  begin();
  void *most = allocate(9 << 20);
  void *block = nullptr;
  CODE(207001, aclrtMalloc(&block, 1 << 20, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK(strncmp(aclGetRecentErrMsg(), "EL0004", 6) == 0);
  OK(aclrtFree(most));
  OK(aclrtFree(allocate(1 << 20)));
}

CASE("a freed address does not come back at once", "") {
  begin();
  void *block = allocate(64);
  OK(aclrtFree(block));
  void *next = allocate(64);
  CHECK(next != block);
  char host[64];
  CODE(107000, aclrtMemcpy(host, 64, block, 64, ACL_MEMCPY_DEVICE_TO_HOST));
}

CASE("copies there and back, between blocks, and inside blocks", "") {
  begin();
  void *first = allocate(256);
  void *second = allocate(256);
  char out[64] = "sixty-four bytes";
  char back[64] = "";
  OK(aclrtMemcpy(inside(first, 100), 64, out, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  OK(aclrtMemcpy(inside(second, 32), 64, inside(first, 100), 64, ACL_MEMCPY_DEVICE_TO_DEVICE));
  OK(aclrtMemcpy(back, 64, inside(second, 32), 64, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(memcmp(out, back, 64) == 0);
  OK(aclrtMemcpy(back, 64, "x", 2, ACL_MEMCPY_HOST_TO_HOST));
  CHECK(strcmp(back, "x") == 0);
  OK(aclrtMemcpy(back, 64, inside(second, 32), 64, ACL_MEMCPY_DEFAULT));
  CHECK(memcmp(out, back, 64) == 0);
}

CASE("copies are checked: NULL and kind 100000, sizes 107000, context 107002", "") {
  OK(aclInit(nullptr));
  char host[64] = "";
  CODE(107002, aclrtMemcpy(host, 64, host + 1, 8, ACL_MEMCPY_HOST_TO_HOST));
  OK(aclrtSetDevice(0));
  void *block = allocate(64);
  CODE(100000, aclrtMemcpy(nullptr, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(100000, aclrtMemcpy(block, 64, nullptr, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(100000, aclrtMemcpy(block, 64, host, 64, static_cast<aclrtMemcpyKind>(8)));
  CODE(107000, aclrtMemcpy(block, 64, host, 0, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(107000, aclrtMemcpy(block, 0, host, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(107000, aclrtMemcpy(block, 32, host, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  OK(aclrtMemcpy(block, 64, block, 64, ACL_MEMCPY_DEVICE_TO_DEVICE));
}

CASE("from 9.1 on nothing to copy is a success", "ACL_SIM_CANN=9.1") {
  OK(aclInit(nullptr));
  OK(aclrtSetDevice(0));
  OK(aclrtMemcpy(nullptr, 0, nullptr, 0, ACL_MEMCPY_HOST_TO_DEVICE));
}

CASE("6.x knows four kinds of copy", "ACL_SIM_CANN=6.0") {
  begin();
  char host[8] = "";
  CODE(100000, aclrtMemcpy(host, 8, host + 1, 4, ACL_MEMCPY_DEFAULT));
}

CASE("a kind that contradicts the addresses answers 107000", "") {
  begin();
  void *block = allocate(64);
  char host[64] = "";
  CODE(107000, aclrtMemcpy(host, 64, block, 64, ACL_MEMCPY_HOST_TO_DEVICE));
  CODE(107000, aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_DEVICE_TO_HOST));
  CODE(107000, aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_HOST_TO_HOST));
  CODE(107000, aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_DEVICE_TO_DEVICE));
}

CASE("memory of another device than the context's answers 107000", "ACL_SIM_DEVICES=2") {
  begin();
  void *block = allocate(64);
  OK(aclrtSetDevice(1));
  char host[64] = "";
  CODE(107000, aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE));
}

CASE("a host access to device memory ends the process", "") {
  begin();
  void *block = allocate(64);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    *static_cast<volatile char *>(block) = 1;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

CASE("memset works on device and host memory", "") {
  begin();
  void *block = allocate(64);
  unsigned char host[64] = {};
  OK(aclrtMemset(block, 64, 0x1AB, 64));
  OK(aclrtMemcpy(host, 64, block, 64, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(host[0] == 0xAB && host[63] == 0xAB);
  OK(aclrtMemset(host, 64, 0, 32));
  CHECK(host[31] == 0 && host[32] == 0xAB);
  CODE(107000, aclrtMemset(block, 64, 0, 0));
  CODE(107000, aclrtMemset(block, 32, 0, 64));
  CODE(107000, aclrtMemset(block, 4096, 0, 4096));
  CODE(100000, aclrtMemset(nullptr, 64, 0, 64));
}

CASE("a 310P has DDR; from 8.5 on questions about HBM are answered for it", "ACL_SIM_CANN=8.5") {
  begin();
  size_t free = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_HBM_MEM, &free, &total));
  CHECK(total == size_t{21525} << 20 && free == total);
  CODE(100000, aclrtGetMemInfo(static_cast<aclrtMemAttr>(18), &free, &total));
}

CASE("a 310P has DDR; up to 8.3 its HBM is 0 of 0", "ACL_SIM_CANN=8.3") {
  begin();
  size_t free = 1;
  size_t total = 1;
  OK(aclrtGetMemInfo(ACL_HBM_MEM, &free, &total));
  CHECK(total == 0 && free == 0);
}

CASE("addresses can be asked what they are", "") {
  begin();
  void *block = allocate(64);
  void *pinned = nullptr;
  OK(aclrtMallocHost(&pinned, 64));
  CHECK(reinterpret_cast<uintptr_t>(pinned) % 64 == 0);
  aclrtPtrAttributes attributes{};
  OK(aclrtPointerGetAttributes(inside(block, 8), &attributes));
  CHECK(attributes.location.type == ACL_MEM_LOCATION_TYPE_DEVICE);
  OK(aclrtPointerGetAttributes(pinned, &attributes));
  CHECK(attributes.location.type == ACL_MEM_LOCATION_TYPE_HOST);
  OK(aclrtPointerGetAttributes(&attributes, &attributes));
  CHECK(attributes.location.type == ACL_MEM_LOCATION_TYPE_UNREGISTERED);
  OK(aclrtFreeHost(pinned));
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
