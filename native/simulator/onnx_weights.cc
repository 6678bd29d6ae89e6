#include "onnx_weights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "float16.h"
#include "model_info.h"
#include "onnx_graph.h"
#include "text.h"

namespace sim {

namespace {

constexpr float largestHalf = 65504;
/** Protocol Buffers end here, and with them what onnxruntime reads from memory. */
constexpr uint64_t largestModel = INT32_MAX;

bool isCubeOperator(const std::string &type) {
  for (const char *name : {"Conv", "ConvTranspose", "Gemm", "MatMul"})
    if (type == name) return true;
  return false;
}

/** Weights by the use that nodes make of them. */
struct WeightUse {
  std::set<std::string> cube;
  std::set<std::string> kept;
};

WeightUse findUse(Bytes graph, const WeightRounding &rounding) {
  WeightUse use;
  std::vector<OnnxNode> nodes;
  readNodes(graph, &nodes);
  for (const OnnxNode &node : nodes) {
    const bool kept = rounding.keptNodes.count(node.name) != 0 || rounding.keptTypes.count(node.type) != 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      // The third operand is a bias, which the cube unit adds in single precision.
      if (isCubeOperator(node.type) && i < 2) use.cube.insert(node.inputs[i]);
      // The operator takes its statistics in single precision only, whatever type the data has.
      const bool statistics = node.type == "BatchNormalization" && i > 0;
      if (kept || statistics) use.kept.insert(node.inputs[i]);
    }
  }
  return use;
}

float roundToHalf(float before, bool clips) {
  const float after = halfToFloat(floatToHalf(before));
  return clips && std::isinf(after) && !std::isinf(before) ? std::copysign(largestHalf, before) : after;
}

float roundToBfloat16(float before) {
  if (std::isnan(before)) return before;
  uint32_t bits = 0;
  memcpy(&bits, &before, sizeof bits);
  bits += 0x7FFF + (bits >> 16 & 1);
  bits &= 0xFFFF0000;
  memcpy(&before, &bits, sizeof bits);
  return before;
}

struct ExternalPlace {
  std::string location;
  int64_t offset = 0;
  /** −1: to the end of the file. */
  int64_t length = -1;
};

bool readPlace(Bytes tensor, ExternalPlace *place) {
  FieldReader reader(tensor);
  Field field;
  bool good = true;
  while (reader.next(&field)) {
    if (!field.is(onnx::tensorExternalData, WireType::Length)) continue;
    std::string key;
    std::string value;
    FieldReader entry(field.bytes);
    Field part;
    while (entry.next(&part)) {
      if (part.is(onnx::entryKey, WireType::Length)) key = part.bytes.text();
      if (part.is(onnx::entryValue, WireType::Length)) value = part.bytes.text();
    }
    if (key == "location") place->location = value;
    if (key == "offset") good = good && parseInteger(value, &place->offset) && place->offset >= 0;
    if (key == "length") good = good && parseInteger(value, &place->length) && place->length >= 0;
  }
  return good && !reader.failed();
}

std::string realPath(const std::string &path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? "" : std::string(resolved);
}

/** Without `..` and links that lead out, so that a model cannot pack other files into its weights. */
std::string findInside(const std::string &folder, const std::string &location, std::string *path) {
  bool plain = !location.empty() && location[0] != '/' && location.find('\0') == std::string::npos;
  for (const std::string &part : split(location, '/')) plain = plain && part != "..";
  if (!plain)
    return format("weights are said to be in \"%s\", which is not inside the model's folder",
                  location.c_str());
  const std::string root = realPath(folder.empty() ? "." : folder);
  *path = realPath(root + "/" + location);
  if (root.empty() || path->empty())
    return format("the file of weights \"%s\" cannot be found: %s", location.c_str(), strerror(errno));
  const std::string prefix = root == "/" ? root : root + "/";
  if (path->compare(0, prefix.size(), prefix) != 0)
    return format("the file of weights \"%s\" is a link out of the model's folder", location.c_str());
  return "";
}

std::string readPart(const std::string &path, const ExternalPlace &place, uint64_t needed,
                     std::vector<uint8_t> *bytes) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return format("the file of weights %s: %s", path.c_str(), strerror(errno));
  const off_t size = lseek(file, 0, SEEK_END);
  std::string problem;
  if (size < place.offset || static_cast<uint64_t>(size - place.offset) < needed)
    problem = format("the file of weights %s has %lld bytes, %llu are needed from %lld on", path.c_str(),
                     static_cast<long long>(size), static_cast<unsigned long long>(needed),
                     static_cast<long long>(place.offset));
  if (problem.empty()) bytes->resize(needed);
  for (uint64_t done = 0; problem.empty() && done < needed;) {
    const ssize_t count =
        pread(file, bytes->data() + done, needed - done, place.offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) problem = format("the file of weights %s cannot be read", path.c_str());
    if (count > 0) done += static_cast<uint64_t>(count);
  }
  close(file);
  return problem;
}

