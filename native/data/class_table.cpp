#include "native/data/class_table.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "native/base/file.h"
#include "native/data/casia.h"

namespace biji {

Labels gb2312_level1() {
  // Rows 16 to 55 of the code table; the last one ends early.
  Labels labels;
  for (int row = 0xb0; row <= 0xd7; ++row)
    for (int cell = 0xa1; cell <= (row == 0xd7 ? 0xf9 : 0xfe); ++cell)
      labels.push_back(gbk_to_utf8(static_cast<uint8_t>(row), static_cast<uint8_t>(cell)));
  return labels;
}

ClassTable::ClassTable(const std::string& which) : open_(which == "all") {
  if (open_) return;
  if (which == "gb2312-1") {
    labels_ = gb2312_level1();
  } else {
    Result<Labels> labels = parse_labels(read_file(which, 1 << 20));
    if (!labels.ok())
      throw std::runtime_error(which +
                               ": is no list of classes (one label a line, UTF-8); --classes also takes "
                               "gb2312-1 or all");
    labels_ = std::move(labels.value);
  }
  for (size_t i = 0; i < labels_.size(); ++i) index_.emplace(labels_[i], static_cast<uint16_t>(i));
}

std::optional<uint16_t> ClassTable::find(const std::string& label) {
  const auto found = index_.find(label);
  if (found != index_.end()) return found->second;
  if (!open_ || labels_.size() >= 65535) return std::nullopt;
  const auto index = static_cast<uint16_t>(labels_.size());
  labels_.push_back(label);
  index_.emplace(label, index);
  return index;
}

std::pair<Labels, std::vector<uint16_t>> ClassTable::finish() const {
  std::vector<uint16_t> order(labels_.size()), moved(labels_.size());
  std::iota(order.begin(), order.end(), uint16_t{0});
  if (open_) std::sort(order.begin(), order.end(), [&](auto a, auto b) { return labels_[a] < labels_[b]; });
  Labels sorted;
  for (size_t i = 0; i < order.size(); ++i) {
    sorted.push_back(labels_[order[i]]);
    moved[order[i]] = static_cast<uint16_t>(i);
  }
  return {std::move(sorted), std::move(moved)};
}

}  // namespace biji
