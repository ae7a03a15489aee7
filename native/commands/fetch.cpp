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
#include "native/commands/data_sets.h"
#include "native/commands/download.h"

namespace biji {
namespace {

namespace fs = std::filesystem;

const RemoteSet& set_called(const std::string& name) {
  for (const RemoteSet& set : remote_sets())
    if (set.name == name) return set;
  throw std::runtime_error("no data set is called \"" + name + "\"; see biji fetch --list");
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
  for (const RemoteSet& set : remote_sets()) names.emplace_back(set.name);
  return names;
}

std::string fetch_list() {
  std::string text;
  for (const RemoteSet& set : remote_sets()) {
    text += about(set) + "  about: " + set.publisher.page + "\n";
    for (const char* mirror : set.publisher.mirrors) text += std::string("  from:  ") + mirror + "\n";
    if (set.publisher.note) text += std::string("  note:  ") + set.publisher.note + "\n";
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
  command->add_option("SET", options->sets, "the data sets; --list describes them")
      ->check(CLI::IsMember(fetch_sets()));
  command->add_option("--out", options->out, "the folder to write to; each set gets a folder in it");
  command->add_flag("--accept-licence,--accept-license", options->accept_licence,
                    "accept the terms that --list shows; CASIA's sets need it");
  command->add_option("--base-url", options->base_url,
                      "download URL/SET/NAME instead of the publishers' files");
  command->add_flag("--list", *list_sets, "show the sets, their files, addresses and terms");

  command->callback([options, list_sets] {
    if (*list_sets) {
      std::fputs(fetch_list().c_str(), stdout);
      return check_output();
    }
    if (options->sets.empty() || options->out.empty()) throw Misuse("give SET and --out, or --list");
    if (!fetch(*options, stop_on_signal())) {
      std::fprintf(stderr, "stopped; the same command goes on from here\n");
      throw Failed();
    }
  });
}

}  // namespace biji
