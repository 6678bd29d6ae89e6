// Models as JSON (--mode=1).
#ifndef SIMULATOR_ATC_JSON_H_
#define SIMULATOR_ATC_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "om_file.h"

namespace sim {

/** Writes JSON from left to right; commas come by themselves. */
class JsonWriter {
 public:
  void beginObject() { open('{'); }
  void endObject() { close('}'); }
  void beginList() { open('['); }
  void endList() { close(']'); }
  void key(const std::string &name);
  void value(const std::string &text);
  void value(int64_t number);
  void field(const std::string &name, const std::string &text);
  void field(const std::string &name, int64_t number);

  const std::string &text() const { return text_; }

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);
  void quote(const std::string &text);

  std::string text_;
  bool needsComma_ = false;
};

/** In the manner of GE's ModelDef: attributes, and a graph of operators between Data and NetOutput. */
std::string offlineModelAsJson(const OmFile &file);
/** An ONNX model's nodes, inputs and outputs. @throws AtcFailure when it cannot be read */
std::string onnxAsJson(const std::string &path, const std::vector<uint8_t> &onnx);

}  // namespace sim

#endif  // SIMULATOR_ATC_JSON_H_
