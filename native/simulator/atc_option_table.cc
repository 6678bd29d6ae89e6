#include "atc_option_table.h"

namespace sim {

namespace {

using Values = std::vector<std::string>;

const Values precisionModes = {"force_fp16",
                               "force_fp32",
                               "cube_fp16in_fp32out",
                               "allow_fp32_to_fp16",
                               "must_keep_origin_dtype",
                               "allow_mix_precision",
                               "allow_mix_precision_fp16",
                               "allow_mix_precision_bf16",
                               "allow_fp32_to_bf16"};
const Values newPrecisionModes = {
    "fp16", "origin", "cube_fp16in_fp32out", "mixed_float16", "mixed_bfloat16", "mixed_hif8", "cube_hif8"};
const Values implementationModes = {"high_precision", "high_performance", "high_precision_for_all",
                                    "high_performance_for_all"};

constexpr bool refused = true;

std::vector<AtcOption> makeTable() {
  using Rule = ValueRule;
  return {{"ac_parallel_enable", Rule::ZeroOrOne},
          {"aicore_num"},
          {"allow_hf32", Rule::TrueOrFalse},
          {"atomic_clean_policy", Rule::ZeroOrOne},
          {"auto_tune_mode"},
          {"buffer_optimize", Rule::Listed, {"l1_optimize", "l2_optimize", "off_optimize"}},
          {"cal_conf", Rule::InputFile},
          {"check_report", Rule::OutputPath},
          {"cluster_config", Rule::Any, {}, refused},
          {"compress_weight_conf", Rule::InputFile},
          {"compression_optimize_conf", Rule::InputFile, {}, refused},
          {"core_type", Rule::Listed, {"AiCore", "VectorCore"}},
          {"customize_dtypes", Rule::InputFile},
          {"debug_dir", Rule::OutputPath},
          {"deterministic", Rule::ZeroOrOne},
          {"deterministic_level", Rule::Listed, {"0", "1", "2", "3"}},
          {"disable_reuse_memory", Rule::Number, {"0", "1"}},
          {"display_model_info", Rule::ZeroOrOne},
          {"dump_mode", Rule::ZeroOrOne},
          {"dynamic_batch_size"},
          {"dynamic_dims"},
          {"dynamic_image_size"},
          {"enable_attr_compression", Rule::TrueOrFalse},
          {"enable_compress_weight", Rule::TrueOrFalse},
          {"enable_scope_fusion_passes"},
          {"enable_single_stream", Rule::TrueOrFalse},
          {"enable_small_channel", Rule::ZeroOrOne},
          {"export_compile_stat", Rule::Listed, {"0", "1", "2"}},
          {"external_weight", Rule::Listed, {"0", "1", "2"}},
          {"framework", Rule::Number, {"0", "1", "3", "5"}},
          {"fusion_switch_file", Rule::InputFile},
          {"hccl_sub_comm_config", Rule::Any, {}, refused},
          {"help"},
          {"host_env_cpu", Rule::Listed, {"x86_64", "aarch64"}},
          {"host_env_os", Rule::Listed, {"linux"}},
          {"input_format", Rule::Listed, {"NCHW", "NCDHW", "ND"}},
          {"input_fp16_nodes"},
          {"input_hint_shape", Rule::Any, {}, refused},
          {"input_shape"},
          {"input_shape_range"},
          {"insert_op_conf", Rule::InputFile, {}, refused},
          {"is_input_adjust_hw_layout"},
          {"is_output_adjust_hw_layout"},
          {"is_weight_clip", Rule::ZeroOrOne},
          {"jit_compile", Rule::Listed, {"0", "1", "2"}},
          {"json", Rule::OutputPath},
          {"keep_dtype", Rule::InputFile},
          {"log"},
          {"mdl_bank_path"},
          {"mode", Rule::Number, {"0", "1", "3", "5", "6", "7", "30"}},
          {"model"},
          {"modify_mixlist", Rule::InputFile},
          {"multi_stream_parallel_mode"},
          {"om"},
          {"oo_constant_folding", Rule::TrueOrFalse},
          {"oo_dead_code_elimination", Rule::TrueOrFalse},
          {"oo_level", Rule::Listed, {"O1", "O3"}},
          {"op_bank_path"},
          {"op_compiler_cache_dir"},
          {"op_compiler_cache_mode", Rule::Listed, {"disable", "enable", "force"}},
          {"op_debug_config"},
          {"op_debug_level", Rule::Number, {"0", "1", "2", "3", "4"}},
          {"op_name_map", Rule::InputFile, {}, refused},
          {"op_precision_mode", Rule::InputFile},
          {"op_select_implmode", Rule::Listed, implementationModes},
          {"optimization_switch"},
          {"optypelist_for_implmode"},
          {"out_nodes"},
          {"output", Rule::OutputPath},
          {"output_type"},
          {"precision_mode", Rule::Listed, precisionModes},
          {"precision_mode_v2", Rule::Listed, newPrecisionModes},
          {"quant_dumpable", Rule::ZeroOrOne},
          {"raw_ge_options", Rule::Any, {}, refused},
          {"raw_ge_options_ignore_unsupported", Rule::Any, {}, refused},
          {"save_original_model", Rule::TrueOrFalse},
          {"shape_generalized_build_mode"},
          {"singleop", Rule::Any, {}, refused},
          {"soc_version"},
          {"sparsity", Rule::ZeroOrOne},
          {"status_check", Rule::ZeroOrOne},
          {"target"},
          {"tiling_schedule_optimize", Rule::ZeroOrOne},
          {"topo_sorting_mode", Rule::Listed, {"0", "1", "2", "3"}},
          {"virtual_type", Rule::ZeroOrOne},
          {"weight", Rule::InputFile}};
}

}  // namespace

const std::vector<AtcOption> &atcOptionTable() {
  static const auto *const table = new std::vector<AtcOption>(makeTable());
  return *table;
}

const AtcOption *findAtcOption(const std::string &given) {
  const AtcOption *only = nullptr;
  size_t matches = 0;
  for (const AtcOption &option : atcOptionTable()) {
    const std::string name = option.name;
    if (name == given) return &option;
    if (given.empty() || name.compare(0, given.size(), given) != 0) continue;
    only = &option;
    ++matches;
  }
  return matches == 1 ? only : nullptr;
}

}  // namespace sim
