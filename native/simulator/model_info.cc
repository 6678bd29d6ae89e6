#include "model_info.h"

#include <algorithm>
#include <set>

#include "text.h"

namespace sim {

namespace {

/** Kernels, tables and scratch space nobody accounts for; the real figure depends on the graph. */
constexpr uint64_t fixedWorkBytes = 1 << 20;

constexpr size_t mostGears = 128;
/** More than any machine has: sums of sizes stay far from the ends of their types. */
constexpr uint64_t mostBytes = uint64_t{1} << 40;
const char *const dynamicsNames[] = {"none", "batch", "image-size", "dims", "shape"};

// Names come from models and may hold anything; the separators of the text form may not.
std::string escape(const std::string &text) {
  std::string escaped;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '%')
      escaped += format("%%%02x", static_cast<unsigned char>(c));
    else
      escaped += c;
  }
  return escaped;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool unescape(const std::string &text, std::string *plain) {
  plain->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *plain += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hexDigit(text[i + 1]) < 0 || hexDigit(text[i + 2]) < 0) return false;
    *plain += static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2]));
    i += 2;
  }
  return true;
}

std::string writeShape(const Shape &dims) {
  std::vector<std::string> parts;
  for (const int64_t dim : dims) parts.push_back(std::to_string(dim));
  return parts.empty() ? "scalar" : join(parts, ",");
}

bool readShape(const std::string &text, Shape *dims) {
  dims->clear();
  if (text == "scalar") return true;
  for (const std::string &part : split(text, ',')) {
    int64_t dim = 0;
    if (!parseInteger(part, &dim) || dim < -1 || dims->size() == ACL_MAX_DIM_CNT) return false;
    dims->push_back(dim);
  }
  return true;
}

std::string writeShapes(const std::vector<Shape> &shapes) {
  std::vector<std::string> parts;
  for (const Shape &shape : shapes) parts.push_back(writeShape(shape));
  return join(parts, ";");
}

bool readShapes(const std::string &text, size_t count, std::vector<Shape> *shapes) {
  shapes->clear();
  if (count == 0) return text.empty();
  for (const std::string &part : split(text, ';')) {
    Shape shape;
    if (!readShape(part, &shape)) return false;
    shapes->push_back(shape);
  }
  return shapes->size() == count;
}

std::string writeTensor(const char *key, const TensorInfo &tensor) {
  Shape lower;
  Shape upper;
  for (const auto &bounds : tensor.range) {
    lower.push_back(bounds.first);
    upper.push_back(bounds.second);
  }
  return format("%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", key, escape(tensor.name).c_str(),
                escape(tensor.onnxName).c_str(), static_cast<int>(tensor.type),
                static_cast<int>(tensor.format), writeShape(tensor.dims).c_str(), writeShape(lower).c_str(),
                writeShape(upper).c_str());
}

bool readTensor(const std::vector<std::string> &fields, TensorInfo *tensor) {
  int64_t type = 0;
  int64_t layout = 0;
  Shape lower;
  Shape upper;
  if (fields.size() != 8 || !unescape(fields[1], &tensor->name) || !unescape(fields[2], &tensor->onnxName) ||
      !parseInteger(fields[3], &type) || !parseInteger(fields[4], &layout) ||
      !readShape(fields[5], &tensor->dims) || !readShape(fields[6], &lower) || !readShape(fields[7], &upper))
    return false;
  tensor->type = static_cast<aclDataType>(type);
  tensor->format = static_cast<aclFormat>(layout);
  if (elementBytes(tensor->type) == 0 || lower.size() != tensor->dims.size() || upper.size() != lower.size())
    return false;
  for (size_t i = 0; i < lower.size(); ++i) tensor->range.emplace_back(lower[i], upper[i]);
  return true;
}

bool fits(const Shape &shape, const Shape &pattern) {
  if (shape.size() != pattern.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] < 0 || (pattern[i] >= 0 && shape[i] != pattern[i])) return false;
  return elementCount(shape) >= 0;
}

bool readGear(const std::vector<std::string> &fields, const ModelInfo &info, Gear *gear) {
  return fields.size() == 4 && readShape(fields[1], &gear->values) &&
         readShapes(fields[2], info.inputs.size(), &gear->inputs) &&
         readShapes(fields[3], info.outputs.size(), &gear->outputs);
}

bool fitAll(const std::vector<Shape> &shapes, const std::vector<TensorInfo> &tensors) {
  if (shapes.size() != tensors.size()) return false;
  uint64_t bytes = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!fits(shapes[i], tensors[i].dims)) return false;
    const auto count = static_cast<uint64_t>(elementCount(shapes[i]));
    if (count > mostBytes) return false;
    bytes += count * elementBytes(tensors[i].type);
  }
  return bytes <= mostBytes;
}

/** A size that is fixed has itself as its bounds. */
bool inBounds(const TensorInfo &tensor) {
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    const auto [lowest, highest] = tensor.range[i];
    const bool fixed = tensor.dims[i] >= 0;
    if (fixed && (lowest != tensor.dims[i] || highest != lowest)) return false;
    if (!fixed && (lowest < 0 || (highest != -1 && highest < lowest))) return false;
  }
  return true;
}

bool consistent(const std::vector<TensorInfo> &tensors) {
  std::set<std::string> names;
  return std::all_of(tensors.begin(), tensors.end(), [&](const TensorInfo &tensor) {
    return names.insert(tensor.onnxName).second && inBounds(tensor);
  });
}

