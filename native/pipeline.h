// Blocks of work done on several cores, their results taken in the order in which the blocks came.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <utility>

namespace biji {

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
    running_.push_back(std::async(
        std::launch::async, [this](In in) { return make_(std::move(in)); }, std::move(block)));
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
