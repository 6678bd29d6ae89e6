// The graph interface's own classes, as far as a program sees into them: it makes, copies and destroys them
// inline, so their sizes and members are those of CANN's headers.
#ifndef SIMULATOR_GRAPH_TYPES_H_
#define SIMULATOR_GRAPH_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ge {

using graphStatus = uint32_t;

class AscendString {
 public:
  AscendString() = default;
  AscendString(const char *name);
  AscendString(const char *name, size_t length);

  /** Empty text, never null. */
  const char *GetString() const;
  size_t GetLength() const;

  bool operator<(const AscendString &other) const;
  bool operator>(const AscendString &other) const;
  bool operator<=(const AscendString &other) const;
  bool operator>=(const AscendString &other) const;
  bool operator==(const AscendString &other) const;
  bool operator!=(const AscendString &other) const;

 private:
  std::shared_ptr<std::string> name_;
};

using Options = std::map<AscendString, AscendString>;

/** What a program only ever holds a pointer to. */
struct GraphImpl {
  std::string name;
  /** Empty before something was parsed into it. */
  std::vector<uint8_t> onnx;
  /** Given with the parsing; they count when it is built. */
  Options parserOptions;
};

class Graph {
 public:
  explicit Graph(const char *name);

  const std::shared_ptr<GraphImpl> &impl() const { return impl_; }

 private:
  std::shared_ptr<GraphImpl> impl_;
};

struct ModelBufferData {
  std::shared_ptr<uint8_t> data;
  uint64_t length;
};

static_assert(sizeof(AscendString) == sizeof(std::shared_ptr<std::string>),
              "one pointer, as programs have it");
static_assert(sizeof(Graph) == sizeof(std::shared_ptr<GraphImpl>), "one pointer, as programs have it");

graphStatus aclgrphParseONNX(const char *modelFile, const Options &parserOptions, Graph &graph);
graphStatus aclgrphParseONNXFromMem(const char *buffer, size_t size, const Options &parserOptions,
                                    Graph &graph);

graphStatus aclgrphBuildInitialize(Options &globalOptions);
void aclgrphBuildFinalize();
graphStatus aclgrphBuildModel(const Graph &graph, const Options &buildOptions, ModelBufferData &model);
graphStatus aclgrphSaveModel(const char *outputFile, const ModelBufferData &model);

}  // namespace ge

#endif  // SIMULATOR_GRAPH_TYPES_H_
