#include "native/prepare.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "native/idx.h"
#include "native/pack.h"
#include "native/progress.h"

namespace biji {
namespace {

// A set that is distributed as idx files. Adding one is adding a row.
struct IdxSet {
  const char* name;
  const char* train;  // what the files' names start with
  const char* test;
  const char* classes;  // one character each
  InputSpec input;
  bool transpose;  // stored column-major
};

constexpr char kByClass[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr IdxSet kSets[] = {
    {"mnist", "train", "t10k", "0123456789", kDigitsInput, false},
    {"emnist", "emnist-byclass-train", "emnist-byclass-test", kByClass, kLettersInput, true},
};

LabelledImages read_from(const PrepareOptions& options, const IdxSet& set) {
  const std::string stem = options.split == "train"  ? set.train
                           : options.split == "test" ? set.test
                                                     : "emnist-byclass-" + options.split;
  const auto classes = static_cast<uint32_t>(std::string_view(set.classes).size());
  return read_idx_pair(options.from, stem, set.transpose, classes);
}

}  // namespace

std::vector<std::string> prepare_sets() {
  std::vector<std::string> names;
  for (const IdxSet& set : kSets) names.emplace_back(set.name);
  return names;
}

void prepare(const PrepareOptions& options) {
  const auto set = std::find_if(std::begin(kSets), std::end(kSets),
                                [&](const IdxSet& s) { return s.name == options.set; });
  if (set == std::end(kSets)) throw std::runtime_error("no data set is called \"" + options.set + "\"");
  const LabelledImages images = read_from(options, *set);
  const size_t source_bytes = size_t{images.height} * images.width;
  const size_t side = static_cast<size_t>(set->input.size_px);

  std::vector<uint8_t> pixels(images.count * side * side);  // [count, side, side]
  std::vector<uint8_t> good(images.count);
  std::atomic<uint32_t> next = 0;
  Progress progress("prepare", images.count);
  constexpr uint32_t kBlock = 256;
  const auto work = [&](bool reports) {
    while (true) {
      const uint32_t begin = next.fetch_add(kBlock);
      if (begin >= images.count) return;
      for (uint32_t i = begin; i < std::min(begin + kBlock, images.count); ++i) {
        Image image(static_cast<int32_t>(images.width), static_cast<int32_t>(images.height));
        std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(i * source_bytes), source_bytes,
                    image.pixels.begin());
        const Result<Image> made = normalize(image, set->input);
        good[i] = made.ok();
        if (made.ok())
          std::copy(made.value.pixels.begin(), made.value.pixels.end(),
                    pixels.begin() + static_cast<std::ptrdiff_t>(i * side * side));
      }
      if (reports && progress.due(begin)) progress.show(begin, "", 1, "images");
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work, false);
  work(true);
  for (std::thread& thread : threads) thread.join();
  const double seconds = progress.seconds();
  progress.clear();

  // Blank images are left out.
  std::vector<uint16_t> labels;
  size_t kept = 0;
  for (uint32_t i = 0; i < images.count; ++i) {
    if (!good[i]) continue;
    if (kept != i)
      std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(i * side * side), side * side,
                  pixels.begin() + static_cast<std::ptrdiff_t>(kept * side * side));
    labels.push_back(images.labels[i]);
    ++kept;
  }
  pixels.resize(kept * side * side);

  PackInfo info{std::string(set->name) + "-" + options.split, set->input, {}};
  for (const char c : std::string_view(set->classes)) info.classes.emplace_back(1, c);
  write_pack(options.out, info, labels, pixels);

  std::printf("%s: %zu samples of %zu classes, %ux%u -> %zux%zu, %s (%.0f images/s)\n", info.name.c_str(),
              kept, info.classes.size(), images.width, images.height, side, side, duration(seconds).c_str(),
              images.count / std::max(seconds, 1e-9));
  std::vector<size_t> per_class(info.classes.size());
  for (const uint16_t label : labels) ++per_class[label];
  for (size_t c = 0; c < per_class.size(); ++c)
    std::printf("  %s %6zu%s", info.classes[c].c_str(), per_class[c],
                c % 8 == 7 || c + 1 == per_class.size() ? "\n" : "");
  if (kept != images.count) std::printf("skipped: %zu blank images\n", images.count - kept);
  std::printf("wrote %s\n", options.out.c_str());
}

}  // namespace biji
