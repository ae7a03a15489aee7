#include "native/commands/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "native/base/file.h"
#include "native/base/progress.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

std::runtime_error file_error(const fs::path& path, const std::string& what) {
  return std::runtime_error(path.string() + ": " + what);
}

bool is_set(const std::atomic<bool>* stop) {
  return stop && *stop;
}

// NAME.part and NAME.part.from.
class Part {
 public:
  explicit Part(const fs::path& path) : path_(path), part_(path), from_(path) {
    part_ += ".part";
    from_ += ".part.from";
    if (path.has_parent_path()) fs::create_directories(path.parent_path());
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) throw file_error(part_, std::string("cannot be written: ") + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd_);
      throw file_error(part_, "another process is downloading it");
    }
    size_ = static_cast<int64_t>(fs::file_size(part_));
    if (size_ > 0 && fs::exists(from_)) {
      const std::string text = read_file(from_, 1 << 16);
      const size_t line = std::min(text.find('\n'), text.size() - 1);
      url_ = text.substr(0, line);
      mark_ = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
    }
  }
  ~Part() {
    std::error_code ignored;
    if (size_ == 0) fs::remove(part_, ignored);
    ::close(fd_);
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const fs::path& path() const { return path_; }
  int64_t size() const { return size_; }
  const std::string& url() const { return url_; }
  // What to ask url for the rest with; empty when it cannot be continued.
  const std::string& mark() const { return mark_; }

  void clear() {
    if (::ftruncate(fd_, 0) != 0) fail();
    size_ = 0;
    url_ = mark_ = "";
    fs::remove(from_);
  }
  void begin(const std::string& url, const std::string& mark) {
    clear();
    url_ = url;
    mark_ = mark;
    write_file(from_, url + "\n" + mark + "\n");
  }
  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail();
      size_ += n;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Throws when the disk has no room for so many bytes more.
  void reserve(int64_t bytes) const {
    std::error_code unknown;
    const fs::space_info space = fs::space(part_, unknown);
    if (!unknown && static_cast<uint64_t>(bytes) > space.available)
      throw file_error(path_, "needs " + size_text(bytes) + " more, but its disk has only " +
                                  size_text(static_cast<int64_t>(space.available)) +
                                  " left; make room or choose another folder");
  }
  // Empty when the part is what is wanted.
  std::string check(const std::string& expected) const {
    if (expected.empty()) return "";
    const std::string sum = sha256(MappedFile(part_).bytes());
    return sum == expected ? "" : "sent a file with SHA-256 " + sum + ", not " + expected;
  }
  // Gives the part its name.
  void finish() {
    if (::fsync(fd_) != 0) fail();
    fs::rename(part_, path_);
    fs::remove(from_);
  }

 private:
  [[noreturn]] void fail() const {
    throw file_error(part_, std::string("writing failed: ") + std::strerror(errno) +
                                "; what has arrived is kept: make room, and the same command goes on");
  }
  fs::path path_, part_, from_;
  int fd_ = -1;
  int64_t size_ = 0;
  std::string url_, mark_;
};

// One request for (the rest of) a file, and what curl's callbacks find out about its answer.
struct Transfer {
  Part& part;
  const std::string& url;
  const std::atomic<bool>* stop;
  CURL* curl = nullptr;

  // Of the last answer's headers (there are several answers when there are redirects).
  std::string etag = {}, modified = {}, range = {};

  bool begun = false;        // the answer's status has been acted upon
  bool ignore = false;       // its body is no data
  std::string problem = {};  // empty: so far so good
  bool passing = false;      // the problem may pass
  std::exception_ptr exception = {};
  std::optional<Progress> progress = {};
  int64_t total = 0;

  void refuse(const std::string& what, bool may_pass) {
    problem = what;
    passing = may_pass;
    ignore = true;
  }

  // Decides what the body is. head: its first bytes.
  void begin(std::string_view head) {
    begun = true;
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_off_t length = 0;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (status == 200) {
      if (const std::string shown = disguise(head); !shown.empty()) return refuse(shown, false);
      // A weak ETag does not promise the same bytes, and If-Range takes none.
      part.begin(url, !etag.empty() && !etag.starts_with("W/") ? etag : modified);
    } else if (status == 206 || status == 416) {
      const std::string size = std::to_string(part.size());
      ignore = status == 416 && range == "bytes */" + size;  // it was complete already
      if (ignore || (status == 206 && range.starts_with("bytes " + size + "-"))) {
        // as asked for
      } else {
        part.clear();
        return refuse("sent another range than it was asked for", true);
      }
    } else {
      return refuse("HTTP status " + std::to_string(status) + meaning(status),
                    status == 408 || status == 429 || status >= 500);
    }
    if (ignore || length <= 0) return;
    part.reserve(length);
    total = part.size() + length;
    progress.emplace(part.path().filename().string(), total / 1000, part.size() / 1000);
  }

