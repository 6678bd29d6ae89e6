// Sessions in which something fails: what is freed, what is left, and who hears of it.
#include <atomic>

#include "feeds.h"
#include "runtime.h"

using acl::ErrorClass;
using ascend::AclFailure;
using ascend::ClassOf;
using ascend::Dropped;
using ascend::Failure;
using ascend::LibraryFailure;
using ascend::Remains;
using std::chrono::milliseconds;

namespace {

/** Opens sessions until one opens; how many did not, each with `code`. */
int FailedOpenings(const char *model, aclError code) {
  for (int failed = 0;; ++failed) {
    CHECK(failed < 30);
    Session session(modelPath(model), 0);
    if (session.Opened()) {
      CHECK(session.Submit(1, AddFeeds(1)));
      CHECK(FloatsOf(*session.Await(1)) == Sum(1));
      ExpectClosed(session);
      return failed;
    }
    CHECK(std::get<AclFailure>(session.failure()).code == code);
    CHECK(session.WaitUntilClosed(milliseconds(20000)));
    CHECK(session.remains() == Remains::kNothing);
    CHECK(session.executor()->heldBytes() == 0);
    CHECK(!session.executor()->WaitUntilFinished(ascend::Clock::now()) || !session.Submit(1, {}));
  }
}

ErrorClass ClassOfFailure(const ascend::Run &run) {
  CHECK(run.failure.has_value() && run.failure->kind == Failure::Kind::kAcl);
  return ClassOf(run.failure->acl.code);
}

}  // namespace

// An opening that fails at its first use of a call, then one that fails at its second, and so on: the uses
// count on.
CASE("no device memory for any one buffer frees the others",
     "ACL_SIM_FAULTS=aclrtMalloc:207001@1;aclrtMalloc:207001@3;aclrtMalloc:207001@6;"
     "aclrtMalloc:207001@10;aclrtMalloc:207001@15") {
  CHECK(FailedOpenings("OM_ADD", 207001) == 5);
}

CASE("no pinned memory for any one buffer frees the others",
     "ACL_SIM_FAULTS=aclrtMallocHost:207001@1;aclrtMallocHost:207001@3;aclrtMallocHost:207001@6;"
     "aclrtMallocHost:207001@10;aclrtMallocHost:207001@15;aclrtMallocHost:207001@21") {
  CHECK(FailedOpenings("OM_ADD", 207001) == 6);
}

CASE("an opening that fails at its context, stream, model or description gives back what came before",
     "ACL_SIM_FAULTS=aclrtCreateContext:507000@1;aclrtCreateStream:207008@1;aclmdlLoadFromFile:245002@1;"
     "aclmdlGetDesc:545000@1") {
  for (const aclError code : {507000, 207008, 245002, 545000}) {
    Session session(modelPath("OM_ADD"), 0);
    CHECK(!session.Opened());
    CHECK(std::get<AclFailure>(session.failure()).code == code);
    CHECK(session.WaitUntilClosed(milliseconds(20000)));
  }
  CHECK(FailedOpenings("OM_ADD", 0) == 0);
}

CASE("a device with too little memory refuses the model, and others on it go on", "ACL_SIM_MEMORY_MB=8") {
  std::vector<std::unique_ptr<Session>> open;
  bool refused = false;
  while (!refused) {
    CHECK(open.size() < 5000);
    open.push_back(std::make_unique<Session>(modelPath("OM_WIDE"), 0));
    refused = !open.back()->Opened();
  }
  CHECK(open.size() > 2);
  const AclFailure failure = std::get<AclFailure>(open.back()->failure());
  CHECK(ClassOf(failure.code) == ErrorClass::OutOfMemory);
  CHECK(open[0]->Submit(1, {Feed::Of<float>({100}, std::vector<float>(100, 1.5f))}));
  CHECK(FloatsOf(*open[0]->Await(1)) == std::vector<float>(100, -1.5f));
}

