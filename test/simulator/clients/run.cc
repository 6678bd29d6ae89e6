// Runs a model once: run model.om output-folder input... , each input a file of raw bytes; output i goes to
// <i>.bin.
#include <vector>

#include "loaded_model.h"

int main(int count, char **arguments) {
  CHECK(count >= 3);
  LoadedModel model(arguments[1]);
  for (size_t i = 0; i < aclmdlGetNumInputs(model.description); ++i) {
    std::vector<char> bytes(aclmdlGetInputSizeByIndex(model.description, i));
    FILE *file = fopen(arguments[3 + i], "rb");
    CHECK(file != nullptr && fread(bytes.data(), 1, bytes.size(), file) == bytes.size());
    fclose(file);
    model.set(i, bytes.data(), bytes.size());
  }
  OK(aclmdlExecute(model.id, model.input, model.output));
  for (size_t i = 0; i < aclmdlGetNumOutputs(model.description); ++i) {
    std::vector<char> bytes(aclmdlGetOutputSizeByIndex(model.description, i));
    OK(aclrtMemcpy(bytes.data(), bytes.size(), LoadedModel::address(model.output, i), bytes.size(),
                   ACL_MEMCPY_DEVICE_TO_HOST));
    const std::string path = std::string(arguments[2]) + "/" + std::to_string(i) + ".bin";
    FILE *file = fopen(path.c_str(), "wb");
    CHECK(file != nullptr && fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    fclose(file);
  }
  model.release();
  return 0;
}
