#include "atc_products.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "atc_json.h"
#include "atc_log.h"
#include "om_file.h"
#include "text.h"

namespace sim {

namespace {

/** Ends in a slash, or is empty for the current folder. */
std::string workFolder() {
  const char *given = getenv("ASCEND_WORK_PATH");
  return given == nullptr || given[0] == '\0' ? "" : std::string(given) + "/";
}

}  // namespace

void leaveByProducts(const AtcOptions &options) {
  const std::string kernels =
      options.has("debug_dir") ? options.value("debug_dir") + "/kernel_meta" : workFolder() + "kernel_meta";
  for (size_t slash = kernels.find('/', 1); slash != std::string::npos; slash = kernels.find('/', slash + 1))
    mkdir(kernels.substr(0, slash).c_str(), 0777);
  if (mkdir(kernels.c_str(), 0777) != 0)
    writeAtcLog(LogLevel::Debug, "folder " + kernels + " was there before, or cannot be made");
  const std::string path = workFolder() + "fusion_result.json";
  const std::string problem =
      writeFile(path, "[{\"graph_fusion\":{},\"session_and_graph_id\":\"0_0\",\"ub_fusion\":{}}]\n");
  if (!problem.empty()) writeAtcLog(LogLevel::Warning, path + " cannot be written: " + problem);
}

std::string writeCheckReport(const AtcOptions &options, const OnnxModel &model, const std::string &problem) {
  const std::string path = options.value("check_report", workFolder() + "check_result.json");
  JsonWriter json;
  json.beginObject();
  json.key("op");
  json.beginList();
  for (const OnnxNode &node : model.nodes) {
    json.beginObject();
    json.field("name", node.name);
    json.field("result", problem.empty() ? "success" : "unknown");
    json.field("type", node.type);
    json.endObject();
  }
  json.endList();
  if (!problem.empty()) json.field("reason", problem);
  json.field("result", problem.empty() ? "success" : "failed");
  json.endObject();
  const std::string reason = writeFile(path, json.text() + "\n");
  if (!reason.empty())
    throw AtcFailure{"E13004", format("%s cannot be written: %s.", path.c_str(), reason.c_str()),
                     "Make room for it, or choose another place."};
  return path;
}

}  // namespace sim
