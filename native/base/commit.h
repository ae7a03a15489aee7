// Which sources this program was built from.
#pragma once

#include <string>

namespace biji {

// Of the program, "0.1.0".
const std::string& program_version();

// The git commit, 40 hexadecimal digits, with "-dirty" behind it where the sources differed from it; "unknown" without
// git. Of the build, not of the folder it runs in.
const std::string& git_commit();

// Whether anybody who has the repository can build the same program: false for dirty and unknown.
bool reproducible(const std::string& commit);

}  // namespace biji
