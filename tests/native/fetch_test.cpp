// Downloads, against a server in this process that does as it is told: whole, cut, changed, wrong.

#include "native/commands/fetch.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "native/base/file.h"
#include "native/commands/download.h"
#include "tests/native/testing.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

struct Request {
  std::string path, range, if_range;
};

struct Answer {
  int status = 200;
  std::vector<std::string> headers;
  std::string body;
  size_t cut = std::string::npos;        // the connection closes after so many bytes of the body,
  std::function<void()> then = nullptr;  // and after this, and after the client has hung up
};

// Answers one connection after another on a port of its own; keeps the requests. Every answer closes its
// connection.
class Server {
 public:
  explicit Server(std::function<Answer(const Request&)> answer) : answer_(std::move(answer)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port to listen on");
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    ::setenv("no_proxy", "*", 1);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url(const std::string& path) const { return url_ + path; }
  // Only between downloads.
  std::vector<Request> requests;

 private:
  void serve() {
    for (int client; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
      std::string text;
      char buffer[4096];
      while (text.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        text.append(buffer, static_cast<size_t>(n));
      }
      const auto header = [&](const std::string& name) {
        const size_t at = text.find("\r\n" + name + ": ");
        if (at == std::string::npos) return std::string();
        const size_t begin = at + name.size() + 4;
        return text.substr(begin, text.find("\r\n", begin) - begin);
      };
      const size_t path = text.find(' ') + 1;
      requests.push_back(
          {text.substr(path, text.find(' ', path) - path), header("Range"), header("If-Range")});
      const Answer answer = answer_(requests.back());
      std::string reply = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n";
      bool sized = false;
      for (const std::string& line : answer.headers) {
        reply += line + "\r\n";
        sized |= line.starts_with("Content-Length");
      }
      if (!sized) reply += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
      reply += "\r\n" + answer.body.substr(0, answer.cut);
      for (size_t sent = 0; sent < reply.size();) {
        const ssize_t n = ::send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<size_t>(n);
      }
      if (answer.then) {
        answer.then();
        while (::recv(client, buffer, sizeof buffer, 0) > 0) continue;
      }
      ::close(client);
    }
  }

  std::function<Answer(const Request&)> answer_;
  int socket_ = -1;
  std::string url_;
  std::thread thread_;
};

// Serves bytes as a good server does, ranges too.
Answer serve_ranges(const Request& request, const std::string& bytes, const std::string& etag) {
  const std::string mark = "ETag: " + etag;
  if (request.range.empty() || request.if_range != etag) return {200, {mark}, bytes};
  const size_t from = std::stoul(request.range.substr(6));
  const std::string size = std::to_string(bytes.size());
  if (from >= bytes.size()) return {416, {"Content-Range: bytes */" + size}, "no such bytes"};
  return {206,
          {mark, "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(bytes.size() - 1) +
                     "/" + size},
          bytes.substr(from)};
}

class Downloads : public testing::Test {
 protected:
  // Tries three times, without waiting.
  Download wanted(std::vector<std::string> urls, const std::string& sha = "") {
    return {std::move(urls), folder / "file.bin", sha, "hint", 3, 0};
  }
  std::string content() { return read_file(folder / "file.bin"); }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder.path))
      all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }

  TempFolder folder;
  const std::string bytes = [] {
    std::string text;
    for (int i = 0; i < 300000; ++i) text += static_cast<char>(i * i >> 3);
    return text;
  }();
};

