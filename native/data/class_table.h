// Which characters a pack holds, and in which order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/labels.h"

namespace biji {

// The 3,755 characters of GB 2312's first level, in the standard's order (by pinyin), UTF-8.
Labels gb2312_level1();

// Labels as numbers.
class ClassTable {
 public:
  // which: "gb2312-1"; "all", which takes every label that turns up and sorts them in the end; or a text file with one
  // label a line. Throws std::runtime_error naming the file.
  explicit ClassTable(const std::string& which);

  // std::nullopt: not among the classes (or more than 65,535 of them).
  std::optional<uint16_t> find(const std::string& label);

  // The final order, and where each number of find() went.
  std::pair<Labels, std::vector<uint16_t>> finish() const;

 private:
  bool open_;
  Labels labels_;
  std::unordered_map<std::string, uint16_t> index_;
};

}  // namespace biji
