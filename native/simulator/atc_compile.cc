#include "atc_compile.h"

#include <sys/utsname.h>

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

AtcFailure unreadable(const std::string &path, const std::string &reason) {
  return {"E10041", format("Failed to load the model from [%s]. %s", path.c_str(), reason.c_str()),
          "Check that the model file is valid."};
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

/** Runs the model on zeros to see its outputs. */
std::vector<OrtOutput> runOnZeros(const OnnxModel &model, OrtSession *session,
                                  const std::vector<Shape> &shapes) {
  if (session == nullptr)
    throw AtcFailure{
        "E19999",
        "The model does not say the shapes of its outputs, and without ACL_SIM_ORT_LIBRARY they cannot be "
        "found out.",
        "Set up the shell with: eval \"$(aasist simulator env)\""};
  std::vector<OrtInput> inputs;
  std::vector<std::vector<uint8_t>> zeros;
  for (size_t i = 0; i < model.inputs.size(); ++i)
    zeros.emplace_back(static_cast<size_t>(elementCount(shapes[i])) * elementBytes(model.inputs[i].type));
  for (size_t i = 0; i < model.inputs.size(); ++i)
    inputs.push_back({model.inputs[i].graphName.c_str(), &shapes[i], model.inputs[i].type, zeros[i].data()});
  std::vector<OrtOutput> outputs;
  for (const OnnxTensor &output : model.outputs)
    outputs.push_back({output.graphName.c_str(), output.type, {}, nullptr, {}});
  const std::string problem = session->run(inputs, &outputs);
  if (!problem.empty())
    throw AtcFailure{"E19999", "Inferring the shapes of the model failed. " + problem,
                     "Check the model and --input_shape."};
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
  const std::vector<OrtOutput> outputs = runOnZeros(*model, session, shapes);
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
    for (const OrtOutput &output : runOnZeros(*model, session, gear.inputs))
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
    throw AtcFailure{
        "E16005",
        format("The model has %zu --domain_version fields, but only one is allowed.", model.domains),
        "Invalid ONNX model. Modify the ONNX model so that it imports one operator set."};
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
    throw AtcFailure{"E13004", format("Failed to write file [%s]. Reason: %s.", path.c_str(), reason.c_str()),
                     "Fix the error according to the error message."};
  writeAtcLog(LogLevel::Info, "wrote " + path);
  return path;
}

}  // namespace sim
