// What a session says it holds, for V8 to count with.
#include "feeds.h"

CASE("results count until they are taken", "") {
  Session session(modelPath("OM_ADD"), 0);
  CHECK(session.Opened());
  const size_t idle = session.executor()->heldBytes();
  for (uint64_t id = 1; id <= 5; ++id) CHECK(session.Submit(id, AddFeeds(1)));
  auto last = session.Await(5);
  CHECK(session.executor()->heldBytes() == idle + 5 * 6 * sizeof(float));
  last.reset();
  CHECK(session.executor()->heldBytes() == idle + 4 * 6 * sizeof(float));
  for (uint64_t id = 1; id <= 4; ++id) session.Await(id);
  CHECK(session.executor()->heldBytes() == idle);
}

CASE("results of open shapes count, and what AscendCL allocates for them only while it is there", "") {
  Session session(modelPath("OM_SHAPE"), 0);
  CHECK(session.Opened());
  // Both of its sets of buffers have grown after a few.
  for (uint64_t id = 1; id <= 6; ++id) CHECK(session.Submit(id, RowFeeds(1000)));
  for (uint64_t id = 1; id <= 6; ++id) session.Await(id);
  const size_t idle = session.executor()->heldBytes();
  for (uint64_t id = 7; id <= 9; ++id) {
    CHECK(session.Submit(id, RowFeeds(1000)));
    const auto run = session.Await(id);
    CHECK(run->outputs.size() == 1 && run->outputs[0].bytes.size > 0);
    CHECK(session.executor()->heldBytes() == idle + run->outputs[0].bytes.size);
  }
  CHECK(session.executor()->heldBytes() == idle);
  ExpectClosed(session);
  CHECK(session.executor()->heldBytes() == 0);
}