CASE("opening a device that fails tells how many there are, and is tried again",
     "ACL_SIM_DEVICES=2 ACL_SIM_FAULTS=aclrtSetDevice:507033@1") {
  Session first(modelPath("OM_ADD"), 1);
  CHECK(!first.Opened());
  const AclFailure failure = std::get<AclFailure>(first.failure());
  CHECK(failure.call == "aclrtSetDevice" && failure.visibleDevices == 2u);
  Session none(modelPath("OM_ADD"), 7);
  CHECK(!none.Opened());
  Session second(modelPath("OM_ADD"), 1);
  CHECK(second.Opened());
}

CASE("a library that is not there, or not the one in use, is refused", "") {
  ascend::EngineOptions options = Session::Options(modelPath("OM_ADD"), 0);
  options.library = "/nowhere/libascendcl.so";
  Session missing(options.path, 0);
  CHECK(missing.Opened());
  Session other(std::move(options));
  CHECK(!other.Opened());
  CHECK(std::get<LibraryFailure>(other.failure()).kind == LibraryFailure::Kind::kOtherLoaded);
}

CASE("a run that fails is told so, and the ones around it are right",
     "ACL_SIM_DEVICES=3 "
     "ACL_SIM_FAULTS=aclmdlExecute:507011@5;aclmdlExecute:507011@17-20;aclrtMemcpy:507052@60") {
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int device = 0; device < 3; ++device)
    threads.emplace_back([&failed, device] {
      Session session(modelPath("OM_ADD"), device);
      CHECK(session.Opened());
      for (uint64_t id = 1; id <= 60; ++id) CHECK(session.Submit(id, AddFeeds(static_cast<float>(id))));
      for (uint64_t id = 1; id <= 60; ++id) {
        const auto run = session.Await(id);
        if (run->failure.has_value()) {
          CHECK(ClassOfFailure(*run) == ErrorClass::Other && !IsFatal(*run->failure));
          failed += 1;
        } else {
          CHECK(FloatsOf(*run) == Sum(static_cast<float>(id)));
        }
      }
      ExpectClosed(session);
    });
  Join(threads);
  CHECK(failed == 6);
}

CASE("a device fault ends what executes on that session alone; nothing runs on it again",
     "ACL_SIM_DEVICES=4 ACL_SIM_FAULTS=aclmdlExecute:507015@40") {
  std::vector<std::thread> threads;
  std::atomic<int> faults{0};
  for (int device = 0; device < 4; ++device)
    threads.emplace_back([&faults, device] {
      Session session(modelPath("OM_ADD"), device);
      CHECK(session.Opened());
      for (uint64_t id = 1; id <= 30; ++id) {
        CHECK(session.Submit(id, AddFeeds(static_cast<float>(id))));
        const auto run = session.Await(id);
        if (!run->failure.has_value()) {
          CHECK(FloatsOf(*run) == Sum(static_cast<float>(id)));
          continue;
        }
        CHECK(ClassOfFailure(*run) == ErrorClass::DeviceFault && IsFatal(*run->failure));
        faults += 1;
        CHECK(session.Submit(id + 1, AddFeeds(0)));
        std::this_thread::sleep_for(milliseconds(50));
        CHECK(!session.HasEnded(id + 1));
        CHECK(session.executor()->Drop(id + 1) == Dropped::kBeforeAnyCall);
        break;
      }
      ExpectClosed(session);
    });
  Join(threads);
  CHECK(faults == 1);
}

CASE("a time-out that is not reached changes nothing", "") {
  Session session(modelPath("OM_SLOW"), 0);
  CHECK(session.Opened());
  for (uint64_t id = 1; id <= 50; ++id)
    CHECK(session.Submit(id, SlowFeeds(1, 1), {0, {}, milliseconds(40000)}));
  for (uint64_t id = 1; id <= 50; ++id) CHECK(!session.Await(id)->failure.has_value());
}

