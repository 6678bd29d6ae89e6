#include "om_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "../acl_error_codes.h"
#include "onnx_graph.h"
#include "text.h"

namespace sim {

namespace {

constexpr char magic[8] = {'\x89', 'S', 'I', 'M', 'O', 'M', '\r', '\n'};
constexpr uint32_t version = 1;
constexpr off_t largestFile = off_t{1} << 32;

// All numbers are little-endian, as both supported machines are.
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t headerBytes;
  uint64_t fileBytes;
  uint64_t infoBytes;
  uint64_t graphBytes;
  uint32_t checksum;
  uint32_t reserved;
};
static_assert(sizeof(Header) == 48, "the header has no padding");

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  FileDescriptor(const FileDescriptor &) = delete;
  FileDescriptor &operator=(const FileDescriptor &) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

uint32_t crc32(const uint8_t *bytes, size_t size) {
  static const auto *const table = [] {
    auto *values = new uint32_t[256];
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320U : 0);
      values[i] = value;
    }
    return values;
  }();
  uint32_t crc = 0xFFFFFFFFU;
  for (size_t i = 0; i < size; ++i) crc = table[(crc ^ bytes[i]) & 0xFF] ^ crc >> 8;
  return ~crc;
}

OmProblem sizeProblem(const std::string &text) {
  return {acl::ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID, "E19999", text};
}

/** What the header alone tells of a model of `size` bytes, of which `bytes` are the first. */
OmProblem readHeader(const uint8_t *bytes, uint64_t size, Header *header) {
  if (size < sizeof *header)
    return sizeProblem(format("The model has %llu bytes, fewer than a model header.",
                              static_cast<unsigned long long>(size)));
  memcpy(header, bytes, sizeof *header);
  if (memcmp(header->magic, magic, sizeof magic) != 0)
    return sizeProblem(
        "The model does not start as a simulator model does: wrong magic number. Models made by the real ATC "
        "do not run "
        "on the simulator; compile with its own atc.");
  if (header->version != version || header->headerBytes != sizeof *header)
    return {acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
            format("The model's format version is %u, this simulator reads %u. Compile it again.",
                   header->version, version)};
  const uint64_t body = size - sizeof *header;
  if (header->fileBytes != size || header->infoBytes > body || header->graphBytes != body - header->infoBytes)
    return sizeProblem(
        format("The model says it has %llu bytes, but %llu are there: it is truncated or damaged.",
               static_cast<unsigned long long>(header->fileBytes), static_cast<unsigned long long>(size)));
  return {};
}

/** Looks at the first bytes of a file and its size. */
using HeadCheck = std::function<OmProblem(const uint8_t *bytes, uint64_t size)>;

OmProblem acceptModel(const uint8_t *bytes, uint64_t size) {
  Header header{};
  return readHeader(bytes, size, &header);
}

/** Reads on to `bytes->size()`; fewer bytes when the file ends before. An errno, or 0. */
int readOn(int file, size_t filled, std::vector<uint8_t> *bytes) {
  while (filled < bytes->size()) {
    const ssize_t count = read(file, bytes->data() + filled, bytes->size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) bytes->resize(filled);
    if (count > 0) filled += static_cast<size_t>(count);
  }
  return 0;
}

