// Packs as what training reads: tensors of pixels, or ink that is drawn when it is needed.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/data/pack.h"

namespace biji {

// Samples of one or several packs. Copies share their data.
struct Dataset {
  at::Tensor
      pixels;  // u8 [n, h, w], 255 = ink; undefined when a pack holds strokes, the input has directions, or
               // load_data() was told so: then draw() (native/vary/draw.h) makes them
  at::Tensor
      labels;  // int64 [n]; below classes.size(): that class; else row label - classes.size() of merged
  at::Tensor merged;  // bool [m, classes]: labels that stand for "one of these classes"; undefined without
  at::Tensor groups;  // int64 [n] on the CPU, index into group_names; undefined when no pack has groups
  std::vector<std::string> group_names;
  InputSpec input;
  Labels classes;
  std::vector<DataSource> sources;
  Terms terms;                                     // of all packs
  std::vector<std::shared_ptr<const Pack>> packs;  // of strokes, or strokes and pixels
  at::Tensor where;                                // int64 [n] on the CPU: pack << 40 | sample in it

  int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
  bool drawn() const { return !pixels.defined(); }
  Dataset select(const at::Tensor& index) const;
  // Where sample i lies, of data that are drawn (assert).
  struct Place {
    const Pack& pack;
    int64_t sample;
  };
  Place place(int64_t i) const;
  // Pixels, labels and merged on another device; strokes stay with the CPU.
  Dataset on(at::Device device) const;
};

// Joins packs. classes: the data set's; empty: the first pack's. A pack's class that is none of them but consists of
// several characters that are ("Cc", in EMNIST's merged sets) becomes a merged label. input: what ink is
// drawn for; packs of pixels must all have the same one. drawn: leave pixels to draw(), too, so that it can vary them.
// Throws std::runtime_error naming the pack that does not fit.
Dataset load_data(const std::vector<std::filesystem::path>& paths, const InputSpec& input, bool drawn = false,
                  const Labels& classes = {});
// Of each source the first share of its samples in a random order that is always the same; a share of 2.5 is all of them
// twice and half of them once more. shares: [sources].
Dataset with_shares(const Dataset& data, const std::vector<double>& shares);
// The packs of a run, and the shares of them; throws where one is no longer what it was when the run began.
Dataset load_data(const std::vector<DataSource>& sources, const InputSpec& input, bool drawn = false,
                  const Labels& classes = {});
// What a model of those classes and that input is measured on: packs of some or all of its classes, in any order. Throws
// as load_data(), for packs of merged labels, too.
Dataset load_test_data(const std::vector<std::filesystem::path>& paths, const Labels& classes,
                       const InputSpec& input);

// {the rest, count samples to validate on}: always the same ones for the same data, so that runs can be
// compared.
std::pair<Dataset, Dataset> split(const Dataset& data, int64_t count);

// Throws unless data have these classes and this input.
void check_fits(const Dataset& data, const Labels& classes, const InputSpec& input);

// u8 [n, h, w] or [n, channels, h, w] (255 = ink) to float [n, channels, h, w] (1 = ink) of the given type.
at::Tensor to_input(const at::Tensor& pixels, at::ScalarType type = at::kFloat);

// A random order of 0..n-1, int64 on the CPU, the same on every machine.
at::Tensor permutation(int64_t n, uint64_t seed);

}  // namespace biji