CASE("a run past its time-out faults its session, which still gives everything back",
     "ACL_SIM_DEVICES=2 ACL_SIM_FAULTS=task:hang@3") {
  Session stuck(modelPath("OM_ADD"), 0);
  CHECK(stuck.Opened());
  for (uint64_t id = 1; id <= 4; ++id)
    CHECK(stuck.Submit(id, AddFeeds(static_cast<float>(id)), {0, {}, milliseconds(300)}));
  CHECK(FloatsOf(*stuck.Await(1)) == Sum(1));
  CHECK(FloatsOf(*stuck.Await(2)) == Sum(2));
  CHECK(ClassOfFailure(*stuck.Await(3)) == ErrorClass::Timeout);
  Session other(modelPath("OM_ADD"), 1);
  CHECK(other.Opened());
  CHECK(other.Submit(1, AddFeeds(9)));
  CHECK(FloatsOf(*other.Await(1)) == Sum(9));
  CHECK(!stuck.HasEnded(4));
  ExpectClosed(stuck);
  ExpectClosed(other);
}

CASE("a run whose time is up before it begins fails, and the session goes on", "") {
  Session session(modelPath("OM_SLOW"), 0);
  CHECK(session.Opened());
  CHECK(session.Submit(1, SlowFeeds(1, 300)));
  CHECK(session.Submit(2, SlowFeeds(1, 1), {0, {}, milliseconds(1)}));
  CHECK(session.Submit(3, SlowFeeds(1, 1)));
  CHECK(!session.Await(1)->failure.has_value());
  const auto late = session.Await(2);
  CHECK(late->failure.has_value() && late->failure->kind == Failure::Kind::kDeadline);
  CHECK(!session.Await(3)->failure.has_value());
}

CASE("a device that does not answer keeps its memory: nothing is freed under it",
     "ABANDONS=1 ACL_SIM_FAULTS=task:hang;aclrtStreamAbort:507000") {
  Session session(modelPath("OM_ADD"), 0);
  CHECK(session.Opened());
  CHECK(session.Submit(1, AddFeeds(1), {0, {}, milliseconds(50)}));
  CHECK(ClassOfFailure(*session.Await(1)) == ErrorClass::Timeout);
  session.executor()->Stop();
  CHECK(session.WaitUntilClosed(milliseconds(20000)));
  CHECK(session.remains() == Remains::kEngine);
}

CASE("a session is stopped while a run never returns, and the process can end",
     "ABANDONS=1 ACL_SIM_DEVICES=2 ACL_SIM_FAULTS=aclmdlExecute:hang@3") {
  Session stuck(modelPath("OM_ADD"), 0);
  CHECK(stuck.Opened());
  for (uint64_t id = 1; id <= 6; ++id) CHECK(stuck.Submit(id, AddFeeds(static_cast<float>(id))));
  CHECK(FloatsOf(*stuck.Await(1)) == Sum(1));
  CHECK(FloatsOf(*stuck.Await(2)) == Sum(2));
  std::vector<std::thread> stoppers;
  for (int number = 0; number < 3; ++number) stoppers.emplace_back([&stuck] { stuck.executor()->Stop(); });
  Join(stoppers);
  CHECK(stuck.executor()->Drop(3) == Dropped::kExecuting);
  CHECK(stuck.executor()->Drop(5) == Dropped::kEnding);
  CHECK(!stuck.WaitUntilClosed(milliseconds(300)));
  CHECK(stuck.executor()->begun() == 1);
  Session other(modelPath("OM_ADD"), 1);
  CHECK(other.Opened());
  CHECK(other.Submit(1, AddFeeds(4)));
  CHECK(FloatsOf(*other.Await(1)) == Sum(4));
  ExpectClosed(other);
}

CASE("a copy to the device that never returns is seen, and its run can be dropped",
     "ABANDONS=1 ACL_SIM_FAULTS=aclrtMemcpy:hang@4-") {
  Session session(modelPath("OM_ADD"), 0);
  CHECK(session.Opened());
  CHECK(session.Submit(1, AddFeeds(1)));
  CHECK(FloatsOf(*session.Await(1)) == Sum(1));
  CHECK(session.Submit(2, AddFeeds(2)));
  while (!session.executor()->IsCopyingIn(2)) std::this_thread::yield();
  CHECK(session.executor()->Drop(2) == Dropped::kCopying);
  // Of the first one too, whose result is told before its place is free.
  while (session.executor()->begun() > 0) std::this_thread::yield();
  session.executor()->Stop();
  CHECK(!session.WaitUntilClosed(milliseconds(100)));
}

