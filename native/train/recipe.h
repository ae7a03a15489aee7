// How a network is trained.
//
// Every setting is one line of the table below; the struct, JSON (a run's state.json, recipe.json), `biji train --set` and
// its help follow from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace biji {

// NUMBER(type, name, default, least, most, help)   CHOICE(name, default, words, help)
#define BIJI_RECIPE(NUMBER, CHOICE)                                                                          \
  NUMBER(int32_t, epochs, 20, 1, 1000000, "times through the data")                                          \
  NUMBER(int32_t, batch, 256, 1, 1000000, "samples a step")                                                  \
  CHOICE(optimizer, "adamw", "adamw muon", "optimiser")                                                      \
  NUMBER(float, lr, 2e-3f, 1e-12, 100, "learning rate: of one-cycle the peak")                               \
  CHOICE(schedule, "one_cycle", "one_cycle constant", "of the learning rate")                                \
  NUMBER(float, weight_decay, 0.01f, 0, 100, "of matrices and convolutions, not of gains and biases")        \
  NUMBER(float, label_smoothing, 0, 0, 0.9, "share of the loss that asks for all classes alike")             \
  NUMBER(float, augment, 0, 0, 2, "strength of augmentation; 0 = none, 1 = full")                            \
  NUMBER(float, augment_end, -1, -1, 2, "strength that the last quarter falls to; -1 = the same")            \
  NUMBER(float, ema, 0.999f, 0, 1, "decay of the averaged weights a step; 0 = no average")                   \
  NUMBER(int32_t, input_size, 0, 0, 256, "side of the input in pixels; 0 = the network's own")               \
  NUMBER(int32_t, size_start, 0, 0, 256,                                                                     \
         "side of the input at first (progressive resizing), which grows by 8 px at a time to the full one " \
         "within three quarters of the training; 0 = full; for ink, or networks that read directions")       \
  NUMBER(float, non_characters, 0, 0, 1,                                                                     \
         "samples without a character, to be unsure about (outlier exposure), as a share of the batch that " \
         "is added to it")                                                                                   \
  NUMBER(float, extrapolated_style, 0, 0, 1, "share of ink moved away from another writer's style")          \
  NUMBER(float, as_pictures, 0.5f, 0, 1,                                                                     \
         "share of ink drawn as pictures, without the pen's directions; for networks that read those")       \
  NUMBER(float, skeletons, 0, 0, 1, "share of scans skeletonised and drawn anew with pens of any width")     \
  NUMBER(int32_t, patience, 0, 0, 1000000,                                                                   \
         "epochs without a better validation accuracy that end training; 0 = none do")

struct Recipe {
#define BIJI_NUMBER(type, name, value, least, most, help) type name = value;
#define BIJI_CHOICE(name, value, words, help) std::string name = value;
  BIJI_RECIPE(BIJI_NUMBER, BIJI_CHOICE)
#undef BIJI_NUMBER
#undef BIJI_CHOICE
  bool operator==(const Recipe&) const = default;
};

// A setting as help texts show it.
struct RecipeField {
  std::string name;
  std::string range;  // "0..1", "adamw, muon"
  std::string help;
};
const std::vector<RecipeField>& recipe_fields();

// Sets one field. value: a number or a word, as JSON or as text. Throws std::runtime_error that names the field, or the
// known ones, for a name, type or value that cannot be.
void set_field(Recipe& recipe, const std::string& name, const nlohmann::json& value);
void set_field(Recipe& recipe, const std::string& name, const std::string& text);
// key_value: "lr=0.001".
void set_field(Recipe& recipe, const std::string& key_value);

// All fields. from_json() leaves what is not there as it is, takes the names of earlier versions, and throws as
// set_field(), also for what earlier versions could do and this one cannot (mixup, sgd).
void to_json(nlohmann::json& json, const Recipe& recipe);
void from_json(const nlohmann::json& json, Recipe& recipe);

// How the network is trained unless told otherwise. network: a name of network_table(); std::runtime_error for others.
const Recipe& default_recipe(const std::string& network);

// A pack that a recipe asks for, by the name inside it.
struct RecipeData {
  std::string name;
  double share =
      1;  // of its samples in an epoch, 0..100: 0.5 = half of them, the same ones each time; 2 = all, twice
};

// recipe.json: {network, seed, held_out, data: [{name, share}], validation: [name], and any fields of Recipe}; only
// network must be there.
struct RecipeFile {
  std::string network;
  Recipe recipe;
  uint64_t seed = 1;
  double held_out = 0;  // share of the training samples kept for validation, 0..0.5
  std::vector<RecipeData> data, validation;
};
// Throws std::runtime_error naming the file and what is wrong in it.
RecipeFile read_recipe(const std::filesystem::path& path);

}  // namespace biji
