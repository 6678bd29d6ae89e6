#include "atc_compile.h"

#include <sys/utsname.h>

#include <cstring>
#include <map>

#include "atc_interface.h"
#include "atc_log.h"
#include "atc_precision.h"
#include "atc_shapes.h"
#include "om_file.h"
#include "onnx_model.h"
#include "ort_library.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

constexpr int64_t oldestOpset = 8;
/** What the inputs of a run that looks for shapes may take together. */
constexpr uint64_t mostTrialBytes = uint64_t{1} << 30;

AtcFailure unreadable(const std::string &path, const std::string &reason) {
  return {"E10041", format("The model %s cannot be used. %s", path.c_str(), reason.c_str()),
          "Have a look at that file, or export it again."};
}

/** The sizes that the model's named open dimensions have in a gear. */
std::map<std::string, int64_t> symbolsIn(const OnnxModel &model, const Gear &gear) {
  std::map<std::string, int64_t> symbols;
  for (size_t i = 0; i < model.inputs.size(); ++i)
    for (size_t d = 0; d < model.inputs[i].dims.size(); ++d)
      if (!model.inputs[i].dims[d].symbol.empty())
        symbols[model.inputs[i].dims[d].symbol] = gear.inputs[i][d];
  return symbols;
}

bool resolveOutputs(const OnnxModel &model, Gear *gear) {
  const auto symbols = symbolsIn(model, *gear);
  for (const OnnxTensor &output : model.outputs) {
    if (!output.hasShape || output.type == ACL_DT_UNDEFINED) return false;
    Shape shape;
    for (const OnnxDim &dim : output.dims) {
      const auto known = symbols.find(dim.symbol);
      if (dim.size < 0 && known == symbols.end()) return false;
      shape.push_back(dim.size >= 0 ? dim.size : known->second);
    }
    gear->outputs.push_back(shape);
  }
  return true;
}

/** 0, 1, 0, 1, … of a type. */
void alternate(aclDataType type, std::vector<uint8_t> *bytes) {
  uint64_t one = 1;
  if (type == ACL_FLOAT) one = 0x3F800000;
  if (type == ACL_FLOAT16) one = 0x3C00;
  if (type == ACL_BF16) one = 0x3F80;
  if (type == ACL_DOUBLE) one = 0x3FF0000000000000;
  const size_t size = elementBytes(type);
  for (size_t at = size; at + size <= bytes->size(); at += 2 * size) memcpy(bytes->data() + at, &one, size);
}

enum class TrialData { Zeros, Alternating };

/** Runs the model to see its outputs. Empty, or why it does not run. */
std::string tryRun(const OnnxModel &model, OrtSession *session, const std::vector<Shape> &shapes,
                   TrialData trial, std::vector<OrtOutput> *outputs) {
  std::vector<OrtInput> inputs;
  std::vector<std::vector<uint8_t>> data;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    data.emplace_back(static_cast<size_t>(elementCount(shapes[i])) * elementBytes(model.inputs[i].type));
    if (trial == TrialData::Alternating) alternate(model.inputs[i].type, &data.back());
  }
  for (size_t i = 0; i < model.inputs.size(); ++i)
    inputs.push_back({model.inputs[i].graphName.c_str(), &shapes[i], model.inputs[i].type, data[i].data()});
  outputs->clear();
  for (const OnnxTensor &output : model.outputs)
    outputs->push_back({output.graphName.c_str(), output.type, {}, nullptr, {}});
  return session->run(inputs, outputs);
}

void requireSmallInputs(const OnnxModel &model, const std::vector<Shape> &shapes) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const int64_t count = elementCount(shapes[i]);
    if (count >= 0 && static_cast<uint64_t>(count) <= mostTrialBytes)
      bytes += static_cast<uint64_t>(count) * elementBytes(model.inputs[i].type);
    else
      bytes = mostTrialBytes + 1;
    if (bytes > mostTrialBytes)
      throw AtcFailure{
          "E19999",
          format("Output shapes are not in the model, and a run that would find them needs inputs "
                 "of more than %llu bytes.",
                 static_cast<unsigned long long>(mostTrialBytes)),
          "Write the output shapes into the model, or compile it for smaller inputs."};
  }
}

