// Whether the other ranks are still there.
//
// Between CUDA devices a rank that died leaves the others waiting inside their driver, where nothing can be thrown. So
// each tells the others that it lives, on a thread of its own, through rank 0's store.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace biji {

class Heartbeat {
 public:
  using Duration = std::chrono::milliseconds;

  // Connects to the store at host:port, which must be there, and begins. lost is called once, on another thread, when a
  // rank has not been heard of for so long, or the store has not; reason says which. It may end the program.
  Heartbeat(const std::string& host, int port, int rank, int size, Duration silence,
            std::function<void(const std::string& reason)> lost);
  ~Heartbeat();  // tells the others that this rank is done, which is no death
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // What a rank leaves in the store: a count, or kDone.
  static std::string key(int rank);
  static constexpr const char* kDone = "done";

 private:
  void talk(const std::string& host, int port);
  void watch();
  void lose(const std::string& reason);
  bool sleep(Duration time);  // true when it is to end

  const int rank_, size_;
  const Duration silence_;
  const std::function<void(const std::string&)> lost_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false, lost_already_ = false;
  std::atomic<int64_t> contact_;  // when the store last answered
  std::thread talker_, watcher_;
};

}  // namespace biji
