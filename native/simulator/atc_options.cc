#include "atc_options.h"

#include <algorithm>
#include <cctype>

#include "text.h"

namespace sim {

namespace {

/** Accepted and of no effect here: they tune, log or cache, and results do not depend on them. */
const char *const withoutEffect[] = {"ac_parallel_enable",
                                     "aicore_num",
                                     "allow_hf32",
                                     "atomic_clean_policy",
                                     "buffer_optimize",
                                     "check_report",
                                     "core_type",
                                     "customize_dtypes",
                                     "debug_dir",
                                     "deterministic",
                                     "deterministic_level",
                                     "disable_reuse_memory",
                                     "display_model_info",
                                     "dump_mode",
                                     "enable_attr_compression",
                                     "enable_compress_weight",
                                     "enable_scope_fusion_passes",
                                     "enable_single_stream",
                                     "enable_small_channel",
                                     "export_compile_stat",
                                     "fusion_switch_file",
                                     "host_env_cpu",
                                     "host_env_os",
                                     "is_weight_clip",
                                     "jit_compile",
                                     "json",
                                     "keep_dtype",
                                     "log",
                                     "mdl_bank_path",
                                     "modify_mixlist",
                                     "multi_stream_parallel_mode",
                                     "om",
                                     "oo_constant_folding",
                                     "oo_dead_code_elimination",
                                     "oo_level",
                                     "op_bank_path",
                                     "op_compiler_cache_dir",
                                     "op_compiler_cache_mode",
                                     "op_debug_config",
                                     "op_debug_level",
                                     "op_precision_mode",
                                     "op_select_implmode",
                                     "optimization_switch",
                                     "optypelist_for_implmode",
                                     "quant_dumpable",
                                     "save_original_model",
                                     "sparsity",
                                     "status_check",
                                     "tiling_schedule_optimize",
                                     "topo_sorting_mode",
                                     "virtual_type",
                                     "weight"};

const char *const effective[] = {"dynamic_batch_size",
                                 "dynamic_dims",
                                 "dynamic_image_size",
                                 "framework",
                                 "help",
                                 "input_format",
                                 "input_shape",
                                 "mode",
                                 "model",
                                 "output",
                                 "precision_mode",
                                 "precision_mode_v2",
                                 "soc_version"};

/** They change a model's interface or results in ways the simulator does not follow; saying yes would be a
 * lie. */
const char *const refused[] = {"cluster_config",
                               "compress_weight_conf",
                               "compression_optimize_conf",
                               "external_weight",
                               "input_fp16_nodes",
                               "input_shape_range",
                               "insert_op_conf",
                               "is_input_adjust_hw_layout",
                               "is_output_adjust_hw_layout",
                               "op_name_map",
                               "out_nodes",
                               "output_type",
                               "singleop"};

struct Allowed {
  const char *name;
  std::vector<std::string> values;
};
const std::vector<Allowed> &allowedValues() {
  static const auto *const table = new std::vector<Allowed>{
      {"framework", {"0", "1", "3", "5"}},
      {"mode", {"0", "1", "3", "5", "6", "30"}},
      {"log", {"debug", "info", "warning", "error", "null"}},
      {"input_format", {"NCHW", "NCDHW", "ND", "NHWC"}},
      {"precision_mode",
       {"force_fp16", "force_fp32", "cube_fp16in_fp32out", "allow_fp32_to_fp16", "must_keep_origin_dtype",
        "allow_mix_precision", "allow_mix_precision_fp16", "allow_mix_precision_bf16", "allow_fp32_to_bf16"}},
      {"precision_mode_v2", {"fp16", "origin", "cube_fp16in_fp32out", "mixed_float16", "mixed_bfloat16"}},
      {"op_select_implmode",
       {"high_precision", "high_performance", "high_precision_for_all", "high_performance_for_all"}},
      {"buffer_optimize", {"l1_optimize", "l2_optimize", "off_optimize"}},
      {"external_weight", {"0", "1", "2"}},
      {"deterministic", {"0", "1"}},
      {"disable_reuse_memory", {"0", "1"}},
      {"enable_small_channel", {"0", "1"}},
      {"is_weight_clip", {"0", "1"}},
      {"op_compiler_cache_mode", {"disable", "enable", "force"}},
      {"core_type", {"AiCore", "VectorCore"}}};
  return *table;
}

std::vector<std::string> allNames() {
  std::vector<std::string> names;
  for (const char *name : withoutEffect) names.emplace_back(name);
  for (const char *name : effective) names.emplace_back(name);
  for (const char *name : refused) names.emplace_back(name);
  return names;
}

/** Complete names and unambiguous beginnings, as getopt_long has it. Empty when there is none. */
std::string completeName(const std::string &given) {
  std::vector<std::string> matches;
  for (const std::string &name : allNames()) {
    if (name == given) return name;
    if (!given.empty() && name.compare(0, given.size(), given) == 0) matches.push_back(name);
  }
  return matches.size() == 1 ? matches[0] : "";
}

void requireCharacters(const std::string &option, const std::string &path) {
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '_' || c == '-' || c == '.';
    // Bytes above ASCII are Chinese names, which atc takes.
    if (!plain && byte < 0x80)
      throw AtcFailure{"E10001",
                       format("Value [%s] for parameter [%s] is invalid. Reason: a path may have letters, "
                              "digits, Chinese characters, and [_-./] only.",
                              path.c_str(), option.c_str()),
                       "Rename the file or folder."};
  }
}

}  // namespace

