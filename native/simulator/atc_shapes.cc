#include "atc_shapes.h"

#include <algorithm>
#include <map>
#include <set>

#include "text.h"

namespace sim {

namespace {

constexpr size_t fewestGears = 2;
constexpr size_t mostGears = 100;

struct DimChoice {
  int64_t size = -1;
  int64_t lowest = 1;
  int64_t highest = -1;
};
using ShapeChoice = std::vector<DimChoice>;

AtcFailure shapeFailure(const std::string &value, const std::string &reason) {
  return {"E10002", format("--input_shape, at %s: %s", value.c_str(), reason.c_str()),
          "Write name:1,64600 and semicolons between inputs."};
}

DimChoice parseDim(const std::string &whole, const std::string &text) {
  DimChoice dim;
  const size_t tilde = text.find('~');
  if (tilde == std::string::npos) {
    if (!parseInteger(text, &dim.size) || dim.size < -1 || dim.size == 0)
      throw AtcFailure{"E10011", format("--input_shape=%s: %s is no size.", whole.c_str(), text.c_str()),
                       "Sizes are positive; -1 needs gears or stands for any size."};
    if (dim.size > 0) dim.lowest = dim.highest = dim.size;
    return dim;
  }
  const bool lowest = parseInteger(text.substr(0, tilde), &dim.lowest) && dim.lowest >= 1;
  if (!lowest || !parseInteger(text.substr(tilde + 1), &dim.highest) ||
      (dim.highest != -1 && dim.highest < dim.lowest))
    throw shapeFailure(whole, "a range is written as 1~8.");
  return dim;
}

std::map<std::string, ShapeChoice> parseInputShape(const std::string &value) {
  std::map<std::string, ShapeChoice> shapes;
  if (value.empty()) return shapes;
  for (const std::string &part : split(value, ';')) {
    if (part.empty()) continue;
    // Names may hold colons themselves.
    const size_t colon = part.rfind(':');
    if (colon == std::string::npos || colon == 0)
      throw shapeFailure(value, "an input has no name or no shape.");
    const std::string name = trim(part.substr(0, colon));
    if (shapes.count(name) != 0) throw shapeFailure(value, "an input is named twice.");
    ShapeChoice &shape = shapes[name];
    const std::string sizes = trim(part.substr(colon + 1));
    if (sizes.empty()) continue;
    for (const std::string &size : split(sizes, ',')) shape.push_back(parseDim(value, size));
  }
  return shapes;
}

/** `name:[1~8,3];name2:[...]`, which newer releases write in --input_shape. */
std::map<std::string, ShapeChoice> parseShapeRange(const std::string &value) {
  std::string shape;
  for (const char c : value)
    if (c != '[' && c != ']') shape += c;
  const auto brackets = [&](char bracket) { return std::count(value.begin(), value.end(), bracket); };
  if (brackets('[') != brackets(':') || brackets(']') != brackets(':'))
    throw AtcFailure{"E10048",
                     format("--input_shape_range=%s: every shape stands in brackets.", value.c_str()),
                     "Write name:[1~8,64600]."};
  return parseInputShape(shape);
}

ShapeChoice choiceFor(const OnnxTensor &tensor, const std::map<std::string, ShapeChoice> &given) {
  ShapeChoice shape;
  const auto found = given.find(tensor.name);
  if (found == given.end()) {
    for (const OnnxDim &dim : tensor.dims) shape.push_back({dim.size, dim.size < 0 ? 1 : dim.size, dim.size});
    return shape;
  }
  shape = found->second;
  if (shape.size() != tensor.dims.size())
    throw AtcFailure{"E10049",
                     format("--input_shape gives %zu sizes to %s, whose number of dimensions is %zu.",
                            shape.size(), tensor.name.c_str(), tensor.dims.size()),
                     "Give one size for each."};
  for (size_t d = 0; d < shape.size(); ++d)
    if (tensor.dims[d].size >= 0 && shape[d].size != tensor.dims[d].size)
      throw shapeFailure(tensor.name,
                         format("dimension %zu is %lld in the model, which the simulator cannot change.", d,
                                static_cast<long long>(tensor.dims[d].size)));
  return shape;
}

aclFormat formatOf(const std::string &name) {
  if (name == "ND") return ACL_FORMAT_ND;
  if (name == "NCDHW") return ACL_FORMAT_NCDHW;
  return ACL_FORMAT_NCHW;
}

/** `separator` between gears, commas inside. */
std::vector<Shape> parseGears(const std::string &text, char separator) {
  std::vector<Shape> gears;
  std::set<Shape> seen;
  for (const std::string &part : split(text, separator)) {
    if (part.empty()) continue;
    Shape gear;
    for (const std::string &number : split(part, ',')) {
      int64_t value = 0;
      if (!parseInteger(number, &value) || value <= 0)
        throw AtcFailure{"E10038", format("A gear has %s where a size from 1 on belongs.", number.c_str()),
                         "Correct that gear."};
      gear.push_back(value);
    }
    if (!gears.empty() && gear.size() != gears[0].size())
      throw AtcFailure{"E10037", "One gear has more numbers than another.", "Give all of them as many."};
    if (!seen.insert(gear).second)
      throw AtcFailure{"E10039", "A gear comes twice.", "Leave one of the two out."};
    gears.push_back(gear);
  }
  if (gears.size() < fewestGears || gears.size() > mostGears)
    throw AtcFailure{
        gears.size() < fewestGears ? "E10035" : "E10036",
        format("%zu gears are given; from %zu to %zu can be.", gears.size(), fewestGears, mostGears),
        "Give more or fewer gears."};
  return gears;
}

/** Which of a shape's open places takes which value of a gear. */
using Placement = std::vector<std::vector<size_t>>;

constexpr size_t fixedPlace = SIZE_MAX;

Placement placeBatch(const std::vector<ShapeChoice> &shapes) {
  Placement places;
  bool any = false;
  for (const ShapeChoice &shape : shapes) {
    places.emplace_back(shape.size(), fixedPlace);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d].size >= 0) continue;
      if (d != 0)
        throw AtcFailure{
            "E10018",
            "--dynamic_batch_size leaves the first size of inputs open, --input_shape another one too.",
            "Write -1 in no other place."};
      places.back()[d] = 0;
      any = true;
    }
  }
  if (!any)
    throw AtcFailure{"E10031",
                     "--dynamic_batch_size has nothing to fill in: no shape in --input_shape begins with -1.",
                     "Begin a shape with -1."};
  return places;
}

