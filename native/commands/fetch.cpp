#include "native/commands/fetch.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "native/base/file.h"
#include "native/commands/commands.h"
#include "native/commands/download.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

// ---- what can be had ----

struct RemoteFile {
  const char* name;
  int64_t bytes;       // exact with a checksum, else rounded as on the publisher's page; 0: not known
  const char* sha256;  // "": none is published
};

// A place where files lie, and its terms.
struct Publisher {
  const char* terms;
  bool ask;  // the terms must be accepted
  const char* page;
  std::vector<const char*> mirrors;  // a file's address is one of these followed by its name
};

// Adding a set is adding a row.
struct RemoteSet {
  const char* name;
  const char* what;
  const Publisher& publisher;
  std::vector<RemoteFile> files;
};

const Publisher kMnist = {
    "derived from NIST Special Database 19, a work of the US government; Y. LeCun and C. Cortes, who made\n"
    "         it with C. Burges, are commonly quoted as giving it under CC BY-SA 3.0",
    false,
    "http://yann.lecun.com/exdb/mnist/",
    {"https://storage.googleapis.com/cvdf-datasets/mnist/",
     "https://ossci-datasets.s3.amazonaws.com/mnist/"}};

const Publisher kNist = {
    "derived from NIST Special Database 19, a work of the US government; publications cite G. Cohen et\n"
    "         al., EMNIST, 2017",
    false,
    "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    {"https://biometrics.nist.gov/cs_links/EMNIST/"}};

Publisher casia(const char* secure, const char* plain) {
  return {
      "free for academic research; not for commercial use without an agreement, and not to be passed on.\n"
      "         The Institute of Automation, Chinese Academy of Sciences, keeps the copyright; publications\n"
      "         cite C.-L. Liu et al., ICDAR 2011. The conditions:\n"
      "         https://nlpr.ia.ac.cn/databases/handwriting/Application_form.html",
      true,
      "https://nlpr.ia.ac.cn/databases/handwriting/Download.html",
      {secure, plain}};
}
const Publisher kCasiaScans = casia("https://nlpr.ia.ac.cn/databases/Download/Offline/CharData/",
                                    "http://www.nlpr.ia.ac.cn/databases/Download/Offline/CharData/");
const Publisher kCasiaInk = casia("https://nlpr.ia.ac.cn/databases/Download/Online/CharData/",
                                  "http://www.nlpr.ia.ac.cn/databases/Download/Online/CharData/");
const Publisher kCasiaContest = casia("https://nlpr.ia.ac.cn/databases/Download/competition/",
                                      "http://www.nlpr.ia.ac.cn/databases/Download/competition/");

// Sizes and checksums of MNIST and EMNIST are those that TensorFlow Datasets lists.
const RemoteSet kSets[] = {
    {"mnist",
     "70,000 digits of 28x28 pixels",
     kMnist,
     {{"train-images-idx3-ubyte.gz", 9912422,
       "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
      {"train-labels-idx1-ubyte.gz", 28881,
       "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
      {"t10k-images-idx3-ubyte.gz", 1648877,
       "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
      {"t10k-labels-idx1-ubyte.gz", 4542,
       "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
    {"emnist",
     "814,255 digits and letters of 28x28 pixels, in six selections",
     kNist,
     {{"gzip.zip", 561753746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"}}},
    {"hwdb1.0",
     "scans of 3,866 Chinese characters and 171 others by 420 writers",
     kCasiaScans,
     {{"Gnt1.0TrainPart1.zip", 962000000, ""},
      {"Gnt1.0TrainPart2.zip", 973000000, ""},
      {"Gnt1.0TrainPart3.zip", 983000000, ""},
      {"Gnt1.0Test.zip", 722000000, ""}}},
    {"hwdb1.1",
     "scans of 3,755 Chinese characters (GB2312 level 1) and 171 others by 300 writers",
     kCasiaScans,
     {{"Gnt1.1TrainPart1.zip", 897000000, ""},
      {"Gnt1.1TrainPart2.zip", 943000000, ""},
      {"Gnt1.1Test.zip", 468000000, ""}}},
    {"hwdb1.2",
     "scans of 3,319 rarer Chinese characters and 171 others by 300 writers",
     kCasiaScans,
     {{"Gnt1.2TrainPart1.zip", 0, ""}, {"Gnt1.2TrainPart2.zip", 0, ""}, {"Gnt1.2Test.zip", 0, ""}}},
    {"hwdb-competition",
     "the scans that the ICDAR 2013 competition was judged on, 3,755 Chinese characters by 60 writers",
     kCasiaContest,
     {{"competition-gnt.zip", 0, ""}}},
    {"olhwdb1.0",
     "pen strokes of 3,866 Chinese characters and 171 others by 420 writers",
     kCasiaInk,
     {{"Pot1.0Train.zip", 273000000, ""}, {"Pot1.0Test.zip", 68000000, ""}}},
    {"olhwdb1.1",
     "pen strokes of 3,755 Chinese characters (GB2312 level 1) and 171 others by 300 writers",
     kCasiaInk,
     {{"Pot1.1Train.zip", 189000000, ""}, {"Pot1.1Test.zip", 47000000, ""}}},
    {"olhwdb1.2",
     "pen strokes of 3,319 rarer Chinese characters and 171 others by 300 writers",
     kCasiaInk,
     {{"Pot1.2Train.zip", 196000000, ""}, {"Pot1.2Test.zip", 50000000, ""}}},
};

const RemoteSet& set_called(const std::string& name) {
  const auto set =
      std::find_if(std::begin(kSets), std::end(kSets), [&](const RemoteSet& s) { return s.name == name; });
  if (set == std::end(kSets))
    throw std::runtime_error("no data set is called \"" + name + "\"; see biji fetch --list");
  return *set;
}

std::string about(const RemoteSet& set) {
  return std::string(set.name) + ": " + set.what + "\n  terms: " + set.publisher.terms + "\n";
}

// ---- SHA256SUMS: "<64 digits>  <name>" lines ----

using Sums = std::map<std::string, std::string>;  // name to checksum

Sums read_sums(const fs::path& path) {
  Sums sums;
  if (!fs::exists(path)) return sums;
  const std::string text = read_file(path, 1 << 20);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (line.size() > 66) sums[line.substr(66)] = line.substr(0, 64);
    begin = end + 1;
  }
  return sums;
}

void note_sum(const fs::path& path, Sums sums, const std::string& name, const std::string& sum) {
  if (std::exchange(sums[name], sum) == sum) return;
  std::string text;
  for (const auto& [file, checksum] : sums) text += checksum + "  " + file + "\n";
  write_file(path, text);
}

bool fetch_file(const FetchOptions& options, const RemoteSet& set, const RemoteFile& file,
                const std::atomic<bool>* stop) {
  const fs::path sums_path = options.out / set.name / "SHA256SUMS";
  const Sums sums = read_sums(sums_path);
  const auto noted = sums.find(file.name);
  const bool published = *file.sha256 != 0;

  Download wanted;
  wanted.path = options.out / set.name / file.name;
  wanted.sha256 = published ? file.sha256 : noted != sums.end() ? noted->second : "";
  if (options.base_url.empty())
    for (const char* mirror : set.publisher.mirrors) wanted.urls.push_back(std::string(mirror) + file.name);
  else
    wanted.urls.push_back(options.base_url + (options.base_url.ends_with('/') ? "" : "/") + set.name + "/" +
                          file.name);
  wanted.hint =
      std::string("Try again later, or put the file there by hand (") + set.publisher.page + ") and go on";
  // Where a checksum that is not met comes from.
  const std::string source =
      published ? "as is published"
                : "as " + sums_path.string() +
                      " has it from an earlier download; if the publisher has replaced the file, take its "
                      "line out there";
  if (!published && !wanted.sha256.empty()) wanted.hint += ". The checksum is " + source;

  const bool there = fs::exists(wanted.path);
  if (!there && !download(wanted, stop)) return false;
  const std::string sum = sha256(MappedFile(wanted.path).bytes());
  if (!wanted.sha256.empty() && sum != wanted.sha256)
    throw std::runtime_error(wanted.path.string() + ": its SHA-256 is " + sum + ", not " + wanted.sha256 +
                             ", " + source + "; remove the file and fetch it again");
  note_sum(sums_path, sums, file.name, sum);
  std::printf("%s: %s, SHA-256 %s %s\n", wanted.path.c_str(), there ? "was there" : "fetched", sum.c_str(),
              published               ? "as published"
              : wanted.sha256.empty() ? "(none is published; noted in SHA256SUMS)"
                                      : "as before");
  std::fflush(stdout);
  return true;
}

}  // namespace

std::vector<std::string> fetch_sets() {
  std::vector<std::string> names;
  for (const RemoteSet& set : kSets) names.emplace_back(set.name);
  return names;
}

std::string fetch_list() {
  std::string text;
  for (const RemoteSet& set : kSets) {
    text += about(set) + "  about: " + set.publisher.page + "\n";
    for (const char* mirror : set.publisher.mirrors) text += std::string("  from:  ") + mirror + "\n";
    for (const RemoteFile& file : set.files) {
      char line[160];
      std::snprintf(line, sizeof line, "    %-26s %8s  %s\n", file.name,
                    file.bytes ? size_text(file.bytes).c_str() : "?",
                    *file.sha256 ? file.sha256 : "no checksum is published");
      text += line;
    }
  }
  return text;
}

bool fetch(const FetchOptions& options, const std::atomic<bool>* stop) {
  std::string refused;
  for (const std::string& name : options.sets) {
    const RemoteSet& set = set_called(name);
    std::printf("%s", about(set).c_str());
    if (set.publisher.ask && !options.accept_licence) refused += (refused.empty() ? "" : ", ") + name;
  }
  std::fflush(stdout);
  if (!refused.empty())
    throw std::runtime_error(refused +
                             ": nothing was downloaded; if you accept the terms above, say so with "
                             "--accept-licence");
  for (const std::string& name : options.sets)
    for (const RemoteFile& file : set_called(name).files)
      if (!fetch_file(options, set_called(name), file, stop)) return false;
  return true;
}

void add_fetch(CLI::App& app) {
  const auto options = std::make_shared<FetchOptions>();
  const auto list_sets = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("fetch", "download data sets from their publishers");
  command->footer(
      "Examples:\n  biji fetch --list\n  biji fetch mnist --out data\n"
      "  biji fetch olhwdb1.1 hwdb1.1 --out data --accept-licence\n"
      "Ctrl-C keeps what has arrived; the same command goes on from there.");
  command->add_option("SET", options->sets, "data sets")->check(CLI::IsMember(fetch_sets()));
  command->add_option("--out", options->out, "the folder to write; each set gets one in it");
  command->add_flag("--accept-licence,--accept-license", options->accept_licence,
                    "you accept the terms that --list shows (CASIA's sets ask for it)");
  command->add_option("--base-url", options->base_url, "take the files from URL/SET/NAME instead");
  command->add_flag("--list", *list_sets, "show the sets, their files, addresses and terms");

  command->callback([options, list_sets] {
    if (*list_sets) {
      std::fputs(fetch_list().c_str(), stdout);
      return;
    }
    if (options->sets.empty() || options->out.empty()) throw Misuse("give SET and --out, or --list");
    if (!fetch(*options, stop_on_interrupt())) {
      std::fprintf(stderr, "stopped; the same command goes on from here\n");
      throw Failed();
    }
  });
}

}  // namespace biji
