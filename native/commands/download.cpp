#include "native/commands/download.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "native/base/progress.h"
#include "native/commands/part.h"

namespace biji {
namespace {

bool is_set(const std::atomic<bool>* stop) {
  return stop && *stop;
}

enum class Outcome {
  kComplete,
  kChanged,  // the part cannot be continued: the file is another one by now, or the server knows no ranges
  kPassing,  // it may go well the next time
  kRefused,
};

// One request for (the rest of) a file. libcurl asks for the range, refuses another one and follows redirects; the bytes
// are kept here.
struct Transfer {
  Part& part;
  const std::string& url;
  const std::atomic<bool>* stop;
  int64_t from;  // bytes that are there
  CURL* curl = nullptr;
  std::string etag = {}, modified = {},
              range = {};     // of the last answer (there are several when there are redirects)
  bool begun = false;         // the body's first bytes are here
  std::string disguise = {};  // what the body is instead of the file
  std::exception_ptr exception = {};
  std::optional<Progress> progress = {};

  // head: the body's first bytes.
  void begin(std::string_view head) {
    begun = true;
    if (from == 0) {
      disguise = disguise_of(head);
      if (!disguise.empty()) return;
      // A weak ETag does not promise the same bytes, and If-Range takes none.
      part.begin(url, !etag.empty() && !etag.starts_with("W/") ? etag : modified);
    }
    curl_off_t length = 0;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    part.reserve(length);
    if (length > 0) progress.emplace(part.path().filename().string(), (from + length) / 1000, from / 1000);
  }

  // What is wrong with a file of that name that begins like this; empty when nothing is.
  std::string disguise_of(std::string_view head) const {
    const std::string ending = part.path().extension().string();
    const std::string_view magic = ending == ".zip" ? "PK" : ending == ".gz" ? "\x1f\x8b" : "";
    if (magic.empty() || (!head.empty() && magic.substr(0, head.size()) == head.substr(0, magic.size())))
      return "";
    std::string shown;
    for (const char c : head.substr(0, 32)) shown += c >= ' ' && c <= '~' ? c : '.';
    return "sent no " + ending + " file, but something that begins with \"" + shown + "\"";
  }
};

size_t on_header(char* data, size_t, size_t size, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  std::string_view line(data, size);
  const auto value_of = [&](std::string_view name) {
    if (!curl_strnequal(data, name.data(), std::min(size, name.size()))) return std::string_view();
    const std::string_view value = line.substr(std::min(line.find_first_not_of(" \t", name.size()), size));
    return value.substr(0, value.find_last_not_of("\r\n \t") + 1);
  };
  if (line.starts_with("HTTP/")) transfer->etag = transfer->modified = transfer->range = "";
  if (const auto etag = value_of("ETag:"); !etag.empty()) transfer->etag = etag;
  if (const auto modified = value_of("Last-Modified:"); !modified.empty()) transfer->modified = modified;
  if (const auto range = value_of("Content-Range:"); !range.empty()) transfer->range = range;
  return size;
}

// curl is C: an exception waits in the transfer until curl has returned.
size_t on_body(char* data, size_t, size_t size, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  try {
    if (!transfer->begun) transfer->begin({data, size});
    if (!transfer->disguise.empty()) return 0;  // ends the transfer
    transfer->part.append({data, size});
  } catch (...) {
    transfer->exception = std::current_exception();
    return 0;
  }
  return size;
}

int on_progress(void* pointer, curl_off_t rest, curl_off_t, curl_off_t, curl_off_t) {
  auto* transfer = static_cast<Transfer*>(pointer);
  const int64_t size = transfer->part.size();
  if (transfer->progress && transfer->progress->due(size / 1000))
    transfer->progress->show(size / 1000, size_text(size) + " of " + size_text(transfer->from + rest), 1,
                             "kB");
  return is_set(transfer->stop) ? 1 : 0;  // 1 ends the transfer
}

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void set_options(Transfer& transfer) {
  CURL* curl = transfer.curl;
  curl_easy_setopt(curl, CURLOPT_URL, transfer.url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "biji");
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);  // a minute without a byte is a broken connection
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.from));
}

