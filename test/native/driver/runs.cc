// Sessions that work: many at once, runs that are dropped, every kind of shape.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include "cases.h"
#include "feeds.h"
#include "open_sessions.h"
#include "session.h"

using ascend::Clock;
using ascend::Dropped;
using ascend::Remains;
using std::chrono::milliseconds;

CASE("twelve sessions on four devices are opened, run and closed at the same time", "ACL_SIM_DEVICES=4") {
  std::vector<std::thread> threads;
  for (int number = 0; number < 12; ++number)
    threads.emplace_back([number] {
      for (int round = 0; round < 3; ++round) {
        Session session(modelPath("OM_ADD"), number % 4);
        CHECK(session.Opened());
        for (uint64_t id = 1; id <= 40; ++id) CHECK(session.Submit(id, AddFeeds(static_cast<float>(id))));
        for (uint64_t id = 1; id <= 40; ++id)
          CHECK(FloatsOf(*session.Await(id)) == Sum(static_cast<float>(id)));
        const std::vector<uint64_t> order = session.Order();
        for (size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i + 1);
        ExpectClosed(session);
        CHECK(session.executor()->heldBytes() == 0);
      }
    });
  Join(threads);
}

CASE("runs are submitted, dropped and counted by threads of their own, and the rest is right",
     "ACL_SIM_DEVICES=2") {
  std::vector<std::thread> threads;
  std::atomic<int> dropped{0};
  for (int device = 0; device < 2; ++device)
    threads.emplace_back([&dropped, device] {
      constexpr uint64_t kRuns = 600;
      Session session(modelPath("OM_SLOW"), device);
      CHECK(session.Opened());
      std::vector<std::atomic<bool>> gone(kRuns + 1);
      std::atomic<uint64_t> submitted{0};
      std::thread dropper([&] {
        for (uint64_t id = 3; id <= kRuns; id += 3) {
          while (submitted < id) std::this_thread::yield();
          const Dropped found = session.executor()->Drop(id);
          if (found == Dropped::kTooLate) continue;
          gone[id] = true;
          dropped += 1;
          session.executor()->IsCopyingIn(id);
        }
      });
      std::thread watcher([&] {
        while (submitted < kRuns) {
          CHECK(session.executor()->begun() <= 2);
          CHECK(!session.executor()->stopping());
          CHECK(session.executor()->heldBytes() > 0);
          std::this_thread::yield();
        }
      });
      for (uint64_t id = 1; id <= kRuns; ++id) {
        CHECK(session.Submit(id, SlowFeeds(static_cast<float>(id), 1)));
        submitted = id;
        // Sometimes a full queue, sometimes an idle device.
        if (id % 50 == 0 && id % 3 != 0) session.Await(id);
      }
      dropper.join();
      watcher.join();
      // The last one is a multiple of three: one more, so that there is an end to wait for.
      CHECK(session.Submit(kRuns + 1, SlowFeeds(0, 1)));
      session.Await(kRuns + 1);
      for (uint64_t id = 1; id <= kRuns; ++id) {
        CHECK(session.HasEnded(id) != gone[id]);
        if (gone[id] || (id % 50 == 0 && id % 3 != 0)) continue;
        CHECK(std::fabs(FloatsOf(*session.Await(id)).at(0) - (static_cast<float>(id) + 1.0f / 256)) < 1e-3f);
      }
      ExpectClosed(session);
    });
  Join(threads);
  CHECK(dropped > 0);
}

CASE("sessions are stopped by one thread while another one submits", "ACL_SIM_DEVICES=4") {
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([number] {
      for (int round = 0; round < 15; ++round) {
        Session session(modelPath("OM_ADD"), number);
        CHECK(session.Opened());
        uint64_t taken = 0;
        std::vector<std::thread> stoppers;
        for (int stopper = 0; stopper < 2; ++stopper)
          stoppers.emplace_back([&session, round] {
            std::this_thread::sleep_for(std::chrono::microseconds(100 * round));
            session.executor()->Stop();
          });
        while (session.Submit(taken + 1, AddFeeds(static_cast<float>(taken)))) taken += 1;
        Join(stoppers);
        CHECK(session.executor()->stopping());
        CHECK(!session.Submit(taken + 1, AddFeeds(0)));
        CHECK(session.WaitUntilClosed(milliseconds(20000)));
        // In order, the last ones not at all.
        const std::vector<uint64_t> order = session.Order();
        CHECK(order.size() <= taken);
        for (size_t i = 0; i < order.size(); ++i) {
          CHECK(order[i] == i + 1);
          CHECK(FloatsOf(*session.Await(order[i])) == Sum(static_cast<float>(i)));
        }
      }
    });
  Join(threads);
}

