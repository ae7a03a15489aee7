// Blocks of work done on several cores, their results taken in the order in which the blocks came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace biji {

// Calls work(begin, end) for consecutive parts of 0..n-1, on as many threads as there are parts of 16 or more, at most
// threads; one of them is the caller's. work must not throw.
template <class Work>
void in_parts(int64_t n, int threads, const Work& work) {
  const int64_t parts = std::clamp<int64_t>(threads, 1, std::max<int64_t>(1, n / 16));
  std::vector<std::thread> others;
  for (int64_t t = 1; t < parts; ++t)
    others.emplace_back([&work, n, t, parts] { work(n * t / parts, n * (t + 1) / parts); });
  work(0, n / parts);
  for (std::thread& thread : others) thread.join();
}

// make: In -> Out, on another thread. take: Out, on the thread that calls push() and finish(), in order.
// At most two blocks a thread are under way, which bounds memory. What make throws, push() or finish()
// rethrows.
template <class In, class Out>
class Pipeline {
 public:
  Pipeline(int threads, std::function<Out(In)> make, std::function<void(Out)> take)
      : limit_(2 * static_cast<size_t>(threads)), make_(std::move(make)), take_(std::move(take)) {}

  void push(In block) {
    if (running_.size() >= limit_) take_first();
    running_.push_back(
        std::async(std::launch::async, [this](In in) { return make_(std::move(in)); }, std::move(block)));
  }
  void finish() {
    while (!running_.empty()) take_first();
  }

 private:
  void take_first() {
    Out out = running_.front().get();
    running_.pop_front();
    take_(std::move(out));
  }
  size_t limit_;
  std::function<Out(In)> make_;
  std::function<void(Out)> take_;
  std::deque<std::future<Out>> running_;  // last: its destructor waits for make_
};

}  // namespace biji
