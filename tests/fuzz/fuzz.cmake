# The fuzz targets: preset fuzz (clang). tests/fuzz/run.sh runs them; LibTorch is not needed.

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS "-fsanitize=fuzzer,address,undefined")
check_cxx_source_compiles("extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, decltype(sizeof 0)) { return 0; }"
  BIJI_HAS_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT BIJI_HAS_LIBFUZZER)
  message(WARNING "No fuzz targets: ${CMAKE_CXX_COMPILER} has no libFuzzer. It wants clang with its runtime (libclang-rt-dev).")
  unset(BIJI_HAS_LIBFUZZER CACHE)  # ask again next time
  return()
endif()

include(native/libraries.cmake)
# Everything that reads untrusted bytes; none of it needs LibTorch.
add_library(biji_readers STATIC
  native/base/file.cpp native/data/archive.cpp native/data/casia.cpp native/data/idx.cpp native/data/npy.cpp native/data/pack.cpp
  native/data/photo.cpp native/data/picture.cpp native/data/png.cpp native/data/terms.cpp native/data/unipen.cpp native/nets/network.cpp native/nets/safetensors.cpp
  native/train/recipe.cpp native/train/run.cpp)
target_link_libraries(biji_readers PUBLIC biji_core biji_reader_libraries PRIVATE biji_warnings)
add_library(biji_fuzzed_core STATIC wasm/core.cpp)
target_link_libraries(biji_fuzzed_core PRIVATE biji_core biji_warnings)

# libFuzzer asks for it weakly, for which no linker would open a library.
add_library(biji_fuzz_seeds OBJECT tests/fuzz/fuzz.cpp)
target_link_libraries(biji_fuzz_seeds PRIVATE biji_core biji_warnings)

foreach(name archive decode gnt idx image ink npy pack photo png pot run safetensors unipen)
  add_executable(fuzz_${name} tests/fuzz/${name}.cpp)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${name} PRIVATE biji_fuzz_seeds biji_warnings biji_fuzzed_core biji_readers)
endforeach()