CASE("sessions are stopped while they open", "ACL_SIM_DEVICES=4 ACL_SIM_FAULTS=aclmdlLoadFromFile:5ms") {
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number)
    threads.emplace_back([number] {
      for (int round = 0; round < 6; ++round) {
        Session session(modelPath("OM_ADD"), number % 4);
        std::this_thread::sleep_for(milliseconds(round));
        ExpectClosed(session);
      }
    });
  Join(threads);
}

CASE("the end of all sessions is waited for, and only for those that were not taken out",
     "ACL_SIM_DEVICES=2") {
  ascend::OpenSessions sessions;
  std::vector<std::unique_ptr<Session>> open;
  for (int number = 0; number < 4; ++number) {
    open.push_back(std::make_unique<Session>(modelPath("OM_SLOW"), number % 2));
    sessions.Add(open.back()->executor(), milliseconds(20000));
  }
  for (const auto &session : open) {
    CHECK(session->Opened());
    for (uint64_t id = 1; id <= 5; ++id) CHECK(session->Submit(id, SlowFeeds(1, 20)));
  }
  sessions.Remove(open[3]->executor());
  CHECK(sessions.Leave() == 0);
  for (int number = 0; number < 3; ++number) CHECK(open[static_cast<size_t>(number)]->executor()->stopping());
  CHECK(!open[3]->executor()->stopping());
  open[3]->Await(5);
}

CASE("a model is given as bytes, which are copied", "ACL_SIM_DEVICES=1") {
  FILE *file = fopen(modelPath("OM_ADD"), "rb");
  CHECK(file != nullptr);
  std::vector<uint8_t> bytes(1 << 20);
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  ascend::EngineOptions options = Session::Options("", 0);
  options.bytes = ascend::CopyOf({bytes.data(), bytes.size()}, options.tally);
  CHECK(*options.tally == bytes.size());
  Session session(std::move(options));
  bytes.assign(bytes.size(), 0xff);
  CHECK(session.Opened());
  CHECK(session.Submit(1, AddFeeds(1)));
  CHECK(FloatsOf(*session.Await(1)) == Sum(1));
  ExpectClosed(session);
}

CASE("only the outputs that are wanted come back, in the order they were asked for", "") {
  Session session(modelPath("OM_TWO"), 0);
  CHECK(session.Opened());
  const std::vector<Feed> feeds = {Feed::Of<float>({4}, {1, -2, 3, -4})};
  CHECK(session.Submit(1, feeds, {0, {1}}));
  CHECK(session.Submit(2, feeds, {0, {1, 0}}));
  CHECK((FloatsOf(*session.Await(1)) == std::vector<float>{1, 2, 3, 4}));
  const auto both = session.Await(2);
  CHECK((FloatsOf(*both, 0) == std::vector<float>{1, 2, 3, 4}));
  CHECK((FloatsOf(*both, 1) == std::vector<float>{-1, 2, -3, 4}));
}

CASE("gears of a batch follow the runs, in any order and at any speed", "") {
  Session session(modelPath("OM_BATCH"), 0);
  CHECK(session.Opened());
  CHECK(session.info().dynamics == ascend::Dynamics::kBatch && session.info().gears.size() == 3);
  const std::vector<size_t> gears = {0, 2, 1, 1, 2, 0, 0, 1, 2, 2, 0, 1};
  const std::vector<int64_t> rows = {1, 2, 4};
  for (uint64_t id = 1; id <= 120; ++id) {
    const size_t gear = gears[id % gears.size()];
    CHECK(session.Submit(id, RowFeeds(rows[gear]), {gear}));
  }
  for (uint64_t id = 1; id <= 120; ++id) {
    const auto run = session.Await(id);
    const int64_t expected = rows[gears[id % gears.size()]];
    CHECK(run->outputs.at(0).dims == ascend::Dims{expected});
    CHECK(FloatsOf(*run) == std::vector<float>(static_cast<size_t>(expected), 6.0f));
  }
}

