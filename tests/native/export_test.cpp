// Exported models: valid ONNX, the same weights when read back, and nothing accepted that was tampered with.

#include "native/train/export.h"

#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <nlohmann/json.hpp>

#include "native/base/file.h"
#include "native/commands/report.h"
#include "native/nets/onnx_model.h"
#include "native/train/average.h"
#include "native/train/eval.h"
#include "native/train/run_model.h"
#include "native/train/train.h"
#include "tests/native/training.h"

namespace biji {
namespace {

class EachNetworkExport : public testing::TestWithParam<std::string> {
 protected:
  Net untrained() const {
    Net net(network_row(GetParam()).build(10), at::kCPU);
    net.initialise(5);
    return fold(net);
  }
};

TEST_P(EachNetworkExport, IsValidOnnxWithTheRightInterface) {
  for (const Stored stored : {Stored::kFloat, Stored::kHalf, Stored::kInt8}) {
    Net net = untrained();
    round_to(net, stored);
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(to_onnx(net, stored)));
    EXPECT_NO_THROW(onnx::checker::check_model(model));
    // Types and shapes as well: each value's are those that its reader may have.
    onnx::ModelProto inferred = model;
    EXPECT_NO_THROW(
        onnx::shape_inference::InferShapes(inferred, onnx::OpSchemaRegistry::Instance(), {true, 1}));
    ASSERT_EQ(model.graph().input_size(), 1);
    EXPECT_EQ(model.graph().input(0).name(), "input");
    EXPECT_EQ(model.graph().input(0).type().tensor_type().elem_type(), onnx::TensorProto::UINT8);
    EXPECT_EQ(model.graph().output(0).name(), "logits");
    for (const auto& node : model.graph().node())
      for (const auto& attribute : node.attribute()) EXPECT_NE(attribute.name(), "auto_pad");
  }
}

TEST_P(EachNetworkExport, ReadsBackWithTheSameLogits) {
  at::manual_seed(1);
  for (const Stored stored : {Stored::kFloat, Stored::kHalf, Stored::kInt8}) {
    Net net = untrained();
    const int64_t side = net.network().input.size_px, channels = net.network().input.channels();
    const at::Tensor pixels = at::randint(256, {5, channels, side, side}, at::kByte);
    const at::Tensor exact = logits_of(net, pixels);
    round_to(net, stored);
    const at::Tensor once = net.state().clone();
    round_to(net, stored);
    EXPECT_TRUE(once.equal(net.state()));  // what is stored is what was rounded to
    // A weight moves by at most 1/254 of its row's largest; on the whole the logits by a few percent.
    EXPECT_LT((logits_of(net, pixels) - exact).norm().item<float>(), 0.1f * exact.norm().item<float>());
    Net back(net.network(), at::kCPU);
    from_onnx(to_onnx(net, stored), back);
    EXPECT_TRUE(logits_of(back, pixels).equal(logits_of(net, pixels)));
  }
}

TEST_P(EachNetworkExport, SurvivesEveryTruncationOfTheFile) {
  Net net = untrained();
  round_to(net, Stored::kInt8);
  const std::string bytes = to_onnx(net, Stored::kInt8);
  const size_t stride = std::max<size_t>(1, bytes.size() / 200);
  for (size_t length = 0; length < bytes.size(); length += stride) {
    Net back(net.network(), at::kCPU);
    EXPECT_NE(error_of([&] { from_onnx(std::string_view(bytes).substr(0, length), back); }), "") << length;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EachNetworkExport, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const NetworkRow& row : network_table()) names.emplace_back(row.name);
                           return names;
                         }()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

class Exported : public testing::Test {
 protected:
  void SetUp() override {
    write_bars(folder / "bars.bjp", 60);
    write_bars(folder / "test.bjp", 40, 9, "bars-test");
    make_run("run", "mnist-dense", 1);
    export_model({folder / "run", folder / "models/bars", "fp16", {folder / "test.bjp"}, "1.2.3", true});
  }
  void make_run(const char* name, const char* network, uint64_t seed) {
    TrainOptions options = pinned_run(network, folder / "bars.bjp", folder / name);
    options.seed = seed;
    options.recipe.epochs = 1;
    options.stop_after = 0;  // an untrained network can be exported too
    options.command = "biji train mnist-dense";
    if (seed > 1) options.command += " && biji train " + std::string(network) + " --seed 2";
    train(options, nullptr);
  }
  nlohmann::json json(const char* name) const {
    return nlohmann::json::parse(read_file(folder / "models/bars" / name));
  }
  TempFolder folder;
};

TEST_F(Exported, OfAnAverageNamesTheRuns) {
  make_run("other", "mnist-dense", 2);
  average({{{folder / "run", 1}, {folder / "other", 1}}, folder / "mean", ""});
  export_model({folder / "mean", folder / "models/mean", "fp32", {}, "1.2.3", true});
  const at::Tensor mean = load_model(folder / "models/mean").net.state();
  EXPECT_TRUE(mean.equal(load_model(folder / "mean").net.state()));
  const auto card = nlohmann::json::parse(read_file(folder / "models/mean/model.json"));
  EXPECT_EQ(card.at("training").at("command"), "biji train mnist-dense && biji train mnist-dense --seed 2");
  EXPECT_EQ(card.at("training").at("mean_of").size(), 2u);
}

TEST_F(Exported, TheCardDescribesTheFile) {
  const auto card = json("model.json");
  const std::string onnx = read_file(folder / "models/bars/model.onnx");
  EXPECT_EQ(card.at("name"), "bars");
  EXPECT_EQ(card.at("version"), "1.2.3");
  EXPECT_EQ(card.at("bytes"), onnx.size());
  EXPECT_EQ(card.at("sha256"), sha256(onnx));
  EXPECT_EQ(card.at("input_version"), input_version(kDigitsInput));
  EXPECT_EQ(card.at("input").at("size"), 28);
  EXPECT_EQ(card.at("input").at("centring"), "mass");
  EXPECT_EQ(card.at("classes"), 10);
  EXPECT_EQ(card.at("precision"), "fp16");
  EXPECT_EQ(card.at("training").at("command"), "biji train mnist-dense");
  EXPECT_EQ(card.at("training").at("epochs"), 1);
  EXPECT_EQ(card.at("data")[0].at("samples"), 60);
  EXPECT_TRUE(card.at("accuracy").contains("bars-test"));
  EXPECT_EQ(card.at("measured_on"), "bars-test");
  const int samples = card.at("precisions").at("samples");
  EXPECT_EQ(samples, 60);
  for (const char* precision : {"fp32", "fp16", "int8"}) {
    const double right = samples * card.at("precisions").at(precision).get<double>();
    EXPECT_NEAR(right, std::round(right), 1e-4) << precision;
    EXPECT_GE(right, 1) << precision;
    EXPECT_LE(right, samples) << precision;
  }
  EXPECT_GE(card.at("rejection").at("threshold"), 0.01);
  EXPECT_LE(card.at("rejection").at("false_accept").get<double>(), 1);
  EXPECT_EQ(read_file(folder / "models/bars/labels.txt"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

// Weights that began with CASIA's data stay under its terms, whatever they learned afterwards.
TEST_F(Exported, TheLicenceIsThatOfAllDataOnTheWay) {
  EXPECT_NE(json("model.json").at("licence").get<std::string>().find("Apache"), std::string::npos);
  const auto run = folder / "run";
  auto state = nlohmann::json::parse(read_file(run / "state.json"));
  for (const char* terms : {kTermsCasia, kTermsUnknown}) {
    state["terms"] = {terms, kTermsNist};
    write_file(run / "state.json", state.dump());
    export_model({run, folder / "models/bars", "fp16", {}, "1.2.3", true});
    const auto note = json("model.json").at("licence").get<std::string>();
    EXPECT_NE(note.find(terms == std::string(kTermsCasia) ? "CASIA" : "not recorded"), std::string::npos)
        << note;
    EXPECT_EQ(json("model.json").at("terms"), state["terms"]);
    EXPECT_FALSE(json("golden.json").at("inputs")[3].contains("label"));  // non-characters
  }
  state.erase("terms");  // a run of an earlier version
  write_file(run / "state.json", state.dump());
  export_model({run, folder / "models/bars", "fp16", {}, "1.2.3", true});
  EXPECT_EQ(json("model.json").at("terms"), Terms{kTermsUnknown});
  EXPECT_FALSE(json("golden.json").at("inputs")[3].contains("label"));
}

TEST_F(Exported, TheGoldenFileHoldsOneSampleOfEachClass) {
  const auto golden = json("golden.json");
  ASSERT_EQ(golden.at("inputs").size(), 10u);
  EXPECT_EQ(golden.at("inputs")[3].at("label"), "3");
  EXPECT_EQ(golden.at("inputs")[3].at("logits").size(), 10u);
  EXPECT_EQ(golden.at("inputs")[3].at("pixels").get<std::string>().size(), (784 + 2) / 3 * 4u);
  EXPECT_GT(golden.at("tolerance"), 0);
  EXPECT_LT(golden.at("tolerance"), 1e-3);
}

TEST_F(Exported, EvaluatesAsTheRunItCameFrom) {
  report({folder / "models/bars", {folder / "test.bjp"}, folder / "report.json", folder / "report.html"});
  const auto numbers = nlohmann::json::parse(read_file(folder / "report.json"));
  EXPECT_NEAR(numbers.at("top1").get<double>(),
              json("model.json").at("accuracy").at("bars-test").get<double>(), 1e-6);
  EXPECT_NE(read_file(folder / "report.html").find("data:image/png;base64,"), std::string::npos);
}

TEST_F(Exported, TheWeightsOfTheEndAreThereToo) {
  TrainOptions options = pinned_run("mnist-dense", folder / "bars.bjp", folder / "long");
  options.recipe.epochs = 3;
  options.recipe.batch = 20;
  options.held_out = 0.2;
  train(options, nullptr);
  auto json = nlohmann::json::parse(read_file(options.out / "state.json"));
  json["best"] = json.at("checkpoints").at(1);
  write_file(options.out / "state.json", json.dump());
  ExportOptions exported{options.out, folder / "best", "fp32", {}, "1.0.0", true};
  export_model(exported);
  exported.out = folder / "last";
  exported.last = true;
  export_model(exported);
  EXPECT_NE(read_file(folder / "best/model.onnx"), read_file(folder / "last/model.onnx"));
}

TEST_F(Exported, ARunReadsTheInputThatItLearned) {
  const auto run = folder / "run";
  auto state = nlohmann::json::parse(read_file(run / "state.json"));
  EXPECT_EQ(error_of([&] { load_model(run); }), "");
  state["input"]["centring"] = static_cast<int>(Centring::kBox);
  write_file(run / "state.json", state.dump());
  EXPECT_EQ(load_model(run).net.network().input.centring, Centring::kBox);
  state["input"]["box_px"] = 99;
  write_file(run / "state.json", state.dump());
  EXPECT_NE(error_of([&] { load_model(run); }).find("--init"), std::string::npos);
  TrainOptions options;
  options.out = run;
  options.resume = true;
  EXPECT_NE(error_of([&] { train(options, nullptr); }).find("--init"), std::string::npos);
}

TEST_F(Exported, ATamperedFolderIsRefusedByName) {
  const auto model = folder / "models/bars";
  const std::string card = read_file(model / "model.json"), onnx = read_file(model / "model.onnx"),
                    labels = read_file(model / "labels.txt");
  EXPECT_EQ(error_of([&] { load_model(model); }), "");
  write_file(model / "model.onnx", onnx.substr(0, onnx.size() - 1));
  EXPECT_NE(error_of([&] { load_model(model); }).find("model.onnx"), std::string::npos);
  write_file(model / "model.onnx", onnx);
  write_file(model / "labels.txt", "0\n1\n");
  EXPECT_NE(error_of([&] { load_model(model); }).find("labels.txt"), std::string::npos);
  write_file(model / "labels.txt", labels);
  write_file(model / "model.json", "{");
  EXPECT_NE(error_of([&] { load_model(model); }).find("model.json"), std::string::npos);
  auto other = nlohmann::json::parse(card);
  other["input_version"] = input_version(kDigitsInput) + 1;
  write_file(model / "model.json", other.dump());
  EXPECT_NE(error_of([&] { load_model(model); }).find("encoder version"), std::string::npos);
  other = nlohmann::json::parse(card);
  other["input"]["centring"] = "sideways";
  write_file(model / "model.json", other.dump());
  EXPECT_NE(error_of([&] { load_model(model); }).find("centring"), std::string::npos);
  other = nlohmann::json::parse(card);
  other["temperature"] = 0;
  write_file(model / "model.json", other.dump());
  EXPECT_NE(error_of([&] { load_model(model); }).find("temperature of 0"), std::string::npos);
}

}  // namespace
}  // namespace biji
