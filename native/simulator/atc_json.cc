#include "atc_json.h"

#include "atc_options.h"
#include "onnx_model.h"
#include "text.h"

namespace sim {

namespace {

const char *typeName(aclDataType type) {
  switch (type) {
    case ACL_FLOAT:
      return "DT_FLOAT";
    case ACL_FLOAT16:
      return "DT_FLOAT16";
    case ACL_INT8:
      return "DT_INT8";
    case ACL_INT16:
      return "DT_INT16";
    case ACL_INT32:
      return "DT_INT32";
    case ACL_INT64:
      return "DT_INT64";
    case ACL_UINT8:
      return "DT_UINT8";
    case ACL_UINT16:
      return "DT_UINT16";
    case ACL_UINT32:
      return "DT_UINT32";
    case ACL_UINT64:
      return "DT_UINT64";
    case ACL_DOUBLE:
      return "DT_DOUBLE";
    case ACL_BOOL:
      return "DT_BOOL";
    case ACL_BF16:
      return "DT_BF16";
    default:
      return "DT_UNDEFINED";
  }
}

const char *formatName(aclFormat layout) {
  switch (layout) {
    case ACL_FORMAT_NCHW:
      return "NCHW";
    case ACL_FORMAT_NCDHW:
      return "NCDHW";
    default:
      return "ND";
  }
}

void writeDims(const Shape &dims, JsonWriter *json) {
  json->key("shape");
  json->beginObject();
  json->key("dim");
  json->beginList();
  for (const int64_t dim : dims) json->value(dim);
  json->endList();
  json->endObject();
}

void writeDescription(const char *key, const TensorInfo &tensor, JsonWriter *json) {
  json->key(key);
  json->beginList();
  json->beginObject();
  json->field("dtype", typeName(tensor.type));
  json->field("layout", formatName(tensor.format));
  json->field("name", tensor.name);
  writeDims(tensor.dims, json);
  json->endObject();
  json->endList();
}

void writeNames(const char *key, const std::vector<std::string> &names, JsonWriter *json) {
  json->key(key);
  json->beginList();
  for (const std::string &name : names) json->value(name);
  json->endList();
}

void writeNode(const OnnxNode &node, JsonWriter *json) {
  json->beginObject();
  json->field("name", node.name);
  json->field("type", node.type);
  writeNames("input", node.inputs, json);
  writeNames("dst_name", node.outputs, json);
  json->endObject();
}

void writeAttribute(const char *key, const std::string &text, JsonWriter *json) {
  json->beginObject();
  json->field("key", key);
  json->key("value");
  json->beginObject();
  json->field("s", text);
  json->endObject();
  json->endObject();
}

}  // namespace

void JsonWriter::separate() {
  if (needsComma_) text_ += ',';
  needsComma_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
}

void JsonWriter::close(char bracket) {
  text_ += bracket;
  needsComma_ = true;
}

void JsonWriter::quote(const std::string &text) {
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') text_ += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      text_ += format("\\u%04x", static_cast<unsigned>(c));
    else
      text_ += c;
  }
  text_ += '"';
}

void JsonWriter::key(const std::string &name) {
  separate();
  quote(name);
  text_ += ':';
}

void JsonWriter::value(const std::string &text) {
  separate();
  quote(text);
  needsComma_ = true;
}

void JsonWriter::value(int64_t number) {
  separate();
  text_ += std::to_string(number);
  needsComma_ = true;
}

void JsonWriter::field(const std::string &name, const std::string &text) {
  key(name);
  value(text);
}

void JsonWriter::field(const std::string &name, int64_t number) {
  key(name);
  value(number);
}

std::string offlineModelAsJson(const OmFile &file) {
  const ModelInfo &info = file.info;
  OnnxModel model;
  readOnnx(file.graph, &model);
  JsonWriter json;
  json.beginObject();
  json.key("attr");
  json.beginList();
  writeAttribute("atc_cmdline", info.command, &json);
  writeAttribute("soc_version", info.soc, &json);
  writeAttribute("framework_type", "Onnx", &json);
  writeAttribute("precision_mode", info.precision, &json);
  json.endList();
  json.key("graph");
  json.beginList();
  json.beginObject();
  json.field("name", info.name);
  json.key("op");
  json.beginList();
  for (const TensorInfo &input : info.inputs) {
    json.beginObject();
    json.field("name", input.name);
    json.field("type", "Data");
    writeDescription("output_desc", input, &json);
    json.endObject();
  }
  for (const OnnxNode &node : model.nodes) writeNode(node, &json);
  for (const TensorInfo &output : info.outputs) {
    json.beginObject();
    json.field("name", output.name);
    json.field("type", "NetOutput");
    writeDescription("input_desc", output, &json);
    json.endObject();
  }
  json.endList();
  json.endObject();
  json.endList();
  json.field("name", info.name);
  json.endObject();
  return json.text() + "\n";
}

std::string onnxAsJson(const std::string &path, const std::vector<uint8_t> &onnx) {
  OnnxModel model;
  const std::string wrong = readOnnx(onnx, &model);
  if (!wrong.empty())
    throw AtcFailure{"E10041",
                     format("The model %s cannot be used. Reason: %s.", path.c_str(), wrong.c_str()),
                     "Have a look at that file, or export it again."};
  const auto writeTensors = [](const char *key, const std::vector<OnnxTensor> &tensors, JsonWriter *json) {
    json->key(key);
    json->beginList();
    for (const OnnxTensor &tensor : tensors) {
      json->beginObject();
      json->field("name", tensor.name);
      json->field("elemType", static_cast<int64_t>(toOnnxType(tensor.type)));
      Shape dims;
      for (const OnnxDim &dim : tensor.dims) dims.push_back(dim.size);
      writeDims(dims, json);
      json->endObject();
    }
    json->endList();
  };
  JsonWriter json;
  json.beginObject();
  json.field("producerName", model.producer);
  json.field("opset", model.opset);
  json.key("graph");
  json.beginObject();
  writeTensors("input", model.inputs, &json);
  writeTensors("output", model.outputs, &json);
  json.key("node");
  json.beginList();
  for (const OnnxNode &node : model.nodes) writeNode(node, &json);
  json.endList();
  json.endObject();
  json.endObject();
  return json.text() + "\n";
}

}  // namespace sim
