// One file over HTTP: checked, from several mirrors, and resumable. A download that ends at any moment
// (Ctrl-C, a cut line, a power failure) goes on when it is asked for again.
//
//   NAME             complete, and its checksum is right
//   NAME.part        what has arrived so far; locked while a process downloads it
//   NAME.part.from   two lines: the part's address, and the server's mark of that version of the file (a strong ETag, or
//                    its date; empty when it gave none, and then nothing can be continued)
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

namespace biji {

struct Download {
  std::vector<std::string> urls;  // of the same file, tried in this order; but a part goes on where it began
  std::filesystem::path path;     // ".zip" and ".gz" must begin like one, so that no error page is kept
  std::string sha256;             // lower-case; empty: not known
  std::string hint;               // what to try when no address has the file
  int attempts = 5;               // in a row without a new byte, at one address
  double wait_seconds = 2;        // before the second attempt; doubles with each
};

// Continues path's part when the server says that the file is still the same one (Range with If-Range, RFC
// 9110), begins again otherwise. Creates missing folders; replaces an older file of that name in one step, at
// the end. Shows progress. False when *stop became true (null: never): the part is kept. Throws
// std::runtime_error naming each address with what was wrong there, or the file when the disk is full.
// Nothing wrong ever gets path's name.
bool download(const Download& wanted, const std::atomic<bool>* stop);

// "28.9 kB", "9.9 MB", "962 MB".
std::string size_text(int64_t bytes);

}  // namespace biji
