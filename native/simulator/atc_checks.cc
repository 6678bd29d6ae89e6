// What atc checks of its options before it looks into the model.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "atc_option_table.h"
#include "atc_options.h"
#include "settings.h"
#include "soc_names.h"
#include "text.h"

namespace sim {

namespace {

AtcFailure invalidValue(const std::string &option, const std::string &value, const std::string &reason) {
  return {"E10001", format("--%s=%s cannot be used: %s.", option.c_str(), value.c_str(), reason.c_str()),
          "Correct this option."};
}

AtcFailure unsupported(const std::string &reason) {
  return {"E10055", "Not done here: " + reason + ".", "Remove the option, or use the real atc."};
}

void requireCharacters(const std::string &option, const std::string &path) {
  const size_t name = path.rfind('/') + 1;
  for (size_t i = 0; i < path.size(); ++i) {
    const auto byte = static_cast<unsigned char>(path[i]);
    const char c = path[i];
    const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '_' || c == '-' || c == '.';
    // Bytes above ASCII are Chinese names, which atc takes; a plus sign is good in the file's own name only.
    if (plain || byte >= 0x80 || (c == '+' && i >= name)) continue;
    throw invalidValue(option, path, "of ASCII, paths are made of a-z, A-Z, 0-9 and _ - . /");
  }
}

bool contains(const std::vector<std::string> &values, const std::string &value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

void checkValue(const AtcOption &option, const std::string &value) {
  switch (option.rule) {
    case ValueRule::Any:
      return;
    case ValueRule::InputFile:
      return requireInputFile(option.name, value);
    case ValueRule::OutputPath:
      return requireCharacters(option.name, value);
    case ValueRule::ZeroOrOne:
      if (value == "0" || value == "1") return;
      throw AtcFailure{"E10006", format("--%s=%s: 0 or 1 was expected.", option.name, value.c_str()),
                       "Write 0 or 1."};
    case ValueRule::TrueOrFalse:
      if (value == "true" || value == "false") return;
      throw AtcFailure{"E10005", format("--%s=%s: true or false was expected.", option.name, value.c_str()),
                       "Write true or false."};
    case ValueRule::Number:
    case ValueRule::Listed:
      if (contains(option.values, value)) return;
      throw invalidValue(option.name, value, "it must be one of [" + join(option.values, ", ") + "]");
  }
}

void checkLog(const AtcOptions &options) {
  const std::string level = options.value("log", "null");
  if (contains({"debug", "info", "warning", "error", "null"}, level)) return;
  throw AtcFailure{"E10010", format("--log=%s is no level of the log.", level.c_str()),
                   "The levels: debug, info, warning, error, null."};
}

void checkFramework(const AtcOptions &options) {
  if (!options.has("framework"))
    throw AtcFailure{
        "E10007", "Where the model comes from is not told: --framework is missing.",
        "For ONNX, add --framework=5. The other numbers are 0 (Caffe), 1 (MindSpore), 3 (TensorFlow)."};
  const std::string framework = options.value("framework");
  if (!contains({"0", "1", "3", "5"}, framework))
    throw invalidValue("framework", framework, "it must be one of [0, 1, 3, 5]");
  if (framework == "0" && !options.has("weight"))
    throw AtcFailure{"E10008",
                     "A Caffe model (--framework=0) comes with a second file, and --weight does not name it.",
                     "Give the weights, or another framework."};
  if (framework != "5") throw unsupported("the simulator's atc reads ONNX (--framework=5) and nothing else");
}

void checkSoc(const AtcOptions &options) {
  const std::string soc = options.value("soc_version");
  // Whoever names the simulated chip otherwise means that name.
  if (isKnownSoc(soc) || (soc == settings().socName && soc.compare(0, 6, "Ascend") == 0)) return;
  throw AtcFailure{
      "E10001", format("--soc_version=%s cannot be used: %s.", soc.c_str(), explainUnknownSoc(soc).c_str()),
      "Use the name that npu-smi info shows with Ascend before it, such as Ascend310P3."};
}

void refuseTogether(const AtcOptions &options, const std::string &one, const std::string &other) {
  if (options.has(one) && options.has(other))
    throw AtcFailure{"E10056", format("--%s and --%s exclude each other.", one.c_str(), other.c_str()),
                     "Remove one of them."};
}

bool isBfloat16Mode(const std::string &mode) {
  return mode.find("bf16") != std::string::npos || mode == "mixed_bfloat16";
}

void checkPrecision(const AtcOptions &options) {
  refuseTogether(options, "precision_mode", "precision_mode_v2");
  const std::string mode = options.value("precision_mode_v2", options.value("precision_mode"));
  const std::string option = options.has("precision_mode_v2") ? "precision_mode_v2" : "precision_mode";
  const std::string soc = options.value("soc_version");
  if (isBfloat16Mode(mode) && soc.compare(0, 9, "Ascend310") == 0)
    throw invalidValue(option, mode, "this chip does not compute in bfloat16");
  if (mode.find("hif8") != std::string::npos) {
    if (soc.compare(0, 9, "Ascend950") != 0) throw invalidValue(option, mode, "only Ascend950 has this type");
    throw unsupported("the simulator does not model " + mode);
  }
  const bool mixed = mode.find("mix") != std::string::npos;
  if (options.has("modify_mixlist") && !mixed)
    throw invalidValue("modify_mixlist", options.value("modify_mixlist"),
                       "it needs a precision mode that mixes types, such as allow_mix_precision");
}

void checkImplementationModes(const AtcOptions &options) {
  if (!options.has("optypelist_for_implmode")) return;
  const std::string mode = options.value("op_select_implmode");
  if (mode != "high_precision" && mode != "high_performance")
    throw invalidValue("op_select_implmode", mode,
                       "with --optypelist_for_implmode it must be high_precision or high_performance");
}

void checkStreams(const AtcOptions &options) {
  const std::string mode = options.value("multi_stream_parallel_mode");
  if (mode.empty()) return;
  const std::vector<std::string> parts = split(mode, ':');
  int64_t count = 0;
  const bool counted = parts.size() == 2 && (parts[0] == "LoadBalance" || parts[0] == "MainStream") &&
                       parseInteger(parts[1], &count) && count > 0;
  if (mode != "cv" && !counted)
    throw invalidValue("multi_stream_parallel_mode", mode, "it must be cv, LoadBalance:N or MainStream:N");
  if (options.value("enable_single_stream") == "true")
    throw AtcFailure{"E10056", "--enable_single_stream and --multi_stream_parallel_mode exclude each other.",
                     "Remove one of them."};
}

void checkSwitches(const AtcOptions &options) {
  const std::string switches = options.value("optimization_switch");
  for (const std::string &each : split(switches, ';')) {
    const size_t colon = each.rfind(':');
    const std::string state = colon == std::string::npos ? "" : each.substr(colon + 1);
    if (switches.empty() || each.empty() || (colon > 0 && (state == "on" || state == "off"))) continue;
    throw invalidValue("optimization_switch", switches, "it is written as Pass:on;Pass2:off");
  }
}

void checkPreprocessing(const AtcOptions &options) {
  if (!options.has("insert_op_conf")) return;
  const std::string file = options.value("insert_op_conf");
  if (options.has("dynamic_dims"))
    throw invalidValue("insert_op_conf", file, "gears of --dynamic_dims do not go with AIPP");
  if (options.value("input_format", "NCHW") != "NCHW")
    throw invalidValue("insert_op_conf", file, "AIPP needs --input_format=NCHW or NHWC");
  throw unsupported("the simulator does not model image pre-processing (AIPP, --insert_op_conf)");
}

void checkRefused(const AtcOptions &options) {
  if (options.has("auto_tune_mode"))
    throw invalidValue("auto_tune_mode", options.value("auto_tune_mode"),
                       "automatic tuning is no longer part of atc; use the AOE tool");
  for (const AtcOption &option : atcOptionTable())
    if (option.isRefused && options.has(option.name))
      throw unsupported(format("the simulator does not model [--%s]", option.name));
  if (options.value("external_weight", "0") != "0")
    throw unsupported("the simulator keeps weights inside the model (--external_weight=0)");
  for (const char *name : {"is_input_adjust_hw_layout", "is_output_adjust_hw_layout"})
    for (const std::string &each : split(options.value(name), ',')) {
      if (!each.empty() && each != "true" && each != "false")
        throw invalidValue(name, options.value(name), "it is a list of true and false");
      if (each == "true") throw unsupported(format("the simulator does not model NC1HWC0 (--%s=true)", name));
    }
}

}  // namespace

void requireInputFile(const std::string &option, const std::string &path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr || access(path.c_str(), R_OK) != 0)
    throw invalidValue(option, path, format("the file cannot be opened (%s)", strerror(errno)));
  requireCharacters(option, path);
}

void requireOutputPath(const std::string &option, const std::string &path) {
  requireCharacters(option, path);
  // As the real one does, with all folders above.
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (mkdir(path.substr(0, slash).c_str(), 0777) != 0 && errno != EEXIST)
      throw invalidValue(option, path, format("its folder cannot be made (%s)", strerror(errno)));
}

void AtcOptions::check() const {
  checkLog(*this);
  checkFramework(*this);
  for (const char *name : {"soc_version", "output", "model"}) {
    const bool unneeded = std::string(name) == "output" && value("mode", "0") != "0";
    if (!has(name) && !unneeded)
      throw AtcFailure{"E10054", format("--%s is missing; no model is made without it.", name),
                       "Add it. Values with blanks or semicolons need quotes in a shell."};
  }
  checkSoc(*this);
  for (const AtcOption &option : atcOptionTable())
    if (has(option.name)) checkValue(option, value(option.name));
  checkImplementationModes(*this);
  checkPrecision(*this);
  checkStreams(*this);
  checkSwitches(*this);
  if (value("deterministic_level", "0") != "0" && value("deterministic", "0") != "1")
    throw invalidValue("deterministic_level", value("deterministic_level"), "it needs --deterministic=1");
  checkPreprocessing(*this);
  checkRefused(*this);
}

void AtcOptions::checkPaths() const {
  requireInputFile("model", value("model"));
  const std::string output = value("output");
  if (value("mode", "0") != "0") return;
  requireOutputPath("output", output);
  if (output.back() == '/')
    throw AtcFailure{"E10022", "--output=" + output + " ends where the name of the model should be.",
                     "Write a name after the last slash."};
}

}  // namespace sim
