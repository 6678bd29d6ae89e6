// The graph interface's build: graphs become offline models inside the program, by the code of atc.
#include <cstring>

#include "atc_compile.h"
#include "call.h"
#include "graph_options.h"
#include "graph_status.h"
#include "graph_types.h"
#include "monitor.h"
#include "om_file.h"
#include "settings.h"
#include "text.h"

using namespace sim;

namespace {

struct Builder {
  Monitor monitor;
  bool initialised = false;
  ge::Options globalOptions;
};

Builder &builder() {
  static auto *const instance = new Builder();
  return *instance;
}

aclError compileFailure(aclError status, const AtcFailure &failure) {
  const std::string advice = failure.solution.empty() ? "" : " " + failure.solution;
  return fail(status, failure.code.c_str(), failure.text + advice);
}

aclError compileInto(const ge::GraphImpl &graph, const GraphOptions &options, ge::ModelBufferData *model) {
  try {
    const AtcOptions translated = asAtcOptions(options);
    try {
      const CompileSource source{"graph " + graph.name, graph.name, commandOf(options)};
      const std::string bytes = writeOm(compileGraph(translated, source, graph.onnx));
      const std::shared_ptr<uint8_t> data(new uint8_t[bytes.size()], std::default_delete<uint8_t[]>());
      memcpy(data.get(), bytes.data(), bytes.size());
      *model = {data, bytes.size()};
      return graphSuccess;
    } catch (const AtcFailure &failure) {
      return compileFailure(graphFailed, failure);
    }
  } catch (const CommandLineFailure &failure) {
    return fail(graphParamInvalid, "E10055",
                failure.text + ". The simulator does not know this option of a graph build.");
  } catch (const AtcFailure &failure) {
    return compileFailure(graphParamInvalid, failure);
  }
}

aclError build(const ge::Graph &graph, const ge::Options &buildOptions, ge::ModelBufferData *model) {
  ge::Options globalOptions;
  {
    Lock lock(builder().monitor);
    if (!builder().initialised)
      return fail(graphFailed, "E19999",
                  "The graph build is not initialised: call aclgrphBuildInitialize first.");
    globalOptions = builder().globalOptions;
  }
  for (const std::string &mistake : settings().mistakes)
    return fail(graphParamInvalid, "EE2002", "Environment variable " + mistake + ".");
  if (graph.impl() == nullptr || graph.impl()->onnx.empty())
    return fail(
        graphParamInvalid, "E19999",
        "The graph is empty. The simulator builds graphs that were parsed from ONNX, not those made of "
        "operators.");
  return compileInto(*graph.impl(), {globalOptions, graph.impl()->parserOptions, buildOptions}, model);
}

aclError save(const char *outputFile, const ge::ModelBufferData &model) {
  if (outputFile == nullptr || outputFile[0] == '\0')
    return fail(graphParamInvalid, "E10004", "The output file has no name.");
  if (model.data == nullptr || model.length == 0)
    return fail(graphParamInvalid, "E19999", "There is no model to save.");
  const std::string path = std::string(outputFile) + ".om";
  const std::string reason =
      writeFile(path, std::string(reinterpret_cast<const char *>(model.data.get()), model.length));
  if (reason.empty()) return graphSuccess;
  return fail(graphFailed, "E13004", format("%s cannot be written: %s.", path.c_str(), reason.c_str()));
}

}  // namespace

namespace ge {

graphStatus aclgrphBuildInitialize(Options &globalOptions) {
  return asGraphStatus(invoke("aclgrphBuildInitialize", [&]() -> aclError {
    Lock lock(builder().monitor);
    builder().initialised = true;
    builder().globalOptions = globalOptions;
    return graphSuccess;
  }));
}

void aclgrphBuildFinalize() {
  invokeVoid("aclgrphBuildFinalize", [] {
    Lock lock(builder().monitor);
    builder().initialised = false;
    builder().globalOptions.clear();
  });
}

graphStatus aclgrphBuildModel(const Graph &graph, const Options &buildOptions, ModelBufferData &model) {
  return asGraphStatus(invoke("aclgrphBuildModel", [&] { return build(graph, buildOptions, &model); }));
}

graphStatus aclgrphSaveModel(const char *outputFile, const ModelBufferData &model) {
  return asGraphStatus(invoke("aclgrphSaveModel", [&] { return save(outputFile, model); }));
}

}  // namespace ge