  void body(std::string_view bytes) {
    if (!begun) begin(bytes);
    if (ignore) return;
    part.append(bytes);
    if (progress && progress->due(part.size() / 1000))
      progress->show(part.size() / 1000, size_text(part.size()) + " of " + size_text(total), 1, "kB");
  }

  void header(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) etag = modified = range = "";
    const size_t colon = std::min(line.find(':'), line.size());
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    line.remove_prefix(std::min(line.find_first_not_of(": \t", colon), line.size()));
    if (name == "etag") etag = line;
    if (name == "last-modified") modified = line;
    if (name == "content-range") range = line;
  }

  static const char* meaning(long status) {
    switch (status) {
      case 401:
      case 403:
        return " (refused)";
      case 404:
      case 410:
        return " (not there)";
      case 408:
        return " (the request took too long)";
      case 429:
        return " (too many requests)";
      default:
        return status >= 500 ? " (trouble on the server)" : "";
    }
  }

  // What is wrong with a file of that name that begins like this; empty when nothing is.
  std::string disguise(std::string_view head) const {
    const std::string ending = part.path().extension().string();
    const std::string_view magic = ending == ".zip" ? "PK" : ending == ".gz" ? "\x1f\x8b" : "";
    if (magic.empty() || (!head.empty() && magic.substr(0, head.size()) == head.substr(0, magic.size())))
      return "";
    std::string shown;
    for (const char c : head.substr(0, 32)) shown += c >= ' ' && c <= '~' ? c : '.';
    return "sent no " + ending + " file, but something that begins with \"" + shown + "\"";
  }
};

// curl is C: an exception waits in the transfer until curl has returned.
size_t on_header(char* data, size_t, size_t size, void* transfer) {
  static_cast<Transfer*>(transfer)->header({data, size});
  return size;
}

size_t on_body(char* data, size_t, size_t size, void* pointer) {
  auto* transfer = static_cast<Transfer*>(pointer);
  try {
    transfer->body({data, size});
  } catch (...) {
    transfer->exception = std::current_exception();
  }
  return transfer->exception || !transfer->problem.empty() ? 0 : size;  // 0 ends the transfer
}

int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return is_set(static_cast<Transfer*>(transfer)->stop) ? 1 : 0;  // 1 ends the transfer
}

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// True when the part is complete; otherwise transfer.problem says why not.
bool run(Transfer& transfer) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlDeleter> handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) throw std::runtime_error("libcurl cannot be used");
  CURL* curl = transfer.curl = handle.get();
  char text[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(curl, CURLOPT_URL, transfer.url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "biji");
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
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
  const Part& part = transfer.part;
  std::unique_ptr<curl_slist, CurlDeleter> headers;
  if (part.size() > 0 && part.url() == transfer.url && !part.mark().empty()) {
    headers.reset(curl_slist_append(nullptr, ("If-Range: " + part.mark()).c_str()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_RANGE, (std::to_string(part.size()) + "-").c_str());  // curl copies it
  }

  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK && !transfer.begun) transfer.begin("");  // an answer without a body
  transfer.progress.reset();
  if (transfer.exception) std::rethrow_exception(transfer.exception);
  if (!transfer.problem.empty()) return false;
  if (code == CURLE_OK) return true;
  transfer.refuse(text[0] ? text : curl_easy_strerror(code),
                  code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT &&
                      code != CURLE_TOO_MANY_REDIRECTS && code != CURLE_PEER_FAILED_VERIFICATION);
  return false;
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
      Transfer transfer{part, url, stop};
      const bool complete = run(transfer);
      if (!complete && is_set(stop)) return false;
      if (complete) {
        problem = part.check(wanted.sha256);
        if (problem.empty()) {
          part.finish();
          return true;
        }
        part.clear();
        break;
      }
      problem = transfer.problem;
      if (!transfer.passing) break;
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
  throw file_error(wanted.path, "could not be downloaded:" + problems + "\n" + wanted.hint);
}

std::string size_text(int64_t bytes) {
  const double unit = bytes < 1'000'000 ? 1e3 : 1e6, amount = static_cast<double>(bytes) / unit;
  char text[32];
  std::snprintf(text, sizeof text, amount < 99.95 ? "%.1f %s" : "%.0f %s", amount, unit == 1e3 ? "kB" : "MB");
  return text;
}

}  // namespace biji