/** The tensor with its bytes in it. */
std::string embedTensor(const std::string &folder, Bytes tensor, const TensorSummary &summary,
                        uint64_t *total, MessageWriter *rebuilt) {
  ExternalPlace place;
  if (!readPlace(tensor, &place)) return "the place of weight \"" + summary.name + "\" is damaged";
  const uint64_t needed = static_cast<uint64_t>(summary.elements) * elementBytes(fromOnnxType(summary.type));
  if (place.length >= 0 && static_cast<uint64_t>(place.length) != needed)
    return format("weight \"%s\" needs %llu bytes and is said to have %lld", summary.name.c_str(),
                  static_cast<unsigned long long>(needed), static_cast<long long>(place.length));
  *total += needed;
  if (*total > largestModel)
    return "with its weights the model is larger than 2 GB, which the simulator cannot run";
  std::string path;
  std::string problem = findInside(folder, place.location, &path);
  std::vector<uint8_t> bytes;
  if (problem.empty()) problem = readPart(path, place, needed, &bytes);
  if (!problem.empty()) return problem;
  FieldReader reader(tensor);
  Field field;
  while (reader.next(&field)) {
    const bool replaced = field.is(onnx::tensorExternalData, WireType::Length) ||
                          field.is(onnx::tensorDataLocation, WireType::Varint) ||
                          field.is(onnx::tensorRawData, WireType::Length);
    if (!replaced) rebuilt->copy(reader.raw());
  }
  rebuilt->bytes(onnx::tensorRawData, {bytes.data(), bytes.size()});
  return "";
}

}  // namespace

RoundedWeights roundWeights(std::vector<uint8_t> *model, const WeightRounding &rounding) {
  RoundedWeights result;
  const Bytes graph = graphOf({model->data(), model->size()});
  const WeightUse use = findUse(graph, rounding);
  // A weight keeps its size, so that it is changed where it stands and no length around it moves.
  const auto roundRun = [&](Bytes run) {
    uint8_t *at = model->data() + (run.data - model->data());
    for (size_t i = 0; i + sizeof(float) <= run.size; i += sizeof(float)) {
      float before = 0;
      memcpy(&before, at + i, sizeof before);
      const float after =
          rounding.type == WeightType::Half ? roundToHalf(before, rounding.clips) : roundToBfloat16(before);
      if (memcmp(&before, &after, sizeof after) != 0) ++result.changed;
      memcpy(at + i, &after, sizeof after);
    }
  };
  visitModelWeights({model->data(), model->size()}, [&](const OnnxWeight &weight) {
    TensorSummary tensor;
    if (!readTensor(weight.tensor, &tensor)) return false;
    uint64_t bytes = static_cast<uint64_t>(tensor.elements) * elementBytes(fromOnnxType(tensor.type));
    const bool chosen = rounding.scope == WeightScope::All || use.cube.count(weight.name) != 0;
    if (rounding.type != WeightType::Origin && tensor.type == onnx::floatType && chosen &&
        use.kept.count(weight.name) == 0) {
      for (const Field &floats : tensor.floats) roundRun(floats.bytes);
      bytes = (bytes + 1) / 2;
    }
    result.bytes += bytes;
    return true;
  });
  return result;
}

std::string embedWeights(const std::string &folder, std::vector<uint8_t> *model) {
  MessageWriter rebuilt;
  FieldReader reader(graphOf({model->data(), model->size()}));
  Field field;
  uint64_t total = model->size();
  while (reader.next(&field)) {
    TensorSummary tensor;
    const bool weight =
        field.is(onnx::graphInitializer, WireType::Length) && readTensor(field.bytes, &tensor);
    if (!weight || !tensor.external) {
      rebuilt.copy(reader.raw());
      continue;
    }
    MessageWriter embedded;
    std::string problem = embedTensor(folder, field.bytes, tensor, &total, &embedded);
    if (!problem.empty()) return problem;
    rebuilt.bytes(onnx::graphInitializer, embedded.content());
  }
  *model = replaceGraph(*model, rebuilt.content());
  return "";
}

}  // namespace sim
