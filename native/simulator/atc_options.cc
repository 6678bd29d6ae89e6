#include "atc_options.h"

#include <algorithm>

#include "atc_option_table.h"
#include "text.h"

namespace sim {

namespace {

void requireNumber(const AtcOption &option, const std::string &value) {
  int64_t number = 0;
  if (option.rule != ValueRule::Number || (parseInteger(value, &number) && number == int32_t(number))) return;
  throw CommandLineFailure{
      format("ERROR: illegal value '%s' specified for int32 flag '%s'", value.c_str(), option.name)};
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
    const AtcOption *option = findAtcOption(given);
    if (option == nullptr) throw CommandLineFailure{"ERROR: unknown command line flag '" + given + "'"};
    const std::string name = option->name;
    if (name == "help") {
      helpWanted_ = true;
      continue;
    }
    if (equals == std::string::npos && i + 1 >= arguments.size())
      throw CommandLineFailure{"ERROR: flag '" + name + "' is missing its argument"};
    values_[name] = equals != std::string::npos ? text.substr(equals + 1) : arguments[++i];
    requireNumber(*option, values_[name]);
  }
}

std::string AtcOptions::value(const std::string &name, const std::string &otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() || found->second.empty() ? otherwise : found->second;
}

std::string atcHelp() {
  std::string text =
      "usage: atc --framework=5 --model=x.onnx --output=x --soc_version=Ascend310P3 [options]\n"
      "\n"
      "This is the simulator's atc: it packs an ONNX model into an .om for the simulator.\n"
      "  --mode                0 compiles (default), 1 makes JSON of an .om or .onnx, 3 checks, 6 shows an "
      ".om\n"
      "  --input_shape         \"name:1,64600;name2:...\"; -1 or a~b for sizes chosen per inference\n"
      "  --input_format        NCHW (default), NCDHW, ND\n"
      "  --dynamic_batch_size  \"1,2,4\"       gears of the first dimension\n"
      "  --dynamic_image_size  \"h,w;h,w\"     gears of height and width\n"
      "  --dynamic_dims        \"a,b;c,d\"     gears of every -1 of --input_shape\n"
      "  --out_nodes           \"node:0;node2:1\", or names of tensors\n"
      "  --output_type         FP32, FP16, UINT8, ..., or \"node:0:FP16;...\"\n"
      "  --input_fp16_nodes    \"name;name2\"\n"
      "  --precision_mode      force_fp16 (default), must_keep_origin_dtype, ...\n"
      "  --precision_mode_v2   fp16 (default), origin, ...\n"
      "  --log                 debug, info, warning, error, null (default)\n"
      "Options that are accepted and have no effect here:\n ";
  size_t column = 0;
  for (const AtcOption &option : atcOptionTable()) {
    if (option.isRefused) continue;
    const std::string name = std::string(" --") + option.name;
    if (text.find(name + " ") != std::string::npos) continue;
    if (column + name.size() > 100) {
      text += "\n ";
      column = 0;
    }
    text += name;
    column += name.size();
  }
  return text + "\n";
}

}  // namespace sim
