#include "native/data/import.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace biji {
namespace {

constexpr int64_t kNamed = 20;  // damaged samples that are named one by one

// In rows of eight, or in figures where there are too many.
void print_per_class(const Labels& classes, std::vector<int64_t> counts) {
  if (classes.size() <= 100) {
    for (size_t c = 0; c < counts.size(); ++c)
      std::printf("  %s %6lld%s", classes[c].c_str(), static_cast<long long>(counts[c]),
                  c % 8 == 7 || c + 1 == counts.size() ? "\n" : "");
    return;
  }
  std::sort(counts.begin(), counts.end());
  std::printf("  samples a class: %lld to %lld, median %lld", static_cast<long long>(counts.front()),
              static_cast<long long>(counts.back()), static_cast<long long>(counts[counts.size() / 2]));
  if (const auto empty = static_cast<size_t>(std::count(counts.begin(), counts.end(), 0)))
    std::printf("; %zu of the %zu classes have none", empty, classes.size());
  std::printf("\n");
}

}  // namespace

ImportedPack::ImportedPack(const PrepareOptions& options, PackKind kind, const InputSpec& input)
    : options_(options), kind_(kind), pack_(options.out, kind, input) {}

void ImportedPack::add(Imported&& sample) {
  ++seen_;
  if (!sample.left_out.empty()) {
    skipped.add(sample.left_out, sample.where, !sample.damage.empty());
    if (sample.damage.empty() || ++damaged_ > kNamed) return;
    if (progress) progress->clear();
    std::fprintf(stderr, "skipped %s: %s\n", sample.where.c_str(), sample.damage.c_str());
    return;
  }
  if (kind_ == PackKind::kPixels)
    pack_.add(sample.label, sample.group, sample.pixels);
  else if (kind_ == PackKind::kTexts)
    return pack_.add(sample.text, sample.group, sample.ink);
  else
    pack_.add(sample.label, sample.group, sample.ink);
  if (per_label_.size() <= sample.label) per_label_.resize(sample.label + size_t{1});
  ++per_label_[sample.label];
}

void ImportedPack::commit(const std::string& name, const Labels& classes, const std::vector<uint16_t>& moved,
                          const std::vector<std::string>& groups, const std::string& terms,
                          const std::string& about) {
  for (const auto& [reason, entry] : skipped.reasons) {
    if (!entry.damage) continue;
    if (options_.strict)
      throw std::runtime_error(entry.first + ": " + reason + "; without --strict it would be left out");
    std::fprintf(stderr, "warning: %s: %s%s; the rest is kept\n", entry.first.c_str(), reason.c_str(),
                 entry.count > 1 ? (", and " + std::to_string(entry.count - 1) + " more").c_str() : "");
  }
  pack_.relabel(moved);
  pack_.commit(name, classes, groups, terms);

  const double seconds = progress->seconds();
  const char* what = kind_ == PackKind::kTexts ? "texts" : "samples";
  std::vector<int64_t> per_class(classes.size());
  for (size_t i = 0; i < per_label_.size(); ++i) per_class[moved[i]] += per_label_[i];
  std::string present;
  if (kind_ != PackKind::kTexts)
    present =
        " of " +
        std::to_string(std::count_if(per_class.begin(), per_class.end(), [](int64_t n) { return n > 0; })) +
        " classes";
  std::printf("%s: %lld %s%s%s, %s (%.0f %s/s)\n", name.c_str(), static_cast<long long>(count()), what,
              present.c_str(), about.c_str(), duration(seconds).c_str(),
              static_cast<double>(count()) / std::max(seconds, 1e-9), what);
  if (kind_ != PackKind::kTexts) print_per_class(classes, std::move(per_class));
  for (const auto& [reason, entry] : skipped.reasons)
    std::printf("skipped %lld: %s (first: %s)\n", static_cast<long long>(entry.count), reason.c_str(),
                entry.first.c_str());
  std::printf("wrote %s: %.1f MB\n", options_.out.c_str(),
              static_cast<double>(std::filesystem::file_size(options_.out)) / 1e6);
}

uint16_t Writers::find(const std::string& writer) {
  const auto [entry, fresh] = index_.emplace(writer, static_cast<uint16_t>(names.size()));
  if (fresh) names.push_back(writer);
  if (names.size() > 65535) throw std::runtime_error("more than 65,535 writers in one pack");
  return entry->second;
}

int thread_count(const PrepareOptions& options) {
  return options.threads > 0 ? options.threads
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

NamedInput input_for(const Labels& classes) {
  const auto all = [&](int (*is)(int)) {
    return std::all_of(classes.begin(), classes.end(), [&](const std::string& label) {
      return std::all_of(label.begin(), label.end(), [&](char c) {
        return static_cast<unsigned char>(c) < 128 && is(static_cast<unsigned char>(c)) != 0;
      });
    });
  };
  if (all(std::isdigit)) return {"digits", kDigitsInput};
  if (all(std::isalnum)) return {"letters", kLettersInput};
  return {"hanzi", kHanziInput.picture()};
}

}  // namespace biji