bool consistent(const ModelInfo &info) {
  if (info.outputs.empty() || !consistent(info.inputs) || !consistent(info.outputs)) return false;
  if (info.weightBytes > mostBytes) return false;
  std::set<Shape> choices;
  for (const Gear &gear : info.gears)
    if (!fitAll(gear.inputs, info.inputs) || !fitAll(gear.outputs, info.outputs) ||
        !choices.insert(gear.values).second)
      return false;
  if (info.dynamics == Dynamics::Shape) return info.gears.empty();
  if (info.dynamics == Dynamics::None) return info.gears.size() == 1;
  if (info.inputs.empty()) return false;
  const size_t valueCount = info.gears.empty() ? 0 : info.gears[0].values.size();
  for (const Gear &gear : info.gears)
    if (gear.values.size() != valueCount || valueCount == 0) return false;
  if (info.dynamics == Dynamics::Batch && valueCount != 1) return false;
  if (info.dynamics == Dynamics::ImageSize && valueCount != 2) return false;
  return !info.gears.empty();
}

}  // namespace

size_t ModelInfo::largestGear() const {
  size_t largest = 0;
  int64_t most = -1;
  for (size_t i = 0; i < gears.size(); ++i) {
    int64_t elements = 0;
    for (const Shape &shape : gears[i].inputs) elements += elementCount(shape);
    if (elements > most) {
      most = elements;
      largest = i;
    }
  }
  return largest;
}

size_t elementBytes(aclDataType type) {
  switch (type) {
    case ACL_FLOAT:
    case ACL_INT32:
    case ACL_UINT32:
      return 4;
    case ACL_FLOAT16:
    case ACL_INT16:
    case ACL_UINT16:
    case ACL_BF16:
      return 2;
    case ACL_INT8:
    case ACL_UINT8:
    case ACL_BOOL:
      return 1;
    case ACL_INT64:
    case ACL_UINT64:
    case ACL_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

int64_t elementCount(const Shape &dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0) return -1;
    if (__builtin_mul_overflow(count, dim, &count)) return -1;
  }
  // Leaves room for the largest element, so that byte counts cannot overflow.
  return count > INT64_MAX / 16 ? -1 : count;
}

uint64_t workBytes(const ModelInfo &info) {
  uint64_t bytes = fixedWorkBytes;
  if (info.gears.empty()) return bytes;
  const Gear &gear = info.gears[info.largestGear()];
  for (size_t i = 0; i < gear.inputs.size(); ++i)
    bytes += static_cast<uint64_t>(elementCount(gear.inputs[i])) * elementBytes(info.inputs[i].type);
  for (size_t i = 0; i < gear.outputs.size(); ++i)
    bytes += static_cast<uint64_t>(elementCount(gear.outputs[i])) * elementBytes(info.outputs[i].type);
  return bytes;
}

std::string writeModelInfo(const ModelInfo &info) {
  std::string text;
  text += "name\t" + escape(info.name) + "\n";
  text += "soc\t" + escape(info.soc) + "\n";
  text += "command\t" + escape(info.command) + "\n";
  text += "precision\t" + escape(info.precision) + "\n";
  text += std::string("dynamics\t") + dynamicsNames[static_cast<int>(info.dynamics)] + "\n";
  text += "weights\t" + std::to_string(info.weightBytes) + "\n";
  for (const TensorInfo &tensor : info.inputs) text += writeTensor("input", tensor);
  for (const TensorInfo &tensor : info.outputs) text += writeTensor("output", tensor);
  for (const Gear &gear : info.gears)
    text += format("gear\t%s\t%s\t%s\n", writeShape(gear.values).c_str(), writeShapes(gear.inputs).c_str(),
                   writeShapes(gear.outputs).c_str());
  return text;
}

bool readModelInfo(const std::string &text, ModelInfo *info) {
  size_t start = 0;
  std::set<std::string> told;
  while (start < text.size()) {
    const size_t end = text.find('\n', start);
    if (end == std::string::npos) return false;
    std::vector<std::string> fields;
    for (size_t at = start;;) {
      const size_t tab = std::min(text.find('\t', at), end);
      fields.push_back(text.substr(at, tab - at));
      if (tab == end) break;
      at = tab + 1;
    }
    start = end + 1;
    const std::string &key = fields[0];
    const bool isTensor = key == "input" || key == "output";
    if (fields.size() < 2 || (isTensor && !info->gears.empty())) return false;
    if (!isTensor && key != "gear" && !told.insert(key).second) return false;
    bool understood = false;
    if (key == "name") understood = unescape(fields[1], &info->name);
    if (key == "soc") understood = unescape(fields[1], &info->soc);
    if (key == "command") understood = unescape(fields[1], &info->command);
    if (key == "precision") understood = unescape(fields[1], &info->precision);
    if (key == "dynamics")
      for (int kind = 0; kind < 5; ++kind)
        if (fields[1] == dynamicsNames[kind]) {
          info->dynamics = static_cast<Dynamics>(kind);
          understood = true;
        }
    if (key == "weights") {
      int64_t bytes = 0;
      understood = parseInteger(fields[1], &bytes) && bytes >= 0;
      info->weightBytes = static_cast<uint64_t>(bytes);
    }
    if (isTensor) {
      std::vector<TensorInfo> &tensors = key == "input" ? info->inputs : info->outputs;
      tensors.emplace_back();
      understood = tensors.size() <= mostTensors && readTensor(fields, &tensors.back());
    }
    if (key == "gear") {
      info->gears.emplace_back();
      understood = info->gears.size() <= mostGears && readGear(fields, *info, &info->gears.back());
    }
    if (!understood) return false;
  }
  return consistent(*info);
}

}  // namespace sim
