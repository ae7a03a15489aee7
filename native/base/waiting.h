// How threads wait for one another.
#pragma once

namespace biji {

// OpenMP's threads wait for the next piece of work by spinning, which takes the cores from whatever else runs: beside one
// busy program two threads of ours then do a quarter of what one does. The library reads how to wait from the environment
// when it is loaded, before main(). So this sets OMP_WAIT_POLICY=passive and starts the program anew, once; what the
// user's environment says about waiting holds. To be called first in main(): it does not return where it starts anew, and
// says on stderr where it could not. argv: main's.
void wait_passively(char** argv);

}  // namespace biji