TEST_F(Downloads, AFileArrivesWholeAndNothingElseStays) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  EXPECT_TRUE(download(wanted({server.url("/file.bin")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(names(), std::vector<std::string>{"file.bin"});
}

TEST_F(Downloads, AnEmptyFileIsAFileToo) {
  Server server([&](const Request& request) { return serve_ranges(request, "", "\"a\""); });
  EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
  EXPECT_EQ(content(), "");
  EXPECT_EQ(names(), std::vector<std::string>{"file.bin"});
}

TEST_F(Downloads, ACutConnectionIsContinuedWhereItBroke) {
  Server server([&](const Request& request) {
    Answer answer = serve_ranges(request, bytes, "\"a\"");
    if (request.range.empty()) answer.cut = 100000;
    return answer;
  });
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
  ASSERT_EQ(server.requests.size(), 2u);
  EXPECT_EQ(server.requests[1].range, "bytes=100000-");
  EXPECT_EQ(server.requests[1].if_range, "\"a\"");
}

TEST_F(Downloads, ALaterRunContinuesToo) {
  bool cut = true;
  Server server([&](const Request& request) {
    Answer answer = serve_ranges(request, bytes, "\"a\"");
    if (cut) answer.cut = 50000;
    return answer;
  });
  Download once = wanted({server.url("/x")});
  once.attempts = 1;
  const std::string error = error_of([&] { download(once, nullptr); });
  EXPECT_NE(error.find(server.url("/x")), std::string::npos) << error;
  EXPECT_NE(error.find("hint"), std::string::npos);
  EXPECT_EQ(names(), (std::vector<std::string>{"file.bin.part", "file.bin.part.from"}));
  cut = false;
  EXPECT_TRUE(download(once, nullptr));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(server.requests.back().range, "bytes=50000-");
}

TEST_F(Downloads, APartThatWasCompleteIsOnlyChecked) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  write_file(folder / "file.bin.part", bytes);
  write_file(folder / "file.bin.part.from", server.url("/x") + "\n\"a\"\n");
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(Downloads, AServerThatKnowsNoRangesBeginsAgain) {
  int served = 0;
  Server server([&](const Request&) -> Answer {
    return {200, {"ETag: \"a\""}, bytes, ++served == 1 ? 1000 : std::string::npos};
  });
  EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(server.requests.size(), 3u);  // the second one asks for the rest in vain
}

TEST_F(Downloads, WithoutAMarkOfTheVersionNothingIsContinued) {
  for (const char* mark : {"X-Nothing: 1", "ETag: W/\"weak\""}) {
    int served = 0;
    Server server([&](const Request&) -> Answer {
      return {200, {mark}, bytes, ++served == 1 ? 1000 : std::string::npos};
    });
    EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
    EXPECT_EQ(content(), bytes);
    ASSERT_EQ(server.requests.size(), 2u);
    EXPECT_EQ(server.requests[1].range, "");
  }
}

TEST_F(Downloads, AChangedFileBeginsAgain) {
  const std::string newer = "new" + bytes;
  int served = 0;
  Server server([&](const Request& request) {
    if (++served > 1) return serve_ranges(request, newer, "\"b\"");
    Answer answer = serve_ranges(request, bytes, "\"a\"");
    answer.cut = 1000;
    return answer;
  });
  EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
  EXPECT_EQ(content(), newer);
  ASSERT_EQ(server.requests.size(), 3u);
  EXPECT_EQ(server.requests[1].if_range, "\"a\"");
  EXPECT_EQ(server.requests[2].range, "");
}

TEST_F(Downloads, AChangedFileAsLongAsThePartIsNotTakenForIt) {
  const std::string newer(bytes.rbegin(), bytes.rend());
  Server server([&](const Request& request) { return serve_ranges(request, newer, "\"b\""); });
  write_file(folder / "file.bin.part", bytes);
  write_file(folder / "file.bin.part.from", server.url("/x") + "\n\"a\"\n");
  EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
  EXPECT_EQ(content(), newer);
}

TEST_F(Downloads, ARangeThatWasNotAskedForIsNotAppended) {
  int served = 0;
  Server server([&](const Request&) -> Answer {
    if (++served == 1) return {200, {"ETag: \"a\""}, bytes, 1000};
    if (served == 2) return {206, {"Content-Range: bytes 10-12/13"}, "abc"};
    return {200, {"ETag: \"a\""}, bytes};
  });
  EXPECT_TRUE(download(wanted({server.url("/x")}), nullptr));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(server.requests.size(), 3u);
}

TEST_F(Downloads, AWrongChecksumIsRefusedAndLeavesNothing) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  const std::string error = error_of([&] { download(wanted({server.url("/x")}, sha256("other")), nullptr); });
  EXPECT_NE(error.find(sha256(bytes)), std::string::npos) << error;
  EXPECT_NE(error.find(sha256("other")), std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(Downloads, AnOlderFileStaysUntilTheNewOneIsRight) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  write_file(folder / "file.bin", "old");
  EXPECT_NE(error_of([&] { download(wanted({server.url("/x")}, sha256("other")), nullptr); }), "");
  EXPECT_EQ(content(), "old");
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
}

TEST_F(Downloads, WhatIsNotThereIsNamedAndAskedForOnce) {
  Server server([&](const Request&) -> Answer { return {404, {}, "<html>gone</html>"}; });
  const std::string error =
      error_of([&] { download(wanted({server.url("/a"), server.url("/b")}), nullptr); });
  EXPECT_NE(error.find(server.url("/a") + ": The requested URL returned error: 404"), std::string::npos)
      << error;
  EXPECT_NE(error.find(server.url("/b")), std::string::npos);
  EXPECT_NE(error.find((folder / "file.bin").string()), std::string::npos);
  EXPECT_NE(error.find("hint"), std::string::npos);
  EXPECT_EQ(server.requests.size(), 2u);
  EXPECT_TRUE(names().empty());
}

TEST_F(Downloads, TheNextMirrorIsTriedWhenOneHasTheWrongFile) {
  Server server(
      [&](const Request& request) -> Answer { return {200, {}, request.path == "/a" ? "wrong" : bytes}; });
  EXPECT_TRUE(download(wanted({server.url("/a"), server.url("/b")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
}

TEST_F(Downloads, APartGoesOnAtTheMirrorWhereItBegan) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  write_file(folder / "file.bin.part", bytes.substr(0, 1000));
  write_file(folder / "file.bin.part.from", server.url("/b") + "\n\"a\"\n");
  EXPECT_TRUE(download(wanted({server.url("/a"), server.url("/b")}, sha256(bytes)), nullptr));
  ASSERT_EQ(server.requests.size(), 1u);
  EXPECT_EQ(server.requests[0].path, "/b");
  EXPECT_EQ(server.requests[0].range, "bytes=1000-");
}

TEST_F(Downloads, TroubleThatMayPassIsTriedAgainButNotForEver) {
  int served = 0;
  Server passing([&](const Request&) -> Answer {
    if (++served < 3) return {503, {}, "busy"};
    return {200, {}, bytes};
  });
  EXPECT_TRUE(download(wanted({passing.url("/x")}), nullptr));
  EXPECT_EQ(passing.requests.size(), 3u);
  Server lasting([&](const Request&) -> Answer { return {503, {}, ""}; });
  EXPECT_NE(error_of([&] { download(wanted({lasting.url("/x")}), nullptr); }).find("503"), std::string::npos);
  EXPECT_EQ(lasting.requests.size(), 3u);
  Server cutting([&](const Request&) -> Answer { return {200, {}, bytes, 1000}; });  // and knows no ranges
  EXPECT_NE(error_of([&] { download(wanted({cutting.url("/x")}), nullptr); }), "");
  EXPECT_EQ(cutting.requests.size(), 3u);
}

TEST_F(Downloads, RedirectsAreFollowedButNotInCirclesOrToOtherProtocols) {
  Server server([&](const Request& request) -> Answer {
    if (request.path == "/old") return {302, {"Location: /new", "ETag: \"no\""}, "moved"};
    if (request.path == "/circle") return {302, {"Location: /circle"}, ""};
    if (request.path == "/disk") return {302, {"Location: file:///etc/passwd"}, ""};
    return serve_ranges(request, bytes, "\"a\"");
  });
  EXPECT_NE(error_of([&] { download(wanted({server.url("/circle")}), nullptr); }), "");
  EXPECT_NE(error_of([&] { download(wanted({server.url("/disk")}), nullptr); }), "");
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(download(wanted({server.url("/old")}, sha256(bytes)), nullptr));
  EXPECT_EQ(content(), bytes);
}

TEST_F(Downloads, AnErrorPageIsNeitherKeptNorDoesItReplaceAPart) {
  Server server(
      [&](const Request&) -> Answer { return {200, {"ETag: \"b\""}, "<!DOCTYPE html>please log in"}; });
  for (const char* name : {"a.zip", "a.gz"}) {
    Download page = wanted({server.url("/x")});
    page.path = folder / name;
    const fs::path part = folder / (std::string(name) + ".part");
    write_file(part, "PK and so on");
    write_file(folder / (std::string(name) + ".part.from"), server.url("/x") + "\n\"a\"\n");
    EXPECT_NE(error_of([&] { download(page, nullptr); }).find("<!DOCTYPE html>"), std::string::npos);
    EXPECT_EQ(read_file(part), "PK and so on");
    EXPECT_FALSE(fs::exists(page.path));
  }
}

TEST_F(Downloads, AFileThatTheDiskCannotHoldIsRefusedAtOnce) {
  Server server(
      [&](const Request&) -> Answer { return {200, {"Content-Length: 4000000000000000000"}, "x"}; });
  const std::string error = error_of([&] { download(wanted({server.url("/x")}), nullptr); });
  EXPECT_NE(error.find("needs 4000000000000 MB more"), std::string::npos) << error;
}

TEST_F(Downloads, AFullDiskIsAnErrorAndThePartStays) {
  Server server([&](const Request& request) { return serve_ranges(request, bytes, "\"a\""); });
  // A limit on the size of files stands in for the full disk.
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] { download(wanted({server.url("/x")}), nullptr); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(error.find("file.bin.part: writing failed"), std::string::npos) << error;
  EXPECT_EQ(fs::file_size(folder / "file.bin.part"), 1000u);
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), nullptr));
  EXPECT_EQ(server.requests.back().range, "bytes=1000-");
}

TEST_F(Downloads, AskedToStopItKeepsThePart) {
  std::atomic<bool> stop = false;
  Server server([&](const Request& request) {
    Answer answer = serve_ranges(request, bytes, "\"a\"");
    if (!stop && request.range.empty()) {
      answer.cut = 70000;
      answer.then = [&] {
        while (!fs::exists(folder / "file.bin.part") || fs::file_size(folder / "file.bin.part") < 70000) {
        }
        stop = true;
      };
    }
    return answer;
  });
  EXPECT_FALSE(download(wanted({server.url("/x")}), &stop));
  EXPECT_EQ(fs::file_size(folder / "file.bin.part"), 70000u);
  EXPECT_FALSE(fs::exists(folder / "file.bin"));
  stop = false;
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), &stop));
  EXPECT_EQ(server.requests.back().range, "bytes=70000-");
}

