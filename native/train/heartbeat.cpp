#include "native/train/heartbeat.h"

#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

namespace biji {
namespace {

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string seconds(std::chrono::milliseconds time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

std::vector<uint8_t> bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

}  // namespace

Heartbeat::Heartbeat(const std::string& host, int port, int rank, int size, Duration silence,
                     std::function<void(const std::string&)> lost)
    : rank_(rank), size_(size), silence_(silence), lost_(std::move(lost)), contact_(now_ms()) {
  talker_ = std::thread([this, host, port] { talk(host, port); });
  watcher_ = std::thread([this] { watch(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  watcher_.join();
  talker_.join();
}

std::string Heartbeat::key(int rank) {
  return "biji/alive/" + std::to_string(rank);
}

bool Heartbeat::sleep(Duration time) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, time, [this] { return ends_; });
}

void Heartbeat::lose(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (ends_ || lost_already_) return;
    lost_already_ = true;
  }
  lost_(reason);
}

void Heartbeat::talk(const std::string& host, int port) {
  struct Seen {
    std::string value;
    int64_t when = now_ms();
  };
  std::vector<Seen> seen(static_cast<size_t>(size_));
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.waitWorkers = false;
    options.timeout = std::chrono::seconds(10);  // to connect
    [](auto& of) {
      if constexpr (requires { of.useLibUV; }) of.useLibUV = false;  // as in ranks.cpp
    }(options);
    c10d::TCPStore store(host, options);
    for (int64_t beat = 1;; ++beat) {
      store.set(key(rank_), bytes(std::to_string(beat)));
      for (int other = 0; other < size_; ++other) {
        Seen& last = seen[static_cast<size_t>(other)];
        if (other == rank_ || last.value == kDone) continue;
        std::string value;
        if (store.check({key(other)})) {
          const std::vector<uint8_t> read = store.get(key(other));
          value.assign(read.begin(), read.end());
        }
        if (value != last.value) last = {value, now_ms()};
        if (last.value != kDone && now_ms() - last.when > silence_.count())
          lose("rank " + std::to_string(other) + " has not been heard of for " + seconds(silence_));
      }
      contact_ = now_ms();
      if (sleep(silence_ / 8)) break;
    }
    store.set(key(rank_), bytes(kDone));
  } catch (const std::exception&) {
    // Rank 0 has ended. That is no loss if all have; the watcher gives them the time for it.
  }
}

void Heartbeat::watch() {
  while (!sleep(silence_ / 8))
    if (now_ms() - contact_ > silence_.count()) lose("rank 0 has not been heard of for " + seconds(silence_));
}

}  // namespace biji