CASE("a slow copy is dropped and the next run goes on", "ACL_SIM_FAULTS=aclrtMemcpy:150ms@1") {
  Session session(modelPath("OM_ADD"), 0);
  CHECK(session.Opened());
  CHECK(session.Submit(1, AddFeeds(1)));
  while (!session.executor()->IsCopyingIn(1)) std::this_thread::yield();
  CHECK(session.Submit(2, AddFeeds(2)));
  CHECK(session.executor()->Drop(1) == Dropped::kCopying);
  CHECK(FloatsOf(*session.Await(2)) == Sum(2));
  CHECK(!session.HasEnded(1));
  ExpectClosed(session);
}

CASE("loading that never returns leaves the process free to end",
     "ABANDONS=1 ACL_SIM_FAULTS=aclmdlLoadFromFile:hang") {
  Session session(modelPath("OM_ADD"), 0);
  session.executor()->Stop();
  // Long enough to come to the call that hangs, also under a sanitizer on a busy machine.
  CHECK(!session.WaitUntilClosed(milliseconds(2000)));
  CHECK(!session.Submit(1, {}));
}

CASE("runs that onnxruntime refuses fail one by one", "") {
  Session session(modelPath("OM_GATHER"), 0);
  CHECK(session.Opened());
  for (uint64_t id = 1; id <= 30; ++id)
    CHECK(session.Submit(id, {Feed::Of<int64_t>({1}, {static_cast<int64_t>(id % 6)})}));
  for (uint64_t id = 1; id <= 30; ++id) {
    const auto run = session.Await(id);
    if (id % 6 < 3)
      CHECK((FloatsOf(*run) == std::vector<float>{static_cast<float>(id % 6 + 1) * 10}));
    else
      CHECK(run->failure.has_value() && !IsFatal(*run->failure));
  }
}

CASE("damaged models are refused, from files and from bytes", "") {
  for (const char *name :
       {"BAD_EMPTY", "BAD_TRUNCATED", "BAD_MAGIC", "BAD_CLAIM", "BAD_VERSION", "BAD_BYTE"}) {
    Session fromFile(modelPath(name), 0);
    CHECK(!fromFile.Opened());
    FILE *file = fopen(modelPath(name), "rb");
    CHECK(file != nullptr);
    std::vector<uint8_t> bytes(1 << 16);
    bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
    fclose(file);
    ascend::EngineOptions options = Session::Options("", 0);
    options.bytes = ascend::CopyOf({bytes.data(), bytes.size()}, options.tally);
    Session fromBytes(std::move(options));
    CHECK(!fromBytes.Opened());
    CHECK(!std::get<AclFailure>(fromBytes.failure()).call.empty());
  }
}

// A sanitizer's `new` ends the process instead of throwing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
CASE("inputs that there is no memory to copy are refused, and the session goes on", "") {
  Session session(modelPath("OM_SLOW"), 0);
  CHECK(session.Opened());
  CHECK(session.Submit(1, SlowFeeds(1, 50)));
  CHECK(session.Submit(2, SlowFeeds(1, 1)));
  auto run = std::make_unique<ascend::Run>();
  run->id = 3;
  const uint8_t byte = 0;
  bool refused = false;
  try {
    session.executor()->Submit(std::move(run), {{&byte, size_t{1} << 60}, {&byte, 1}});
  } catch (const std::bad_alloc &) {
    refused = true;
  }
  CHECK(refused);
  CHECK(session.Submit(4, SlowFeeds(1, 1)));
  for (const uint64_t id : {1, 2, 4}) CHECK(!session.Await(id)->failure.has_value());
}
#endif