TEST_F(Downloads, TwoAtATimeDoNotMix) {
  std::string error;
  Server server([&](const Request& request) {
    error =
        error_of([&] { download(wanted({"http://127.0.0.1:1/"}), nullptr); });  // while the other one waits
    return serve_ranges(request, bytes, "\"a\"");
  });
  EXPECT_TRUE(download(wanted({server.url("/x")}, sha256(bytes)), nullptr));
  EXPECT_NE(error.find("another process"), std::string::npos) << error;
}

TEST_F(Downloads, NoServerIsAnErrorThatNamesIt) {
  EXPECT_NE(
      error_of([&] { download(wanted({"http://127.0.0.1:1/x"}), nullptr); }).find("http://127.0.0.1:1/x"),
      std::string::npos);
  EXPECT_NE(error_of([&] { download(wanted({"ftp://127.0.0.1/x"}), nullptr); }).find("ftp://"),
            std::string::npos);
}

// ---- sets ----

TEST_F(Downloads, ASetIsFetchedNotedAndComparedTheNextTime) {
  std::string test = "PK" + bytes;
  Server server([&](const Request& request) {
    return serve_ranges(request, request.path.ends_with("Test.zip") ? test : "PKtrain", "\"a\"");
  });
  const FetchOptions options{{"olhwdb1.1"}, folder.path, true, server.url("/mirror/")};
  EXPECT_TRUE(fetch(options, nullptr));
  EXPECT_EQ(read_file(folder / "olhwdb1.1/Pot1.1Test.zip"), test);
  EXPECT_EQ(server.requests[0].path, "/mirror/olhwdb1.1/Pot1.1Train.zip");
  const fs::path sums = folder / "olhwdb1.1/SHA256SUMS";
  EXPECT_EQ(read_file(sums), sha256(test) + "  Pot1.1Test.zip\n" + sha256("PKtrain") + "  Pot1.1Train.zip\n");

  EXPECT_TRUE(fetch(options, nullptr));  // all is there
  EXPECT_EQ(server.requests.size(), 2u);

  fs::remove(folder / "olhwdb1.1/Pot1.1Test.zip");
  test += "?";
  const std::string error = error_of([&] { fetch(options, nullptr); });
  EXPECT_NE(error.find(sums.string()), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder / "olhwdb1.1/Pot1.1Test.zip"));

  write_file(folder / "olhwdb1.1/Pot1.1Train.zip", "PKdamaged");
  EXPECT_NE(error_of([&] { fetch(options, nullptr); }).find("remove the file"), std::string::npos);
}

