// What a reader of data leaves out.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace biji {

// Counted by reason, with the first place where it happened.
struct Skipped {
  struct Reason {
    int64_t count = 0;
    std::string first;    // "1001.pot at byte 1234"
    bool damage = false;  // the file is not whole
  };
  std::map<std::string, Reason> reasons;

  void add(const std::string& reason, const std::string& where, bool damage = false) {
    Reason& entry = reasons[reason];
    if (entry.count++ == 0) entry.first = where;
    entry.damage |= damage;
  }
  void add_damage(const std::string& reason, const std::string& where) { add(reason, where, true); }
  void add(const std::string& reason, const Reason& more) {
    Reason& entry = reasons[reason];
    if (entry.count == 0) entry.first = more.first;
    entry.count += more.count;
    entry.damage |= more.damage;
  }
  // "; REASON (FIRST)" for each, to put behind an error.
  std::string text() const {
    std::string all;
    for (const auto& [reason, entry] : reasons) all += "; " + reason + " (" + entry.first + ")";
    return all;
  }
};

}  // namespace biji