AtcOptions::AtcOptions(const std::vector<std::string> &arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    if (argument == "-h") {
      helpWanted_ = true;
      continue;
    }
    if (argument.size() < 2 || argument[0] != '-')
      throw CommandLineFailure{"ERROR: unexpected argument '" + argument + "'"};
    const std::string text = argument.substr(argument[1] == '-' ? 2 : 1);
    const size_t equals = text.find('=');
    std::string given = text.substr(0, equals);
    std::replace(given.begin(), given.end(), '-', '_');
    const std::string name = completeName(given);
    if (name.empty()) throw CommandLineFailure{"ERROR: unknown command line flag '" + given + "'"};
    if (name == "help") {
      helpWanted_ = true;
    } else if (equals != std::string::npos) {
      values_[name] = text.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      values_[name] = arguments[++i];
    } else {
      throw CommandLineFailure{"ERROR: flag '" + name + "' is missing its argument"};
    }
  }
}

std::string AtcOptions::value(const std::string &name, const std::string &otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

void AtcOptions::check() const {
  for (const Allowed &allowed : allowedValues()) {
    if (!has(allowed.name)) continue;
    const std::string given = value(allowed.name);
    if (std::find(allowed.values.begin(), allowed.values.end(), given) != allowed.values.end()) continue;
    throw AtcFailure{std::string(allowed.name) == "log" ? "E10010" : "E10003",
                     format("Value [%s] for parameter [--%s] is invalid. Reason: it must be one of [%s].",
                            given.c_str(), allowed.name, join(allowed.values, ", ").c_str()),
                     "Run \"atc -h\" to see the usage."};
  }
  if (value("mode", "0") != "0")
    throw AtcFailure{"E10055", "The simulator's atc converts models (--mode=0) and does nothing else.", ""};
  if (!has("framework"))
    throw AtcFailure{
        "E10007",
        "[--framework] is required. The value must be [0(Caffe), 1(MindSpore), 3(TensorFlow), 5(ONNX)].",
        "Set a valid parameter value."};
  if (value("framework") != "5")
    throw AtcFailure{"E10055", "The simulator's atc reads ONNX (--framework=5) and nothing else.", ""};
  for (const char *name : {"model", "output", "soc_version"})
    if (value(name).empty())
      throw AtcFailure{"E10004", format("Value for [--%s] is empty.", name), "Set a valid parameter value."};
  requireCharacters("--model", value("model"));
  requireCharacters("--output", value("output"));
  const std::string soc = value("soc_version");
  const bool plausible = soc.compare(0, 7, "Ascend3") == 0 || soc.compare(0, 7, "Ascend9") == 0;
  // Names of families, not of chips.
  const bool family = soc == "Ascend310P" || soc == "Ascend310B" || soc == "Ascend910";
  if (!plausible || family)
    throw AtcFailure{
        "E10001",
        format("Value [%s] for parameter [--soc_version] is invalid. Reason: no such chip is known.",
               soc.c_str()),
        "Use the name that npu-smi info shows with Ascend before it, such as Ascend310P3."};
  if (has("precision_mode") && has("precision_mode_v2"))
    throw AtcFailure{"E10056", "Cannot config both parameters [--precision_mode] and [--precision_mode_v2].",
                     "Remove one of them."};
  for (const char *name : refused)
    if (has(name) && !(std::string(name) == "external_weight" && value(name) == "0"))
      throw AtcFailure{"E10055", format("The simulator does not model [--%s].", name), "Remove the option."};
}

std::string atcHelp() {
  return "usage: atc --framework=5 --model=x.onnx --output=x --soc_version=Ascend310P3 [options]\n"
         "\n"
         "This is the simulator's atc: it packs an ONNX model into an .om for the simulator. Options with an "
         "effect:\n"
         "  --input_shape         \"name:1,64600;name2:...\"; -1 or a~b for sizes chosen per inference\n"
         "  --input_format        NCHW (default), ND, NHWC, NCDHW\n"
         "  --dynamic_batch_size  \"1,2,4\"       gears of the first dimension\n"
         "  --dynamic_image_size  \"h,w;h,w\"     gears of height and width\n"
         "  --dynamic_dims        \"a,b;c,d\"     gears of every -1 of --input_shape\n"
         "  --precision_mode      force_fp16 (default), must_keep_origin_dtype, ...\n"
         "  --precision_mode_v2   fp16 (default), origin, ...\n"
         "  --log                 debug, info, warning, error, null\n"
         "Tuning options of the real atc are accepted and have none.\n";
}

}  // namespace sim