// problem: what was wrong, when the outcome is not kComplete.
Outcome run(Part& part, const std::string& url, const std::atomic<bool>* stop, std::string& problem) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlDeleter> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) throw std::runtime_error("libcurl cannot be used");
  Transfer transfer{part, url, stop, part.url() == url && !part.mark().empty() ? part.size() : 0, curl.get()};
  char text[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, text);
  set_options(transfer);
  std::unique_ptr<curl_slist, CurlDeleter> headers;
  if (transfer.from > 0) {
    headers.reset(curl_slist_append(nullptr, ("If-Range: " + part.mark()).c_str()));
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  }

  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK && transfer.from == 0 && !transfer.begun) transfer.begin("");  // an empty file
  transfer.progress.reset();
  if (transfer.exception) std::rethrow_exception(transfer.exception);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  problem = !transfer.disguise.empty() ? transfer.disguise : text[0] ? text : curl_easy_strerror(code);
  if (!transfer.disguise.empty()) return Outcome::kRefused;
  switch (code) {
    case CURLE_OK:  // curl takes a whole file as long as the part for the part
      return transfer.from > 0 && status == 200 ? Outcome::kChanged : Outcome::kComplete;
    case CURLE_RANGE_ERROR:
      return Outcome::kChanged;
    case CURLE_HTTP_RETURNED_ERROR:
      if (status == 416 &&
          transfer.from > 0)  // nothing is left to send: the part was complete, if its size is the file's
        return transfer.range == "bytes */" + std::to_string(transfer.from) ? Outcome::kComplete
                                                                            : Outcome::kChanged;
      return status == 408 || status == 429 || status >= 500 ? Outcome::kPassing : Outcome::kRefused;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
      return Outcome::kRefused;
    default:
      return Outcome::kPassing;
  }
}

void wait(double seconds, const std::atomic<bool>* stop) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end && !is_set(stop)) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace

bool download(const Download& wanted, const std::atomic<bool>* stop) {
  Part part(wanted.path);
  std::vector<std::string> urls = wanted.urls;
  std::stable_partition(urls.begin(), urls.end(), [&](const std::string& url) { return url == part.url(); });
  std::string problems;
  for (const std::string& url : urls) {
    std::string problem;
    int64_t furthest = part.url() == url ? part.size() : 0;
    for (int failures = 0; failures < wanted.attempts;) {
      const Outcome outcome = run(part, url, stop, problem);
      if (outcome != Outcome::kComplete && is_set(stop)) return false;
      if (outcome == Outcome::kComplete) {
        problem = part.check(wanted.sha256);
        if (problem.empty()) {
          part.finish();
          return true;
        }
        part.clear();
        break;
      }
      if (outcome == Outcome::kRefused) break;
      if (outcome == Outcome::kChanged) {
        part.forget();
        continue;
      }
      // Not for ever: a server may break off at the same place each time, and know no ranges.
      failures = part.size() > furthest ? 1 : failures + 1;
      furthest = std::max(furthest, part.size());
      if (failures == wanted.attempts) break;
      const double seconds = wanted.wait_seconds * (1 << std::min(failures - 1, 5));
      std::fprintf(stderr, "%s: %s; trying again in %.0f s\n", url.c_str(), problem.c_str(), seconds);
      wait(seconds, stop);
      if (is_set(stop)) return false;
    }
    problems += "\n  " + url + ": " + problem;
  }
  throw std::runtime_error(wanted.path.string() + ": could not be downloaded:" + problems + "\n" +
                           wanted.hint);
}

std::string size_text(int64_t bytes) {
  const double unit = bytes < 1'000'000 ? 1e3 : 1e6, amount = static_cast<double>(bytes) / unit;
  char text[32];
  std::snprintf(text, sizeof text, amount < 99.95 ? "%.1f %s" : "%.0f %s", amount, unit == 1e3 ? "kB" : "MB");
  return text;
}

}  // namespace biji