Placement placeImage(const std::vector<ShapeChoice> &shapes, aclFormat layout) {
  constexpr size_t height = 2;
  Placement places;
  bool any = false;
  for (const ShapeChoice &shape : shapes) {
    places.emplace_back(shape.size(), fixedPlace);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d].size >= 0) continue;
      if (shape.size() != 4 || (d != height && d != height + 1))
        throw AtcFailure{"E10019",
                         "--dynamic_image_size leaves height and width open, --input_shape another size too.",
                         "Write -1 in no other place."};
      places.back()[d] = d - height;
      any = true;
    }
  }
  if (!any || layout != ACL_FORMAT_NCHW)
    throw AtcFailure{
        "E10040", "--dynamic_image_size has nothing to fill in: no NCHW input leaves height and width open.",
        "Write -1 for both in --input_shape."};
  return places;
}

Placement placeDims(const std::vector<ShapeChoice> &shapes, size_t values) {
  Placement places;
  size_t next = 0;
  for (const ShapeChoice &shape : shapes) {
    places.emplace_back(shape.size(), fixedPlace);
    for (size_t d = 0; d < shape.size(); ++d)
      if (shape[d].size < 0) places.back()[d] = next++;
  }
  if (next == values) return places;
  throw AtcFailure{
      next > values ? "E10046" : "E10045",
      format("--input_shape leaves %zu sizes open, a gear of --dynamic_dims fills %zu.", next, values),
      "Give one value for every -1, in order."};
}

void addGears(const std::vector<Shape> &gears, const std::vector<ShapeChoice> &shapes,
              const Placement &places, ModelInfo *info) {
  for (const Shape &values : gears) {
    Gear gear;
    gear.values = values;
    for (size_t i = 0; i < shapes.size(); ++i) {
      Shape shape;
      for (size_t d = 0; d < shapes[i].size(); ++d)
        shape.push_back(places[i][d] == fixedPlace ? shapes[i][d].size : values[places[i][d]]);
      if (elementCount(shape) < 0) throw shapeFailure(info->inputs[i].name, "the shape is too large.");
      gear.inputs.push_back(shape);
    }
    info->gears.push_back(gear);
  }
}

