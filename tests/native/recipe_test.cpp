// Recipes: one table of settings, in JSON, on the command line and in files.

#include "native/train/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/nets/network.h"
#include "native/train/run.h"
#include "tests/native/training.h"

namespace biji {
namespace {

using nlohmann::json;

TEST(Recipe, ComesBackFromJsonAsItWas) {
  for (const NetworkRow& row : network_table()) {
    const Recipe& recipe = default_recipe(row.name);
    const json text = json::parse(json(recipe).dump());
    EXPECT_EQ(text.size(), recipe_fields().size());
    EXPECT_EQ(text.get<Recipe>(), recipe) << text.dump(1);
  }
  EXPECT_EQ(json(Recipe{.lr = 0.05f}).at("lr").dump(), "0.05");  // as people write it
}

TEST(Recipe, SettingsAreSetByName) {
  Recipe recipe;
  set_field(recipe, "lr=2e-4");
  set_field(recipe, "epochs=3");
  set_field(recipe, "optimizer=muon");
  EXPECT_EQ(recipe, (Recipe{.epochs = 3, .optimizer = "muon", .lr = 2e-4f}));
  for (const char* wrong : {"epochs", "epochs=", "epochs=0", "epochs=2.5", "epochs=many", "lr=-1",
                            "augment=3", "augment=nan", "optimizer=sgd", "optimizer=1", "as_pictures=1.1"}) {
    const std::string error = error_of([&] { set_field(recipe, wrong); });
    EXPECT_NE(error.find(std::string(wrong).substr(0, std::string(wrong).find('='))), std::string::npos)
        << error;
  }
  const std::string error = error_of([&] { set_field(recipe, "learning=1"); });
  EXPECT_NE(error.find("weight_decay"), std::string::npos) << error;  // there are ..
}

// A state.json of a version that had other names, mixup and sgd.
TEST(Recipe, OfAnEarlierVersionIsUnderstood) {
  json earlier = json::parse(
      R"({"as_ink": 0.4000000059604645, "augment": 0.5, "augment_end": 0.20000000298023224, "batch": 256, "ema": 0.999,
          "epochs": 3, "exaggerate": 0.25, "label_smoothing": 0.02, "lr": 0.0025, "mixup": 0.0, "optimizer": "muon",
          "patience": 0, "pictures": 0.75, "scribbles": 0.03, "size_start": 40, "weight_decay": 0.05})");
  const auto recipe = earlier.get<Recipe>();
  EXPECT_EQ(recipe.skeletons, 0.4f);
  EXPECT_EQ(recipe.extrapolated_style, 0.25f);
  EXPECT_EQ(recipe.as_pictures, 0.75f);
  EXPECT_EQ(recipe.non_characters, 0.03f);
  EXPECT_EQ(recipe.augment_end, 0.2f);
  earlier["mixup"] = 0.2;
  EXPECT_NE(error_of([&] { earlier.get<Recipe>(); }).find("mixup"), std::string::npos);
  earlier["mixup"] = 0;
  earlier["optimizer"] = "sgd";
  EXPECT_NE(error_of([&] { earlier.get<Recipe>(); }).find("sgd"), std::string::npos);
}

TEST(RecipeFile, OfEachShippedModelIsRead) {
  for (const char* name : {"digits", "letters", "hanzi"}) {
    const std::filesystem::path folder = std::filesystem::path(BIJI_MODELS) / name;
    const RecipeFile file = read_recipe(folder / "recipe.json");
    const json card = json::parse(read_file(folder / "model.json"));
    EXPECT_EQ(file.network, name);
    EXPECT_EQ(file.seed, card.at("training").at("seed").get<uint64_t>());
    ASSERT_EQ(file.data.size(), card.at("data").size());
    for (size_t i = 0; i < file.data.size(); ++i) EXPECT_EQ(file.data[i].name, card.at("data")[i].at("name"));
    // It says everything, so that later defaults do not change it.
    const json text = json::parse(read_file(folder / "recipe.json"));
    for (const RecipeField& field : recipe_fields()) EXPECT_TRUE(text.contains(field.name)) << field.name;
  }
}

TEST(RecipeFile, IsRefusedByName) {
  const TempFolder folder;
  for (const char* text :
       {"", "[]", "{}", R"({"network": "nonesuch"})", R"({"network": "digits", "learning": 1})",
        R"({"network": "digits", "epochs": 0})", R"({"network": "digits", "held_out": 0.9})",
        R"({"network": "digits", "data": [{"name": "a", "share": 0}]})",
        R"({"network": "digits", "data": [{"name": "a", "part": 1}]})"}) {
    write_file(folder / "recipe.json", text);
    EXPECT_NE(error_of([&] { read_recipe(folder / "recipe.json"); }).find("recipe.json: is no recipe"),
              std::string::npos)
        << text;
  }
}

TEST(RecipeFile, AsksForItsPacksByName) {
  const TempFolder folder;
  write_bars(folder / "a.bjp", 100, 1, "a");
  write_bars(folder / "b.bjp", 100, 2, "b");
  TrainOptions options = pinned_run("mnist-dense", folder / "a.bjp", folder / "run");
  options.recipe.epochs = 1;
  options.recipe.batch = 20;
  options.recipe_data = {{"b", 0.5}, {"a", 1}};
  const std::string error = error_of([&] { train(options, nullptr); });
  EXPECT_NE(error.find("for the packs b, a, not for a"), std::string::npos) << error;
  options.data.push_back(folder / "b.bjp");
  options.stop_after = 3;
  const RunState state = train(options, nullptr);
  EXPECT_EQ(state.total_steps, 7);  // 150 samples
  EXPECT_EQ(state.data[1].share, 0.5);
  EXPECT_EQ(state.data[1].samples, 50);
  options.resume = true;
  options.stop_after = -1;
  EXPECT_TRUE(train(options, nullptr).finished());
}

}  // namespace
}  // namespace biji