/** Outputs whose shapes hang on the numbers that go in have none that could be written down. */
std::vector<OrtOutput> runForShapes(const OnnxModel &model, OrtSession *session,
                                    const std::vector<Shape> &shapes) {
  if (session == nullptr)
    throw AtcFailure{
        "E19999",
        "Output shapes are not in the model; finding them takes ACL_SIM_ORT_LIBRARY, which is not set.",
        "Set up the shell with: eval \"$(npx --no-install aasist simulator env)\""};
  requireSmallInputs(model, shapes);
  std::vector<OrtOutput> outputs;
  const std::string problem = tryRun(model, session, shapes, TrialData::Zeros, &outputs);
  if (!problem.empty())
    throw AtcFailure{"E19999", "The run that looks for output shapes failed: " + problem,
                     "Look at the model, and at --input_shape."};
  std::vector<OrtOutput> others;
  // Numbers that a model cannot take, indices beyond their end for one, say nothing of shapes.
  if (!tryRun(model, session, shapes, TrialData::Alternating, &others).empty()) return outputs;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].dims != others[i].dims)
      throw AtcFailure{
          "E10055",
          "Output " + model.outputs[i].name +
              " has another shape for other numbers in the input, which the simulator does not model.",
          "Take that output out of the model, for instance with --out_nodes."};
  return outputs;
}

/** Of outputs the model says nothing about, type and number of dimensions; all else stays open. */
void learnOutputs(const ModelInfo &info, OrtSession *session, OnnxModel *model) {
  bool known = true;
  for (const OnnxTensor &output : model->outputs)
    known = known && output.hasShape && output.type != ACL_DT_UNDEFINED;
  if (known) return;
  std::vector<Shape> shapes = info.gears.empty() ? std::vector<Shape>() : info.gears[0].inputs;
  if (shapes.empty())
    for (const TensorInfo &input : info.inputs) {
      shapes.emplace_back();
      for (size_t d = 0; d < input.dims.size(); ++d)
        shapes.back().push_back(input.dims[d] >= 0 ? input.dims[d] : input.range[d].first);
    }
  const std::vector<OrtOutput> outputs = runForShapes(*model, session, shapes);
  for (size_t i = 0; i < outputs.size(); ++i) {
    OnnxTensor &output = model->outputs[i];
    output.type = outputs[i].type;
    if (!output.hasShape) output.dims.assign(outputs[i].dims.size(), OnnxDim{});
    output.hasShape = true;
  }
}

/** Outputs as ACL names them: node, which of its outputs, and the name in the model. */
void describeOutputs(const OnnxModel &model, ModelInfo *info) {
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const OnnxTensor &output = model.outputs[i];
    TensorInfo tensor{format("%s:%zu:%s", output.node.c_str(), output.nodeOutput, output.name.c_str()),
                      output.graphName,
                      output.type,
                      ACL_FORMAT_ND,
                      {},
                      {}};
    if (info->dynamics == Dynamics::Shape) {
      for (const OnnxDim &dim : output.dims) tensor.dims.push_back(dim.size);
    } else {
      // What differs between the gears is open.
      tensor.dims = info->gears[0].outputs[i];
      for (const Gear &gear : info->gears) {
        if (gear.outputs[i].size() != tensor.dims.size())
          throw AtcFailure{"E19999",
                           "Output " + output.name + " has another number of dimensions in each gear.", ""};
        for (size_t d = 0; d < tensor.dims.size(); ++d)
          if (gear.outputs[i][d] != tensor.dims[d]) tensor.dims[d] = -1;
      }
    }
    for (const int64_t dim : tensor.dims) tensor.range.emplace_back(dim < 0 ? 0 : dim, dim);
    info->outputs.push_back(tensor);
  }
}

