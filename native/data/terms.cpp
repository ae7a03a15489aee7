#include "native/data/terms.h"

#include <algorithm>

namespace biji {

Terms joined(Terms terms, const Terms& others) {
  terms.insert(terms.end(), others.begin(), others.end());
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

bool shareable(const Terms& terms) {
  return !terms.empty() &&
         std::all_of(terms.begin(), terms.end(), [](const std::string& each) { return each == kTermsNist; });
}

std::string licence_note(const Terms& terms) {
  if (shareable(terms))
    return "Weights: Apache-2.0. MNIST and EMNIST derive from NIST Special Database 19, a work of the US "
           "government.";
  std::string note = "Weights: ";
  const bool casia = std::find(terms.begin(), terms.end(), kTermsCasia) != terms.end();
  const bool others = terms.empty() || std::any_of(terms.begin(), terms.end(), [](const std::string& each) {
                        return each != kTermsCasia && each != kTermsNist;
                      });
  if (casia)
    note +=
        "made from CASIA's handwriting databases, which are free for academic research on CASIA's terms; ask "
        "CASIA before any commercial use.";
  if (others)
    note += std::string(casia ? " Also " : "") +
            "made from data whose terms of use are not recorded; ask whoever gathered them before you pass "
            "the weights on.";
  return note;
}

}  // namespace biji
