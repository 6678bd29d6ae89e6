// What AscendCL fails to say of a model, where it has no error code to say so.
#include "feeds.h"

CASE("a model of which no inputs, or no outputs, are known is refused",
     "ACL_SIM_FAULTS=aclmdlGetNumInputs:100000@1;aclmdlGetNumOutputs:100000@2") {
  for (const char *kind : {"inputs", "outputs"}) {
    Session session(modelPath("OM_ADD"), 0);
    CHECK(!session.Opened());
    CHECK(std::get<std::string>(session.failure()).find(kind) != std::string::npos);
    CHECK(session.WaitUntilClosed(std::chrono::milliseconds(20000)));
    CHECK(session.remains() == ascend::Remains::kNothing);
  }
  Session session(modelPath("OM_ADD"), 0);
  CHECK(session.Opened());
}