Dynamics wantedDynamics(const AtcOptions &options) {
  std::vector<Dynamics> wanted;
  if (!options.value("dynamic_batch_size").empty()) wanted.push_back(Dynamics::Batch);
  if (!options.value("dynamic_image_size").empty()) wanted.push_back(Dynamics::ImageSize);
  if (!options.value("dynamic_dims").empty()) wanted.push_back(Dynamics::Dims);
  const bool ranged = options.has("input_shape_range");
  if (wanted.size() + (ranged ? 1 : 0) > 1)
    throw AtcFailure{"E10009",
                     "More than one of --dynamic_batch_size, --dynamic_image_size, --dynamic_dims and "
                     "--input_shape_range is given.",
                     "Keep one."};
  if (ranged && options.has("input_shape"))
    throw AtcFailure{"E10047", "Shapes are given twice, by --input_shape and by --input_shape_range.",
                     "Keep one."};
  if (!wanted.empty() && options.value("input_shape").find('~') != std::string::npos)
    throw AtcFailure{"E10040", "--input_shape has a range (~), which gears have no use for.",
                     "Write -1, or leave the gears out."};
  return wanted.empty() ? Dynamics::None : wanted[0];
}

}  // namespace

void planInputs(const AtcOptions &options, const OnnxModel &model, ModelInfo *info) {
  info->dynamics = wantedDynamics(options);
  const std::string layoutName = options.value("input_format", "NCHW");
  const aclFormat layout = formatOf(layoutName);
  if (info->dynamics == Dynamics::Dims && layout != ACL_FORMAT_ND)
    throw AtcFailure{"E10001",
                     "--input_format=" + layoutName + " does not go with --dynamic_dims, which takes ND.",
                     "Write --input_format=ND."};
  const auto given = options.has("input_shape_range") ? parseShapeRange(options.value("input_shape_range"))
                                                      : parseInputShape(options.value("input_shape"));
  for (const auto &entry : given) {
    const auto named = [&](const OnnxTensor &tensor) { return tensor.name == entry.first; };
    if (std::none_of(model.inputs.begin(), model.inputs.end(), named))
      throw AtcFailure{"E10016",
                       format("--input_shape names %s, which is no input of the model.", entry.first.c_str()),
                       "Name an input of the model."};
  }
  std::vector<ShapeChoice> shapes;
  bool open = false;
  for (const OnnxTensor &tensor : model.inputs) {
    shapes.push_back(choiceFor(tensor, given));
    TensorInfo input{tensor.name, tensor.graphName, tensor.type, layout, {}, {}};
    for (const DimChoice &dim : shapes.back()) {
      input.dims.push_back(dim.size);
      input.range.emplace_back(dim.lowest, dim.highest);
      open = open || dim.size < 0;
    }
    info->inputs.push_back(input);
  }
  switch (info->dynamics) {
    case Dynamics::Batch: {
      std::vector<Shape> gears = parseGears(options.value("dynamic_batch_size"), ',');
      return addGears(gears, shapes, placeBatch(shapes), info);
    }
    case Dynamics::ImageSize: {
      std::vector<Shape> gears = parseGears(options.value("dynamic_image_size"), ';');
      if (gears[0].size() != 2)
        throw AtcFailure{"E10020",
                         "--dynamic_image_size=" + options.value("dynamic_image_size") +
                             " is no list of heights and widths.",
                         "Write height,width;height,width."};
      return addGears(gears, shapes, placeImage(shapes, layout), info);
    }
    case Dynamics::Dims: {
      std::vector<Shape> gears = parseGears(options.value("dynamic_dims"), ';');
      return addGears(gears, shapes, placeDims(shapes, gears[0].size()), info);
    }
    default:
      break;
  }
  if (open && info->soc.compare(0, 10, "Ascend310B") == 0)
    throw AtcFailure{"E10055", "Not done here: this chip does not run models of dynamic shape.",
                     "Give all sizes, or gears."};
  if (open)
    info->dynamics = Dynamics::Shape;
  else
    addGears({{}}, shapes, placeDims(shapes, 0), info);
}

}  // namespace sim
