// What may be done with data, and with what has learned from them.
//
// A pack names the terms of the set that it was made from, a run's state.json and a model.json those of all data on the
// way to their weights: weights that began with other weights are under the terms of both.
#pragma once

#include <string>
#include <vector>

namespace biji {

// Each is one word, which packs, runs and models keep even where this program does not know it.
inline constexpr const char* kTermsNist = "nist";            // MNIST, EMNIST: a work of the US government
inline constexpr const char* kTermsCasia = "casia";          // CASIA's sets: free for academic research
inline constexpr const char* kTermsUnipen = "unipen";        // UNIPEN: CC BY 4.0
inline constexpr const char* kTermsPendigits = "pendigits";  // UCI's Pen-Based Digits: CC BY 4.0
inline constexpr const char* kTermsUnknown = "unknown";      // nobody has said

using Terms = std::vector<std::string>;  // sorted, each once

Terms joined(Terms terms, const Terms& others);

// Whether samples may be passed on, in a golden file for instance. No terms at all count as unknown.
bool shareable(const Terms& terms);

// What a model's card says about its weights, with the names that CC BY 4.0 asks for.
std::string licence_note(const Terms& terms);

}  // namespace biji
