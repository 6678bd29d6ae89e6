#include "atc_compile.h"

#include <map>

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

bool keepsPrecision(const AtcOptions &options) {
  return settings().keepOriginalPrecision || options.value("precision_mode") == "must_keep_origin_dtype" ||
         options.value("precision_mode_v2") == "origin";
}

std::string precisionName(const AtcOptions &options) {
  if (settings().keepOriginalPrecision) return "origin";
  return options.value("precision_mode_v2", options.value("precision_mode", "force_fp16"));
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

/** Runs the model on zeros to see the shapes of its outputs. */
void measureOutputs(const OnnxModel &model, OrtSession *session, Gear *gear) {
  std::vector<OrtInput> inputs;
  std::vector<std::vector<uint8_t>> zeros;
  for (size_t i = 0; i < model.inputs.size(); ++i)
    zeros.emplace_back(static_cast<size_t>(elementCount(gear->inputs[i])) *
                       elementBytes(model.inputs[i].type));
  for (size_t i = 0; i < model.inputs.size(); ++i)
    inputs.push_back({model.inputs[i].name.c_str(), &gear->inputs[i], model.inputs[i].type, zeros[i].data()});
  std::vector<OrtOutput> outputs;
  for (const OnnxTensor &output : model.outputs)
    outputs.push_back({output.name.c_str(), output.type, {}, nullptr, {}});
  const std::string problem = session->run(inputs, &outputs);
  if (!problem.empty())
    throw AtcFailure{"E19999", "Inferring the shapes of the model failed. " + problem,
                     "Check the model and --input_shape."};
  gear->outputs.clear();
  for (const OrtOutput &output : outputs) gear->outputs.push_back(output.dims);
}

/** Outputs as ACL names them: node, which of its outputs, and the name in the model. */
void describeOutputs(const OnnxModel &model, ModelInfo *info) {
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const OnnxTensor &output = model.outputs[i];
    TensorInfo tensor{format("%s:%zu:%s", output.node.c_str(), output.nodeOutput, output.name.c_str()),
                      output.name,
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

void planOutputs(const OnnxModel &model, OrtSession *session, ModelInfo *info) {
  for (Gear &gear : info->gears) {
    if (resolveOutputs(model, &gear)) continue;
    if (session == nullptr)
      throw AtcFailure{
          "E19999",
          "The model does not say the shapes of its outputs, and without ACL_SIM_ORT_LIBRARY they cannot be "
          "found out.",
          "Set up the shell with: eval \"$(aasist simulator env)\""};
    measureOutputs(model, session, &gear);
  }
  describeOutputs(model, info);
}

std::string baseName(const std::string &path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

OmFile compileGraph(const AtcOptions &options, const CompileSource &source, std::vector<uint8_t> onnx) {
  OmFile file;
  file.graph = std::move(onnx);
  OnnxModel model;
  const std::string wrong = readOnnx(file.graph, &model);
  if (!wrong.empty()) throw unreadable(source.path, "Reason: " + wrong + ".");
  if (model.opset < oldestOpset)
    throw unreadable(source.path, format("Reason: its opset is %lld.", static_cast<long long>(model.opset)));
  ModelInfo &info = file.info;
  info.name = source.name;
  info.soc = options.value("soc_version");
  info.command = source.command;
  info.precision = precisionName(options);
  // Half of the bytes where weights become half precision.
  info.weightBytes = keepsPrecision(options) ? model.weightBytes : (model.weightBytes + 1) / 2;
  planInputs(options, model, &info);
  if (!keepsPrecision(options)) roundWeightsToHalf(&file.graph);
  OrtResult opened;
  if (!settings().ortLibrary.empty()) {
    opened = openOrtSession(file.graph);
    if (opened.session == nullptr)
      throw AtcFailure{"E19010", "The model cannot be compiled. " + opened.problem,
                       "Check the operators of the model."};
  }
  planOutputs(model, opened.session.get(), &info);
  return file;
}

std::string compileModel(const AtcOptions &options, const std::string &command) {
  const std::string modelPath = options.value("model");
  const std::string outputPath = options.value("output");
  if (baseName(outputPath).empty())
    throw AtcFailure{"E10022",
                     "Path [" + outputPath + "] for parameter [--output] does not include the file name.",
                     "Add the file name to the path."};
  std::vector<uint8_t> onnx;
  const OmProblem problem = readFile(modelPath, &onnx);
  if (problem.code != 0) throw AtcFailure{"E10410", problem.text, "Set an existing file."};
  const OmFile file = compileGraph(options, {modelPath, baseName(outputPath), command}, std::move(onnx));
  const std::string path = outputPath + ".om";
  const std::string reason = writeFile(path, writeOm(file));
  if (!reason.empty())
    throw AtcFailure{"E13004", format("Failed to write file [%s]. Reason: %s.", path.c_str(), reason.c_str()),
                     ""};
  return path;
}

}  // namespace sim