OmProblem readChecked(const std::string &path, const HeadCheck &check, std::vector<uint8_t> *bytes) {
  const auto invalid = [&](const std::string &reason) {
    return OmProblem{acl::ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "E19999",
                     format("Model file path %s is invalid. Reason: %s", path.c_str(), reason.c_str())};
  };
  // A pipe without a writer must not block the load.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return invalid(strerror(errno));
  // By seeking, because fstat of glibc 2.33 is one of those functions older systems do not have.
  const off_t size = lseek(file.number(), 0, SEEK_END);
  if (size < 0) return invalid(strerror(errno));
  if (size == 0 || lseek(file.number(), 0, SEEK_SET) != 0) return invalid("file size 0 is out of range");
  if (read(file.number(), nullptr, 0) < 0) return invalid(strerror(errno));
  // Gigabytes that the header disowns are not worth reading.
  bytes->resize(std::min(static_cast<size_t>(size), sizeof(Header)));
  const size_t head = bytes->size();
  int wrong = readOn(file.number(), 0, bytes);
  if (wrong != 0) return invalid(strerror(wrong));
  if (bytes->size() < head) return {};
  const OmProblem problem = check(bytes->data(), static_cast<uint64_t>(size));
  if (problem.code != 0) return problem;
  if (size > largestFile) return invalid("it is larger than any model");
  bytes->resize(static_cast<size_t>(size));
  wrong = readOn(file.number(), head, bytes);
  return wrong != 0 ? invalid(strerror(wrong)) : OmProblem{};
}

}  // namespace

std::string writeOm(const OmFile &file) {
  const std::string info = writeModelInfo(file.info);
  std::string body = info;
  body.append(reinterpret_cast<const char *>(file.graph.data()), file.graph.size());
  Header header{};
  memcpy(header.magic, magic, sizeof magic);
  header.version = version;
  header.headerBytes = sizeof(Header);
  header.fileBytes = sizeof(Header) + body.size();
  header.infoBytes = info.size();
  header.graphBytes = file.graph.size();
  header.checksum = crc32(reinterpret_cast<const uint8_t *>(body.data()), body.size());
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + body;
}

OmProblem readOm(const uint8_t *bytes, size_t size, OmFile *file) {
  Header header{};
  const OmProblem problem = readHeader(bytes, size, &header);
  if (problem.code != 0) return problem;
  if (crc32(bytes + sizeof header, size - sizeof header) != header.checksum)
    return {acl::ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "E19999",
            "The model's checksum is wrong: it is damaged."};
  const char *info = reinterpret_cast<const char *>(bytes) + sizeof header;
  if (!readModelInfo(std::string(info, header.infoBytes), &file->info))
    return {acl::ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "E19999",
            "The model's description is invalid."};
  const uint8_t *graph = bytes + sizeof header + header.infoBytes;
  if (!keepsItsWeights({graph, header.graphBytes}))
    return {acl::ACL_ERROR_GE_LOAD_MODEL, "E19999",
            "The model's graph is damaged, or some of its weights are not in the model."};
  file->graph.assign(graph, graph + header.graphBytes);
  return {};
}

OmProblem readOmFile(const std::string &path, OmFile *file) {
  std::vector<uint8_t> bytes;
  const OmProblem problem = readChecked(path, acceptModel, &bytes);
  return problem.code != 0 ? problem : readOm(bytes.data(), bytes.size(), file);
}

OmProblem readFile(const std::string &path, std::vector<uint8_t> *bytes, uint64_t largest) {
  const auto accept = [&](const uint8_t *, uint64_t size) {
    if (size <= largest) return OmProblem{};
    return sizeProblem(format("The file has %llu bytes, and at most %llu are read.",
                              static_cast<unsigned long long>(size),
                              static_cast<unsigned long long>(largest)));
  };
  return readChecked(path, accept, bytes);
}

std::string writeFile(const std::string &path, const std::string &content) {
  const std::string temporary = format("%s.%d.tmp", path.c_str(), static_cast<int>(getpid()));
  // For the owner only, as atc's models are.
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  size_t done = 0;
  bool good = file >= 0;
  while (good && done < content.size()) {
    const ssize_t count = write(file, content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    good = count > 0;
    if (good) done += static_cast<size_t>(count);
  }
  int reason = errno;
  if (file >= 0 && close(file) != 0 && good) {
    good = false;
    reason = errno;
  }
  if (good && rename(temporary.c_str(), path.c_str()) != 0) {
    good = false;
    reason = errno;
  }
  if (good) return "";
  unlink(temporary.c_str());
  return strerror(reason);
}

}  // namespace sim
