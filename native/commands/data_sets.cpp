#include "native/commands/data_sets.h"

namespace biji {
namespace {

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

constexpr const char* kUnchecked =
    "these addresses have not been tried, and no size or checksum is known: if one fails, look on the page "
    "above";
const Publisher kUnipen = {
    "CC BY 4.0; name the International Unipen Foundation, UNIPEN train_r01_v07,\n"
    "         https://doi.org/10.5281/zenodo.1195803 (the CD's own note of 1999 allowed research only); "
    "publications\n"
    "         cite I. Guyon et al., ICPR 1994",
    false,
    "https://zenodo.org/records/1195803",
    {"https://zenodo.org/records/1195803/files/"},
    kUnchecked};
const Publisher kPendigits = {
    "CC BY 4.0; name E. Alpaydin and F. Alimoglu, Pen-Based Recognition of Handwritten Digits, UCI Machine\n"
    "         Learning Repository, https://doi.org/10.24432/C5MG6K",
    false,
    "https://archive.ics.uci.edu/dataset/81",
    {"https://archive.ics.uci.edu/ml/machine-learning-databases/pendigits/"},
    kUnchecked};

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
    {"unipen",
     "pen strokes of Latin characters, words and lines by many writers on some thirty kinds of tablets",
     kUnipen,
     {{"unipen-CDROM-train_r01_v07.tgz", 0, ""}}},
    {"pendigits",
     "pen strokes of 10,992 digits by 44 writers",
     kPendigits,
     {{"pendigits-orig.tra.Z", 0, ""}, {"pendigits-orig.tes.Z", 0, ""}}},
};

}  // namespace

std::span<const RemoteSet> remote_sets() {
  return kSets;
}

}  // namespace biji
