#include "native/data/terms.h"

#include <algorithm>

namespace biji {

Terms joined(Terms terms, const Terms& others) {
  terms.insert(terms.end(), others.begin(), others.end());
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

namespace {

// Terms under which samples may be passed on, and what a card says of them.
struct Open {
  const char* terms;
  const char* credit;
};
constexpr Open kOpen[] = {
    {kTermsNist, " MNIST and EMNIST derive from NIST Special Database 19, a work of the US government."},
    {kTermsUnipen,
     " UNIPEN train_r01_v07: International Unipen Foundation, CC BY 4.0, "
     "https://doi.org/10.5281/zenodo.1195803."},
    {kTermsPendigits,
     " Pen-Based Recognition of Handwritten Digits: E. Alpaydin and F. Alimoglu, UCI Machine Learning "
     "Repository, CC BY "
     "4.0."},
};

bool is_open(const std::string& terms) {
  return std::any_of(std::begin(kOpen), std::end(kOpen),
                     [&](const Open& open) { return open.terms == terms; });
}

// all: also of NIST's, which asks for none.
std::string credits(const Terms& terms, bool all) {
  std::string text;
  for (const Open& open : kOpen)
    if ((all || open.terms != std::string(kTermsNist)) &&
        std::find(terms.begin(), terms.end(), open.terms) != terms.end())
      text += open.credit;
  return text;
}

}  // namespace

bool shareable(const Terms& terms) {
  return !terms.empty() && std::all_of(terms.begin(), terms.end(), is_open);
}

std::string licence_note(const Terms& terms) {
  if (shareable(terms)) return "Weights: Apache-2.0." + credits(terms, true);
  std::string note = "Weights: ";
  const bool casia = std::find(terms.begin(), terms.end(), kTermsCasia) != terms.end();
  const bool others = terms.empty() || std::any_of(terms.begin(), terms.end(), [](const std::string& each) {
                        return each != kTermsCasia && !is_open(each);
                      });
  if (casia)
    note +=
        "made from CASIA's handwriting databases, which are free for academic research on CASIA's terms; ask "
        "CASIA before any commercial use.";
  if (others)
    note += std::string(casia ? " Also " : "") +
            "made from data whose terms of use are not recorded; ask whoever gathered them before you pass "
            "the weights on.";
  return note + credits(terms, false);
}

}  // namespace biji
