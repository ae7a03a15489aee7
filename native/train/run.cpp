#include "native/train/run.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "native/base/file.h"
#include "native/base/json.h"
#include "native/nets/network.h"

namespace biji {

using nlohmann::json;

// JSON is UTF-8, file names are any bytes: those that are not UTF-8 are kept in hexadecimal as well.
static void to_json(json& out, const DataSource& source) {
  out = {{"name", source.name}, {"path", source.path}, {"samples", source.samples}, {"share", source.share}};
  if (!source.checksum.empty()) out["checksum"] = source.checksum;
  std::vector<int32_t> points;
  if (!code_points(source.path, points)) out["path_hex"] = hexadecimal(source.path);
}

static void from_json(const json& in, DataSource& source) {
  source = {in.value("name", ""), in.value("path", ""), in.value("samples", int64_t{0}),
            in.value("share", 1.), in.value("checksum", "")};
  if (in.contains("path_hex")) source.path = from_hexadecimal(in.at("path_hex").get<std::string>());
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochRow, epoch, step, loss, accuracy, val_loss, val_accuracy, lr, seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Logged, step, loss, correct)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Checkpoint, file, sha256, step, epoch_loss, epoch_correct,
                                                logged)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(InputSpec, size_px, box_px, centring, pen_px, directions,
                                                order)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunState, network, classes, input, input_version, recipe,
                                                seed, precision, threads, held_out, data, validation, terms,
                                                init, made_by, mean_of, unsettled, command, git_commit, step,
                                                total_steps, seconds, epoch_loss, epoch_correct, loss_scale,
                                                logged, epochs, checkpoints, best, best_accuracy,
                                                stopped_early)

std::string joined_commands(std::string commands, const std::string& others) {
  for (size_t begin = 0; begin < others.size();) {
    const size_t end = std::min(others.find(" && ", begin), others.size());
    const std::string part = others.substr(begin, end - begin);
    if ((" && " + commands + " && ").find(" && " + part + " && ") == std::string::npos)
      commands += (commands.empty() ? "" : " && ") + part;
    begin = end + 4;
  }
  return commands;
}

RunState read_run(const std::filesystem::path& folder) {
  const auto path = folder / "state.json";
  if (!std::filesystem::exists(path))
    throw std::runtime_error(folder.string() +
                             ": is not a training run (no state.json); `biji train` makes one");
  json parsed = parse_json(read_file(path, 64 << 20));
  try {
    // Before settings got their present names, mnist-rnn was the LSTM.
    if (parsed.at("network") == "mnist-rnn" && parsed.at("recipe").contains("scribbles"))
      parsed["network"] = "mnist-lstm";
    return parsed.get<RunState>();
  } catch (const std::exception& error) {
    throw std::runtime_error(path.string() + ": is damaged (" + message_of(error) +
                             "); train into another folder");
  }
}

void check_input(const std::filesystem::path& folder, const RunState& state) {
  if (!valid(state.input) || state.input_version != input_version(state.input))
    throw std::runtime_error(folder.string() + ": was trained on input of encoder version " +
                             std::to_string(state.input_version) + ", this program makes " +
                             std::to_string(input_version(state.input)) + "; `biji train " + state.network +
                             " --init " + folder.string() + "` goes on from its weights");
}

void save_run(const std::filesystem::path& folder, RunState& state, const FloatTensors& tensors, bool best) {
  char name[64];
  std::snprintf(name, sizeof name, "checkpoint-%08lld.safetensors", static_cast<long long>(state.step));
  const std::string bytes = to_safetensors(tensors);
  write_file(folder / name, bytes);
  const Checkpoint checkpoint{name,        sha256(bytes), state.step, state.epoch_loss, state.epoch_correct,
                              state.logged};
  std::erase_if(state.checkpoints, [&](const Checkpoint& old) { return old.file == name; });
  state.checkpoints.insert(state.checkpoints.begin(), checkpoint);
  if (state.checkpoints.size() > 2) state.checkpoints.resize(2);
  if (best) state.best = checkpoint;
  write_file(folder / "state.json", json_text(state, 1) + "\n");

  std::string log;
  for (const EpochRow& row : state.epochs) log += json_text(row) + "\n";
  write_file(folder / "log.jsonl", log);

  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    const bool named =
        file == state.best.file || std::any_of(state.checkpoints.begin(), state.checkpoints.end(),
                                               [&](const Checkpoint& c) { return c.file == file; });
    // Left behind by a run that was killed while it wrote.
    const bool leftover = file.find(".tmp-") != std::string::npos;  // of earlier versions
    if (leftover || (file.starts_with("checkpoint-") && !named)) {
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

namespace {

FloatTensors read_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint) {
  const std::string bytes = read_file(folder / checkpoint.file);
  if (sha256(bytes) != checkpoint.sha256) throw std::runtime_error("checksum is wrong");
  return from_safetensors(bytes);
}

}  // namespace

FloatTensors load_checkpoint(const std::filesystem::path& folder, RunState& state) {
  std::string problems;
  for (const Checkpoint& checkpoint : state.checkpoints) {
    const auto path = folder / checkpoint.file;
    try {
      FloatTensors tensors = read_checkpoint(folder, checkpoint);
      if (checkpoint.step != state.step) {
        std::fprintf(stderr, "%s; going back to %s\n", problems.c_str(), path.c_str());
        state.step = checkpoint.step;
        std::erase_if(state.epochs, [&](const EpochRow& row) { return row.step > checkpoint.step; });
        state.epoch_loss = checkpoint.epoch_loss;
        state.epoch_correct = checkpoint.epoch_correct;
        state.logged = checkpoint.logged;
      }
      return tensors;
    } catch (const std::runtime_error& error) {
      problems += (problems.empty() ? "" : "; ") + path.string() + ": " + error.what();
    }
  }
  throw std::runtime_error(folder.string() + ": no usable checkpoint (" +
                           (problems.empty() ? "none was written" : problems) + "); train anew");
}

FloatTensors load_best(const std::filesystem::path& folder, RunState& state) {
  if (state.best.file.empty()) return load_checkpoint(folder, state);
  try {
    return read_checkpoint(folder, state.best);
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "%s: %s; taking the newest checkpoint instead of the best one\n",
                 (folder / state.best.file).c_str(), error.what());
    return load_checkpoint(folder, state);
  }
}

}  // namespace biji