void planOutputs(OnnxModel *model, OrtSession *session, ModelInfo *info) {
  learnOutputs(*info, session, model);
  for (Gear &gear : info->gears) {
    if (resolveOutputs(*model, &gear)) continue;
    gear.outputs.clear();
    for (const OrtOutput &output : runForShapes(*model, session, gear.inputs))
      gear.outputs.push_back(output.dims);
  }
  describeOutputs(*model, info);
}

std::string baseName(const std::string &path) {
  return path.substr(path.rfind('/') + 1);
}

/** The folder of a file. */
std::string folderOf(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

OnnxModel readSource(const CompileSource &source, std::vector<uint8_t> *onnx) {
  OnnxModel model;
  std::string wrong = readOnnx(*onnx, &model);
  if (wrong.empty() && model.hasExternalWeights)
    wrong = source.folder.empty() ? "its weights are in files of their own, which only atc reads"
                                  : embedWeights(source.folder, onnx);
  if (!wrong.empty()) throw unreadable(source.path, "Reason: " + wrong + ".");
  // ONNX Runtime's provider hands over the domains of its whole model, and gets along.
  const bool isFile = !source.folder.empty();
  if (isFile && model.domains > 1)
    throw AtcFailure{"E16005", format("The model imports %zu operator sets; atc takes one.", model.domains),
                     "Export it without the others (domain_version)."};
  if (model.opset < oldestOpset)
    throw unreadable(source.path, format("Reason: its opset is %lld.", static_cast<long long>(model.opset)));
  return model;
}

/** Where a model of dynamic shape is for one host only, its name says which. */
std::string outputPath(const AtcOptions &options, const ModelInfo &info) {
  const std::string path = options.value("output");
  const bool named = options.has("host_env_os") || options.has("host_env_cpu");
  if (info.dynamics != Dynamics::Shape || !named) return path + ".om";
  utsname host{};
  uname(&host);
  return path + "_" + options.value("host_env_os", "linux") + "_" +
         options.value("host_env_cpu", host.machine) + ".om";
}

}  // namespace

OmFile compileGraph(const AtcOptions &options, const CompileSource &source, std::vector<uint8_t> onnx) {
  OmFile file;
  file.graph = std::move(onnx);
  OnnxModel model = readSource(source, &file.graph);
  ModelInfo &info = file.info;
  info.name = source.name;
  info.soc = options.value("soc_version");
  info.command = source.command;
  info.precision = precisionName(options);
  applyInterfaceOptions(options, &file.graph, &model);
  planInputs(options, model, &info);
  info.weightBytes = roundWeights(&file.graph, weightRounding(options)).bytes;
  OrtResult opened;
  if (!settings().ortLibrary.empty()) {
    opened = openOrtSession(file.graph);
    if (opened.session == nullptr)
      throw AtcFailure{"E19010", "The model cannot be compiled. " + opened.problem,
                       "Check the operators of the model."};
  }
  planOutputs(&model, opened.session.get(), &info);
  return file;
}

OmFile compileFile(const AtcOptions &options, const std::string &command) {
  const std::string path = options.value("model");
  std::vector<uint8_t> onnx;
  const OmProblem problem = readFile(path, &onnx);
  if (problem.code != 0) throw unreadable(path, problem.text);
  writeAtcLog(LogLevel::Info, format("read %zu bytes of %s", onnx.size(), path.c_str()));
  return compileGraph(options, {path, baseName(options.value("output", path)), command, folderOf(path)},
                      std::move(onnx));
}

std::string compileModel(const AtcOptions &options, const std::string &command) {
  const OmFile file = compileFile(options, command);
  const std::string path = outputPath(options, file.info);
  const std::string reason = writeFile(path, writeOm(file));
  if (!reason.empty())
    throw AtcFailure{"E13004", format("%s cannot be written: %s.", path.c_str(), reason.c_str()),
                     "Make room for it, or choose another place."};
  writeAtcLog(LogLevel::Info, "wrote " + path);
  return path;
}

}  // namespace sim
