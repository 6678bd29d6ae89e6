// The container of an .om: docs/simulator.md describes it byte by byte.
#ifndef SIMULATOR_OM_FILE_H_
#define SIMULATOR_OM_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model_info.h"

namespace sim {

struct OmFile {
  ModelInfo info;
  /** An ONNX model. */
  std::vector<uint8_t> graph;
};

/** What is wrong with a file: 0, or the code and text that ACL's loader would give. */
struct OmProblem {
  aclError code = 0;
  const char *textCode = "";
  std::string text;
};

std::string writeOm(const OmFile &file);
OmProblem readOm(const uint8_t *bytes, size_t size, OmFile *file);
/** A file whose size its header does not confirm is refused without reading it. */
OmProblem readOmFile(const std::string &path, OmFile *file);
/** Where Protocol Buffers end, and with them ONNX models. */
constexpr uint64_t largestOnnx = INT32_MAX;
constexpr uint64_t largestText = 10 << 20;
/** Reads the whole of `path`; what is larger is refused unread. */
OmProblem readFile(const std::string &path, std::vector<uint8_t> *bytes, uint64_t largest = largestOnnx);
/** The file is there whole or as it was before. Empty, or why it could not be written. */
std::string writeFile(const std::string &path, const std::string &content);

}  // namespace sim

#endif  // SIMULATOR_OM_FILE_H_
