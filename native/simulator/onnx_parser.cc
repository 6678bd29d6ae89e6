// The graph interface's way in: ONNX models become graphs.
#include "call.h"
#include "graph_status.h"
#include "graph_types.h"
#include "om_file.h"
#include "onnx_model.h"
#include "text.h"

using namespace sim;

namespace {

aclError parse(const std::string &source, std::vector<uint8_t> onnx, const ge::Options &parserOptions,
               ge::Graph *graph) {
  if (graph->impl() == nullptr) return fail(graphParamInvalid, "E19999", "The graph was moved away.");
  OnnxModel model;
  const std::string wrong = readOnnx(onnx, &model);
  if (!wrong.empty())
    return fail(graphFailed, "E10041",
                format("The model %s cannot be used. Reason: %s.", source.c_str(), wrong.c_str()));
  graph->impl()->onnx = std::move(onnx);
  graph->impl()->parserOptions = parserOptions;
  return graphSuccess;
}

}  // namespace

namespace ge {

graphStatus aclgrphParseONNX(const char *modelFile, const Options &parserOptions, Graph &graph) {
  return asGraphStatus(invoke("aclgrphParseONNX", [&]() -> aclError {
    if (modelFile == nullptr) return fail(graphParamInvalid, "E10004", "The model file has no name.");
    std::vector<uint8_t> onnx;
    const OmProblem problem = readFile(modelFile, &onnx);
    if (problem.code != 0) return fail(graphFailed, "E10410", problem.text);
    return parse(modelFile, std::move(onnx), parserOptions, &graph);
  }));
}

graphStatus aclgrphParseONNXFromMem(const char *buffer, size_t size, const Options &parserOptions,
                                    Graph &graph) {
  return asGraphStatus(invoke("aclgrphParseONNXFromMem", [&]() -> aclError {
    if (buffer == nullptr || size == 0)
      return fail(graphParamInvalid, "E10004", "There is no model in the memory.");
    return parse("memory", std::vector<uint8_t>(buffer, buffer + size), parserOptions, &graph);
  }));
}

}  // namespace ge
