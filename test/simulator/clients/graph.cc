// The graph interface and single operators: what a program that compiles its models itself is told.
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "cases.h"
#include "simulator/graph_types.h"

namespace {

constexpr uint32_t failed = 0xFFFFFFFF;
constexpr uint32_t paramInvalid = 50331649;

std::string contentOf(const char *variable) {
  std::ifstream file(modelPath(variable), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void initialise(const char *soc = "Ascend310P3") {
  ge::Options options{{"ge.socVersion", soc}};
  CHECK(ge::aclgrphBuildInitialize(options) == 0);
}

ge::Graph graphOf(const char *variable) {
  ge::Graph graph("a graph");
  const std::string bytes = contentOf(variable);
  CHECK(ge::aclgrphParseONNXFromMem(bytes.data(), bytes.size(), {}, graph) == 0);
  return graph;
}

ge::ModelBufferData built(const char *variable, const ge::Options &options) {
  ge::ModelBufferData model{nullptr, 0};
  CHECK(ge::aclgrphBuildModel(graphOf(variable), options, model) == 0);
  CHECK(model.data != nullptr && model.length > 0);
  return model;
}

/** The thread's message, which must tell of `what`. */
void checkMessage(const char *what) {
  const char *message = aclGetRecentErrMsg();
  CHECK(message != nullptr);
  if (strstr(message, what) == nullptr) failCase(__FILE__, __LINE__, std::string("message: ") + message);
}

void checkRefused(uint32_t code, const ge::Graph &graph, const ge::Options &options, const char *what) {
  ge::ModelBufferData model{nullptr, 0};
  CHECK(ge::aclgrphBuildModel(graph, options, model) == code);
  CHECK(model.data == nullptr && model.length == 0);
  checkMessage(what);
}

const ge::Options twoRows{{"input_shape", "left:2,3;right:2,3"}};

/** One device block, as an arena keeps it: tensors lie inside. */
class Arena {
 public:
  Arena() { OK(aclrtMalloc(&block_, 1 << 20, ACL_MEM_MALLOC_HUGE_FIRST)); }
  ~Arena() { OK(aclrtFree(block_)); }
  void *at(size_t index) const { return static_cast<uint8_t *>(block_) + (index + 1) * 256; }

 private:
  void *block_ = nullptr;
};

void addBuffer(aclmdlDataset *dataset, void *address, size_t bytes) {
  OK(aclmdlAddDatasetBuffer(dataset, aclCreateDataBuffer(address, bytes)));
}

void destroy(aclmdlDataset *dataset) {
  for (size_t i = 0; i < aclmdlGetDatasetNumBuffers(dataset); ++i)
    OK(aclDestroyDataBuffer(aclmdlGetDatasetBuffer(dataset, i)));
  OK(aclmdlDestroyDataset(dataset));
}

/** Queues a run of a model of `inputs` inputs and one output in the arena's places, and lets go of all it
 * made for it.
 */
void queueRun(uint32_t model, const Arena &arena, size_t inputs, size_t bytes, aclrtStream stream) {
  aclmdlDesc *description = aclmdlCreateDesc();
  OK(aclmdlGetDesc(description, model));
  aclmdlDataset *input = aclmdlCreateDataset();
  aclmdlDataset *output = aclmdlCreateDataset();
  for (size_t i = 0; i < inputs; ++i) addBuffer(input, arena.at(i), bytes);
  addBuffer(output, arena.at(inputs), aclmdlGetOutputSizeByIndex(description, 0));
  OK(aclmdlExecuteAsync(model, input, output, stream));
  OK(aclmdlDestroyDesc(description));
  destroy(input);
  destroy(output);
}

/** What a model of one input and one output makes of three ones. */
std::vector<float> runOnOnes(const ge::ModelBufferData &model) {
  uint32_t id = 0;
  OK(aclmdlLoadFromMem(model.data.get(), model.length, &id));
  std::vector<float> values(3, 1);
  const size_t bytes = values.size() * sizeof(float);
  {
    const Arena arena;
    OK(aclrtMemcpy(arena.at(0), bytes, values.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE));
    queueRun(id, arena, 1, bytes, nullptr);
    OK(aclrtSynchronizeStream(nullptr));
    OK(aclrtMemcpy(values.data(), bytes, arena.at(1), bytes, ACL_MEMCPY_DEVICE_TO_HOST));
  }
  OK(aclmdlUnload(id));
  return values;
}

aclError compileAndExecute(const char *type, int outputs, const aclTensorDesc *const descriptions[],
                           aclDataBuffer *const buffers[], aclopCompileType compile = ACL_COMPILE_SYS) {
  return aclopCompileAndExecute(type, 0, nullptr, nullptr, outputs, descriptions, buffers, nullptr,
                                ACL_ENGINE_SYS, compile, nullptr, nullptr);
}

}  // namespace

CASE("a graph parsed from memory becomes a model that loads from memory and runs",
     "ACL_SIM_PRECISION=origin") {
  begin();
  initialise();
  ge::ModelBufferData model = built("ONNX_DYNAMIC", twoRows);
  uint32_t id = 0;
  OK(aclmdlLoadFromMem(model.data.get(), model.length, &id));
  model = {nullptr, 0};
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  constexpr size_t bytes = 6 * sizeof(float);
  float *host = nullptr;
  OK(aclrtMallocHost(reinterpret_cast<void **>(&host), 3 * 256));
  {
    const Arena arena;
    for (int round = 1; round < 4; ++round) {
      for (int i = 0; i < 6; ++i) host[i] = host[64 + i] = static_cast<float>(round * (i + 1));
      for (size_t i = 0; i < 2; ++i)
        OK(aclrtMemcpyAsync(arena.at(i), bytes, host + 64 * i, bytes, ACL_MEMCPY_HOST_TO_DEVICE, stream));
      queueRun(id, arena, 2, bytes, stream);
      // What comes after the run in the stream must not reach into it.
      for (size_t i = 0; i < 2; ++i) OK(aclrtMemsetAsync(arena.at(i), bytes, 0, bytes, stream));
      OK(aclrtMemcpyAsync(host + 128, 8, arena.at(2), 8, ACL_MEMCPY_DEVICE_TO_HOST, stream));
      OK(aclrtSynchronizeStream(stream));
      CHECK(host[128] == static_cast<float>(round * 12));
      CHECK(host[129] == static_cast<float>(round * 30));
    }
  }
  OK(aclrtFreeHost(host));
  OK(aclrtDestroyStream(stream));
  OK(aclmdlUnload(id));
}

CASE("a graph build knows gears under the names of its options", "") {
  begin();
  initialise();
  const ge::ModelBufferData model =
      built("ONNX_DYNAMIC",
            {{"input_format", "ND"}, {"input_shape", "left:-1,3;right:-1,3"}, {"ge.dynamicDims", "1,1;3,3"}});
  uint32_t id = 0;
  OK(aclmdlLoadFromMem(model.data.get(), model.length, &id));
  aclmdlDesc *description = aclmdlCreateDesc();
  OK(aclmdlGetDesc(description, id));
  size_t gears = 0;
  OK(aclmdlGetInputDynamicGearCount(description, static_cast<size_t>(-1), &gears));
  CHECK(gears == 2);
  OK(aclmdlDestroyDesc(description));
  OK(aclmdlUnload(id));
}

CASE("a graph build rounds weights to half precision unless its options say otherwise", "") {
  begin();
  initialise();
  const std::vector<float> rounded = runOnOnes(built("ONNX_WEIGHTS", {}));
  CHECK(rounded[0] == 0.0999755859375F && rounded[1] == 65504.0F && rounded[2] == 0.0F);
  for (const ge::Options &origin : {ge::Options{{"ge.exec.precision_mode_v2", "origin"}},
                                    ge::Options{{"ge.exec.precision_mode", "must_keep_origin_dtype"}}}) {
    const std::vector<float> kept = runOnOnes(built("ONNX_WEIGHTS", origin));
    CHECK(kept[0] == 0.1F && kept[1] == 1e6F && kept[2] == 1e-9F);
  }
}

CASE("ACL_SIM_PRECISION counts for graph builds as well", "ACL_SIM_PRECISION=origin") {
  begin();
  initialise();
  CHECK(runOnOnes(built("ONNX_WEIGHTS", {}))[0] == 0.1F);
}

CASE("a build answers what was left out, with a message", "") {
  const ge::Graph graph = graphOf("ONNX_ADD");
  checkRefused(failed, graph, {}, "aclgrphBuildInitialize");
  ge::Options none;
  CHECK(ge::aclgrphBuildInitialize(none) == 0);
  checkRefused(paramInvalid, graph, {}, "soc_version");
  initialise();
  checkRefused(paramInvalid, ge::Graph("empty"), {}, "The graph is empty");
  checkRefused(paramInvalid, ge::Graph(nullptr), {}, "The graph is empty");
  ge::aclgrphBuildFinalize();
  checkRefused(failed, graph, {}, "aclgrphBuildInitialize");
  initialise();
  built("ONNX_ADD", {});
}

CASE("a build refuses options it does not follow, and shapes the model does not have", "") {
  initialise();
  const ge::Graph graph = graphOf("ONNX_ADD");
  checkRefused(paramInvalid, graph, {{"ge.exec.precision_mode", "best"}}, "precision_mode");
  checkRefused(paramInvalid, graph, {{"ge.compressionOptimizeConf", modelPath("ONNX_ADD")}},
               "compression_optimize_conf");
  checkRefused(paramInvalid, graph, {{"no_such_option", "1"}}, "no_such_option");
  checkRefused(paramInvalid, graph, {{"ge.socVersion", "Ascend310P"}}, "soc_version");
  checkRefused(failed, graph, {{"input_shape", "a:2,4;b:2,3"}}, "input_shape");
  checkRefused(failed, graph, {{"input_shape", "c:2,3"}}, "input_shape");
  checkRefused(failed, graph, {{"input_shape", "a"}}, "input_shape");
  // These tune.
  built("ONNX_ADD", {{"ge.bufferOptimize", "l2_optimize"}, {"ge.opSelectImplmode", "high_precision"}});
}

CASE("options change types of inputs and outputs, given with the parsing or with the build", "") {
  begin();
  initialise();
  const std::string bytes = contentOf("ONNX_ADD");
  ge::Graph graph("a graph");
  CHECK(ge::aclgrphParseONNXFromMem(bytes.data(), bytes.size(), {{"input_fp16_nodes", "a"}}, graph) == 0);
  ge::ModelBufferData model{nullptr, 0};
  CHECK(ge::aclgrphBuildModel(graph, {{"ge.outputDatatype", "FP16"}}, model) == 0);
  aclmdlDesc *description = aclmdlCreateDesc();
  OK(aclmdlGetDescFromMem(description, model.data.get(), model.length));
  CHECK(aclmdlGetInputDataType(description, 0) == ACL_FLOAT16);
  CHECK(aclmdlGetInputDataType(description, 1) == ACL_FLOAT);
  CHECK(aclmdlGetOutputDataType(description, 0) == ACL_FLOAT16);
  OK(aclmdlDestroyDesc(description));
}

CASE("what is no ONNX model is refused when it is parsed", "") {
  ge::Graph graph("a graph");
  const std::string bytes = contentOf("ONNX_ADD");
  CHECK(ge::aclgrphParseONNXFromMem(nullptr, 4, {}, graph) == paramInvalid);
  CHECK(ge::aclgrphParseONNXFromMem(bytes.data(), 0, {}, graph) == paramInvalid);
  for (size_t size = 1; size < bytes.size(); ++size) {
    // From a buffer of that size, so that a sanitizer sees reading behind it.
    const std::vector<char> part(bytes.data(), bytes.data() + size);
    const uint32_t code = ge::aclgrphParseONNXFromMem(part.data(), part.size(), {}, graph);
    CHECK(code == 0 || code == failed);
  }
  aclGetRecentErrMsg();
  CHECK(ge::aclgrphParseONNXFromMem("no model", 8, {}, graph) == failed);
  checkMessage("not an ONNX model");
  CHECK(ge::aclgrphParseONNX(nullptr, {}, graph) == paramInvalid);
  CHECK(ge::aclgrphParseONNX("/no/such/file.onnx", {}, graph) == failed);
  checkMessage("/no/such/file.onnx");
  CHECK(ge::aclgrphParseONNX(modelPath("ONNX_ADD"), {}, graph) == 0);
}

CASE("a saved model loads from its file, and one that cannot be saved is an error", "") {
  begin();
  initialise();
  const ge::ModelBufferData model = built("ONNX_ADD", {});
  const std::string file = std::string(modelPath("SCRATCH")) + "/saved-by-graph";
  CHECK(ge::aclgrphSaveModel(file.c_str(), model) == 0);
  uint32_t id = 0;
  OK(aclmdlLoadFromFile((file + ".om").c_str(), &id));
  OK(aclmdlUnload(id));
  struct stat found;
  CHECK(stat((file + ".om").c_str(), &found) == 0 && static_cast<uint64_t>(found.st_size) == model.length);
  CHECK(ge::aclgrphSaveModel("/no/such/folder/model", model) == failed);
  checkMessage("/no/such/folder/model.om");
  CHECK(ge::aclgrphSaveModel(nullptr, model) == paramInvalid);
  CHECK(ge::aclgrphSaveModel("", model) == paramInvalid);
  CHECK(ge::aclgrphSaveModel(file.c_str(), {nullptr, 0}) == paramInvalid);
}

CASE("a model built for another chip is not loaded", "") {
  begin();
  initialise("Ascend910B3");
  const ge::ModelBufferData model = built("ONNX_ADD", {});
  uint32_t id = 0;
  CODE(545001, aclmdlLoadFromMem(model.data.get(), model.length, &id));
}

CASE("functions of the graph interface fail when ACL_SIM_FAULTS says so",
     "ACL_SIM_FAULTS=aclgrphBuildModel:1234@2,aclgrphBuildModel:4294967295@3") {
  initialise();
  const ge::Graph graph = graphOf("ONNX_ADD");
  built("ONNX_ADD", {});
  checkRefused(1234, graph, {}, "ACL_SIM_FAULTS");
  checkRefused(4294967295, graph, {}, "failed with 4294967295");
  built("ONNX_ADD", {});
}

CASE("strings of the graph interface compare by their text, and unset ones come first", "") {
  const ge::AscendString unset(nullptr);
  const ge::AscendString empty("");
  const ge::AscendString a("a");
  const ge::AscendString b("bcd", 1);
  CHECK(unset < empty && empty < a && a < b);
  CHECK(!(empty < unset) && !(unset < unset) && !(b < a));
  CHECK(b > a && b >= b && a <= b && a != b && a == ge::AscendString("a") && unset == ge::AscendString());
  CHECK(strcmp(b.GetString(), "b") == 0 && b.GetLength() == 1);
  CHECK(strcmp(unset.GetString(), "") == 0 && unset.GetLength() == 0);
  const ge::AscendString copy = a;
  CHECK(copy == a && copy.GetString() == a.GetString());
}

CASE("graphs and their builder may be let go of in static destructors", "") {
  begin();
  static struct AtExit {
    ge::ModelBufferData model{nullptr, 0};
    ge::Graph graph{"kept"};
    uint32_t id = 0;
    ~AtExit() {
      OK(aclmdlUnload(id));
      ge::aclgrphBuildFinalize();
      ge::ModelBufferData again{nullptr, 0};
      CHECK(ge::aclgrphBuildModel(graph, {}, again) == failed);
    }
  } kept;
  initialise();
  kept.graph = graphOf("ONNX_ADD");
  kept.model = built("ONNX_ADD", {});
  OK(aclmdlLoadFromMem(kept.model.data.get(), kept.model.length, &kept.id));
}

CASE("attributes of operators are taken as AscendCL takes them", "") {
  aclopAttr *attr = aclopCreateAttr();
  CHECK(attr != nullptr);
  OK(aclopSetAttrBool(attr, "flag", 1));
  OK(aclopSetAttrInt(attr, "axis", -1));
  OK(aclopSetAttrInt(attr, "axis", 2));
  OK(aclopSetAttrFloat(attr, "scale", 0.5F));
  OK(aclopSetAttrString(attr, "mode", "same"));
  const int64_t sizes[] = {1, 2};
  OK(aclopSetAttrListInt(attr, "sizes", 2, sizes));
  OK(aclopSetAttrListInt(attr, "none", 0, nullptr));
  CODE(100000, aclopSetAttrBool(nullptr, "flag", 1));
  CODE(100000, aclopSetAttrInt(attr, nullptr, 1));
  CODE(100000, aclopSetAttrString(attr, "mode", nullptr));
  CODE(100000, aclopSetAttrListInt(attr, "sizes", 2, nullptr));
  CODE(100000, aclopSetAttrListInt(attr, "sizes", -1, sizes));
  aclopDestroyAttr(attr);
  aclopDestroyAttr(nullptr);
}

CASE("single operators are checked and then not found", "") {
  const int64_t dims[] = {2, 3};
  const int64_t nothing[] = {2, 0};
  aclTensorDesc *const full = aclCreateTensorDesc(ACL_FLOAT, 2, dims, ACL_FORMAT_ND);
  aclTensorDesc *const empty = aclCreateTensorDesc(ACL_FLOAT, 2, nothing, ACL_FORMAT_ND);
  aclDataBuffer *const buffer = aclCreateDataBuffer(nullptr, 0);
  aclTensorDesc *const none = nullptr;
  OK(aclInit(nullptr));
  CODE(107002, compileAndExecute("Add", 1, &full, &buffer));
  OK(aclrtSetDevice(0));
  aclGetRecentErrMsg();
  CODE(100024, compileAndExecute("Add", 1, &full, &buffer));
  checkMessage("Operator Add is not found");
  OK(compileAndExecute("Add", 1, &empty, &buffer));
  CODE(100000, compileAndExecute(nullptr, 1, &full, &buffer));
  CODE(100000, compileAndExecute("Add", -1, &full, &buffer));
  CODE(100000, compileAndExecute("Add", 1, nullptr, &buffer));
  CODE(100000, compileAndExecute("Add", 1, &none, &buffer));
  CODE(200001, compileAndExecute("Add", 1, &full, &buffer, static_cast<aclopCompileType>(2)));
  aclDestroyTensorDesc(full);
  aclDestroyTensorDesc(empty);
  OK(aclDestroyDataBuffer(buffer));
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