CASE("gears of dimensions and of images follow the runs", "") {
  Session dims(modelPath("OM_DIMS"), 0);
  Session image(modelPath("OM_HW"), 0);
  CHECK(dims.Opened() && image.Opened());
  CHECK(dims.info().dynamics == ascend::Dynamics::kDims);
  CHECK(image.info().dynamics == ascend::Dynamics::kImage);
  for (uint64_t id = 1; id <= 10; ++id) {
    const size_t gear = id % 2;
    CHECK(dims.Submit(id, RowFeeds(gear == 0 ? 1 : 3), {gear}));
    const ascend::Dims shape = gear == 0 ? ascend::Dims{1, 1, 2, 3} : ascend::Dims{1, 1, 4, 5};
    const std::vector<float> values(gear == 0 ? 6 : 20, static_cast<float>(id));
    CHECK(image.Submit(id, {Feed::Of<float>(shape, values)}, {gear}));
    const auto negated = image.Await(id);
    CHECK(negated->outputs.at(0).dims == shape);
    CHECK(FloatsOf(*negated) == std::vector<float>(values.size(), -static_cast<float>(id)));
    CHECK(FloatsOf(*dims.Await(id)) == std::vector<float>(gear == 0 ? 1 : 3, 6.0f));
  }
}

CASE("open shapes take any size; outputs are allocated by AscendCL, or once", "") {
  Session each(modelPath("OM_SHAPE"), 0);
  ascend::EngineOptions options = Session::Options(modelPath("OM_SHAPE"), 0);
  options.outputBytes["total"] = 4096;
  Session once(std::move(options));
  Session limited(modelPath("OM_RANGE"), 0);
  CHECK(each.Opened() && once.Opened() && limited.Opened());
  const std::vector<int64_t> rows = {1, 700, 3, 5, 1000, 64};
  for (uint64_t id = 1; id <= 60; ++id) {
    const int64_t count = rows[id % rows.size()];
    for (Session *session : {&each, &once}) CHECK(session->Submit(id, RowFeeds(count)));
    CHECK(limited.Submit(id, RowFeeds(count % 4 + 1)));
  }
  for (uint64_t id = 1; id <= 60; ++id) {
    const int64_t count = rows[id % rows.size()];
    for (Session *session : {&each, &once}) {
      const auto run = session->Await(id);
      CHECK(!run->failure.has_value());
      CHECK(run->outputs.at(0).dims == ascend::Dims{count});
      CHECK(FloatsOf(*run) == std::vector<float>(static_cast<size_t>(count), 6.0f));
    }
    CHECK(FloatsOf(*limited.Await(id)) == std::vector<float>(static_cast<size_t>(count % 4 + 1), 6.0f));
  }
  // More than was set aside.
  CHECK(once.Submit(61, RowFeeds(2000)));
  const auto refused = once.Await(61);
  CHECK(refused->failure.has_value());
  CHECK(once.Submit(62, RowFeeds(2)));
  CHECK((FloatsOf(*once.Await(62)) == std::vector<float>{6, 6}));
}

CASE("what does not fit the model is a mistake before AscendCL sees it", "") {
  Session session(modelPath("OM_BATCH"), 0);
  CHECK(session.Opened());
  ascend::Run run;
  const std::vector<float> floats(64);
  const auto *data = reinterpret_cast<const uint8_t *>(floats.data());
  run.fetches = {0};
  CHECK(MistakeIn(session.info(), run, {{data, 12}, {data, 12}}).empty());
  CHECK(!MistakeIn(session.info(), run, {{data, 12}}).empty());
  CHECK(!MistakeIn(session.info(), run, {{data, 12}, {data, 24}}).empty());
  run.gear = 3;
  CHECK(!MistakeIn(session.info(), run, {{data, 12}, {data, 12}}).empty());
  run.gear = 0;
  run.fetches = {1};
  CHECK(!MistakeIn(session.info(), run, {{data, 12}, {data, 12}}).empty());
}