TEST_F(Downloads, APublishedChecksumMustBeMet) {
  Server server([&](const Request&) -> Answer { return {200, {}, "\x1f\x8b no such images"}; });
  const std::string error =
      error_of([&] { fetch({{"mnist"}, folder.path, false, server.url("")}, nullptr); });
  EXPECT_NE(error.find("/mnist/train-images-idx3-ubyte.gz"), std::string::npos) << error;
  EXPECT_NE(error.find("by hand"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(folder / "mnist"));
}

TEST_F(Downloads, TermsComeFirst) {
  Server server([&](const Request&) -> Answer { return {200, {}, "PK"}; });
  const std::string error =
      error_of([&] { fetch({{"mnist", "hwdb1.1"}, folder.path, false, server.url("")}, nullptr); });
  EXPECT_NE(error.find("hwdb1.1: nothing was downloaded"), std::string::npos) << error;
  EXPECT_NE(error.find("--accept-licence"), std::string::npos);
  EXPECT_TRUE(server.requests.empty());
  EXPECT_NE(error_of([&] { fetch({{"klingon"}, folder.path, false, ""}, nullptr); }).find("klingon"),
            std::string::npos);
}

TEST_F(Downloads, TheListNamesEverySetItsTermsAndItsFiles) {
  const std::string list = fetch_list();
  for (const std::string& name : fetch_sets()) EXPECT_NE(list.find(name + ": "), std::string::npos) << name;
  for (const char* text :
       {"train-images-idx3-ubyte.gz", "9.9 MB", "28.9 kB", "academic research", "no checksum is published"})
    EXPECT_NE(list.find(text), std::string::npos) << text;
}

// The command itself, interrupted as by a user.
TEST_F(Downloads, CtrlCKeepsWhatHasArrived) {
  const std::string zip = "PK" + bytes;
  bool first = true;
  Server server([&](const Request& request) {
    Answer answer = serve_ranges(request, zip, "\"a\"");
    if (std::exchange(first, false)) {
      answer.cut = 70000;
      answer.then = [] {};
    }
    return answer;
  });
  const std::string command = std::string(BIJI_COMMAND) +
                              " fetch hwdb-competition --accept-licence --base-url " + server.url("") +
                              " --out " + folder.path.string() + " > /dev/null 2>&1";
  const fs::path part = folder / "hwdb-competition/competition-gnt.zip.part";
  const std::string interrupted =
      command + " & pid=$!; until [ \"$(stat -c %s " + part.string() +
      " 2> /dev/null)\" = 70000 ] || ! kill -0 $pid; do :; done; kill -INT $pid; wait $pid";
  EXPECT_EQ(WEXITSTATUS(std::system(("bash -mc '" + interrupted + "' 2> /dev/null").c_str())), 1);
  EXPECT_EQ(fs::file_size(part), 70000u);
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 0);
  EXPECT_EQ(read_file(folder / "hwdb-competition/competition-gnt.zip"), zip);
  EXPECT_EQ(server.requests.back().range, "bytes=70000-");
}

}  // namespace
}  // namespace biji
