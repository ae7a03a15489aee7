// What the importers share: samples are made on several threads, a block at a time, and go into the pack in order.
// prepare.h is what others call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "native/base/pipeline.h"
#include "native/base/progress.h"
#include "native/data/pack.h"
#include "native/data/prepare.h"
#include "native/data/skipped.h"

namespace biji {

// The importers; options.set is one of theirs.
std::vector<std::string> idx_sets();
void import_idx(const PrepareOptions& options);
void import_casia(const PrepareOptions& options);   // "hwdb", "olhwdb"
void import_png(const PrepareOptions& options);     // "png"
void import_unipen(const PrepareOptions& options);  // "unipen"

// One sample: what goes into the pack, or why it is left out.
struct Imported {
  std::string where;                 // for messages: "image 7"
  uint16_t label = 0;                // as commit() has them
  uint16_t group = 0;                // likewise
  std::vector<uint8_t> pixels = {};  // for a pack of pixels
  Ink ink = {};                      // for one of strokes or texts
  std::string text = {};             // for one of texts
  std::string left_out = {};         // why; empty: it is wanted
  std::string damage = {};  // more about left_out, printed at once for the first few samples that have it
};

// The pack that is being written, and its summary.
class ImportedPack {
 public:
  // input: of a pack of pixels.
  ImportedPack(const PrepareOptions& options, PackKind kind, const InputSpec& input);

  void add(Imported&& sample);
  int64_t seen() const { return seen_; }  // samples so far, also those that are left out
  int64_t count() const { return pack_.count(); }
  Skipped skipped;
  std::optional<Progress> progress;  // the importer's, as soon as it knows how much there is to do

  // Writes the pack and prints the summary. moved: which of classes a sample's label means. about: what the summary says
  // behind the number of classes. Of texts the pack finds the classes: give none. terms: of use (terms.h).
  void commit(const std::string& name, const Labels& classes, const std::vector<uint16_t>& moved,
              const std::vector<std::string>& groups, const std::string& terms, const std::string& about);

 private:
  const PrepareOptions& options_;
  PackKind kind_;
  PackWriter pack_;
  std::vector<int64_t> per_label_;
  int64_t seen_ = 0, damaged_ = 0;
};

int thread_count(const PrepareOptions& options);

// Whoever wrote the samples, as numbers in the order in which they turn up.
class Writers {
 public:
  uint16_t find(const std::string& writer);  // throws over 65,535 of them
  std::vector<std::string> names;

 private:
  std::map<std::string, uint16_t> index_;
};

// The input that suits these labels: digits', letters' or hanzi's.
NamedInput input_for(const Labels& classes);

// Items in, samples out.
template <class Item>
class Import {
 public:
  // make: on another thread, for each item of a block one sample. after_block: on this one.
  Import(
      const PrepareOptions& options, ImportedPack& pack,
      std::function<std::vector<Imported>(std::vector<Item>)> make, std::function<void()> after_block = [] {})
      : pipeline_(thread_count(options), std::move(make), [&pack, after_block](std::vector<Imported> block) {
          for (Imported& sample : block) pack.add(std::move(sample));
          after_block();
        }) {}

  void push(Item item) {
    block_.push_back(std::move(item));
    if (block_.size() == kBlock) flush();
  }
  void finish() {
    if (!block_.empty()) flush();
    pipeline_.finish();
  }

 private:
  static constexpr size_t kBlock = 256;
  void flush() {
    pipeline_.push(std::move(block_));
    block_ = {};
  }
  std::vector<Item> block_;
  Pipeline<std::vector<Item>, std::vector<Imported>> pipeline_;
};

// make_one for each item of a block.
template <class Item>
std::function<std::vector<Imported>(std::vector<Item>)> each(std::function<Imported(Item&&)> make_one) {
  return [make_one](std::vector<Item> block) {
    std::vector<Imported> samples;
    for (Item& item : block) samples.push_back(make_one(std::move(item)));
    return samples;
  };
}

}  // namespace biji
