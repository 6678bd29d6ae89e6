// What the models of the cases are fed and what must come back; threads.
#ifndef TEST_NATIVE_DRIVER_FEEDS_H_
#define TEST_NATIVE_DRIVER_FEEDS_H_

#include <thread>

#include "cases.h"
#include "session.h"

inline std::vector<Feed> AddFeeds(float first) {
  std::vector<float> a, b;
  for (int i = 0; i < 6; ++i) {
    a.push_back(first + static_cast<float>(i));
    b.push_back(10.0f * static_cast<float>(i));
  }
  return {Feed::Of<float>({2, 3}, a), Feed::Of<float>({2, 3}, b)};
}

inline std::vector<float> Sum(float first) {
  std::vector<float> sum;
  for (int i = 0; i < 6; ++i) sum.push_back(first + static_cast<float>(i) + 10.0f * static_cast<float>(i));
  return sum;
}

/** `rounds` times some 0.3 ms. */
inline std::vector<Feed> SlowFeeds(float x, int64_t rounds) {
  return {Feed::Of<float>({1}, {x}), Feed::Of<int64_t>({}, {rounds})};
}

/** `rows` times three ones on each side: each sum is 6. */
inline std::vector<Feed> RowFeeds(int64_t rows) {
  const Feed side = Feed::Of<float>({rows, 3}, std::vector<float>(static_cast<size_t>(rows) * 3, 1.0f));
  return {side, side};
}

inline void Join(std::vector<std::thread> &threads) {
  for (std::thread &thread : threads) thread.join();
}

/** The session ends and everything is given back. */
inline void ExpectClosed(Session &session) {
  session.executor()->Stop();
  CHECK(session.WaitUntilClosed(std::chrono::milliseconds(20000)));
  CHECK(session.remains() == ascend::Remains::kNothing);
}

#endif  // TEST_NATIVE_DRIVER_FEEDS_H_
