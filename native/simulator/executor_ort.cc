#include "../acl_error_codes.h"
#include "executor.h"
#include "ort_library.h"
#include "thread_state.h"

namespace sim {

namespace {

class OrtExecutor : public Executor {
 public:
  OrtExecutor(const ModelInfo &info, std::unique_ptr<OrtSession> session)
      : inputs_(info.inputs), outputs_(info.outputs), session_(std::move(session)) {}

  aclError run(const std::vector<InputView> &inputs, std::vector<OutputView> *outputs, Device *device,
               const TaskTurn &) override {
    std::vector<OrtInput> given;
    for (size_t i = 0; i < inputs.size(); ++i)
      given.push_back({inputs_[i].onnxName.c_str(), inputs[i].dims, inputs_[i].type, inputs[i].data});
    std::vector<OrtOutput> made;
    for (size_t i = 0; i < outputs->size(); ++i)
      made.push_back(
          {outputs_[i].onnxName.c_str(), outputs_[i].type, (*outputs)[i].dims, (*outputs)[i].data, {}});
    std::string problem;
    {
      Lock lock(device->cores);
      problem = session_->run(given, &made);
    }
    if (!problem.empty())
      return fail(acl::ACL_ERROR_RT_MODEL_EXECUTE, "EZ9999",
                  "Model execution failed on the device. " + problem);
    for (size_t i = 0; i < outputs->size(); ++i) {
      OutputView &output = (*outputs)[i];
      if (output.data != nullptr) continue;
      output.dims = made[i].dims;
      output.owned = std::move(made[i].owned);
    }
    return 0;
  }

 private:
  const std::vector<TensorInfo> inputs_;
  const std::vector<TensorInfo> outputs_;
  const std::unique_ptr<OrtSession> session_;
};

}  // namespace

MadeExecutor makeOrtExecutor(const ModelInfo &info, const std::vector<uint8_t> &graph) {
  OrtResult opened = openOrtSession(graph);
  if (opened.session == nullptr) return {nullptr, opened.problem};
  return {std::make_unique<OrtExecutor>(info, std::move(opened.session)), ""};
}

}  // namespace sim
