#include "atc_modes.h"

#include <stdio.h>

#include <algorithm>

#include "atc_compile.h"
#include "atc_json.h"
#include "atc_log.h"
#include "atc_products.h"
#include "om_file.h"
#include "onnx_model.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

OmFile readOffline(const std::string &path) {
  OmFile file;
  const OmProblem problem = readOmFile(path, &file);
  if (problem.code != 0)
    throw AtcFailure{"E10041",
                     format("The model %s cannot be used. Reason: %s", path.c_str(), problem.text.c_str()),
                     "Check that the file is an offline model of the simulator."};
  return file;
}

std::string requireOm(const AtcOptions &options) {
  if (!options.has("om")) throw AtcFailure{"E10004", "--om names no file.", "Add --om=model.om."};
  requireInputFile("om", options.value("om"));
  return options.value("om");
}

void displayModel(const OmFile &file) {
  const ModelInfo &info = file.info;
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  printf("============ Display Model Info start ============\n");
  printf("Original Atc command line: %s\n", info.command.c_str());
  printf("system   info: atc_version[simulator-%d.%d], soc_version[%s], framework_type[Onnx].\n",
         settings().cannRelease / 100, settings().cannRelease % 100, info.soc.c_str());
  printf("resource info: memory_size[%llu B], weight_size[%llu B], stream_num[1], event_num[0].\n",
         number(workBytes(info)), number(info.weightBytes));
  printf(
      "om       info: modeldef_size[%llu B], weight_data_size[%llu B], tbe_kernels_size[0 B], "
      "cust_aicpu_kernel_store_size[0 B], task_info_size[0 B], so_store_size[0 B].\n",
      number(writeModelInfo(info).size()), number(info.weightBytes));
  printf("============ Display Model Info end   ============\n");
}

void compile(const AtcOptions &options, const std::string &command) {
  options.check();
  options.checkPaths();
  const std::string path = compileModel(options, command);
  leaveByProducts(options);
  if (options.value("display_model_info") == "1") displayModel(readOffline(path));
}

void preCheck(const AtcOptions &options, const std::string &command) {
  options.check();
  options.checkPaths();
  OnnxModel model;
  try {
    std::vector<uint8_t> onnx;
    if (readFile(options.value("model"), &onnx).code == 0) readOnnx(onnx, &model);
    compileFile(options, command);
  } catch (const AtcFailure &failure) {
    writeCheckReport(options, model, failure.code + ": " + failure.text);
    throw;
  }
  writeCheckReport(options, model, "");
}

void convertToJson(const AtcOptions &options) {
  for (const char *name : {"om", "json"})
    if (!options.has(name)) throw AtcFailure{"E10004", format("--%s names no file.", name), "Add it."};
  const std::string source = requireOm(options);
  const std::string target = options.value("json");
  requireOutputPath("json", target);
  std::string json;
  if (options.has("framework")) {
    if (options.value("framework") != "5")
      throw AtcFailure{"E10055",
                       "Not done here: the simulator's atc reads ONNX (--framework=5) and "
                       "nothing else.",
                       "Remove the option, or use the real atc."};
    std::vector<uint8_t> onnx;
    const OmProblem problem = readFile(source, &onnx);
    if (problem.code != 0)
      throw AtcFailure{"E10041", problem.text, "Have a look at that file, or export it again."};
    json = onnxAsJson(source, onnx);
  } else {
    json = offlineModelAsJson(readOffline(source));
  }
  const std::string reason = writeFile(target, json);
  if (!reason.empty())
    throw AtcFailure{"E13004", format("%s cannot be written: %s.", target.c_str(), reason.c_str()),
                     "Make room for it, or choose another place."};
}

}  // namespace

void runAtc(const AtcOptions &options, const std::string &command) {
  const std::string mode = options.value("mode", "0");
  if (mode == "0") return compile(options, command);
  if (mode == "1") return convertToJson(options);
  if (mode == "3") return preCheck(options, command);
  if (mode == "6") return displayModel(readOffline(requireOm(options)));
  const bool real = mode == "5" || mode == "7" || mode == "30";
  if (!real)
    throw AtcFailure{"E10001", format("--mode=%s does not exist; 0, 1, 3, 5, 6, 7 and 30 do.", mode.c_str()),
                     "Correct this option."};
  throw AtcFailure{"E10055", "Not done here: the simulator does not model --mode=" + mode + ".",
                   "Use 0, 1, 3 or 6."};
}

}  // namespace sim
