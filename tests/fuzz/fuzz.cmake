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

find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TURBOJPEG_LIBRARY turbojpeg REQUIRED)
find_path(EXIF_INCLUDE_DIR libexif/exif-data.h REQUIRED)
find_library(EXIF_LIBRARY exif REQUIRED)

# Whatever a target may need; the linker takes from it what each does.
add_library(biji_fuzzed STATIC
  native/archive.cpp native/casia.cpp native/file.cpp native/idx.cpp native/pack.cpp native/photo.cpp native/picture.cpp
  native/run.cpp native/safetensors.cpp wasm/core.cpp)
target_include_directories(biji_fuzzed SYSTEM PRIVATE ${TURBOJPEG_INCLUDE_DIR} ${EXIF_INCLUDE_DIR})
target_link_libraries(biji_fuzzed PUBLIC
  biji_core biji_warnings LibArchive::LibArchive ZLIB::ZLIB PNG::PNG OpenSSL::Crypto nlohmann_json::nlohmann_json
  ${TURBOJPEG_LIBRARY} ${EXIF_LIBRARY})

# libFuzzer asks for it weakly, for which no linker would open a library.
add_library(biji_fuzz_seeds OBJECT tests/fuzz/fuzz.cpp)
target_link_libraries(biji_fuzz_seeds PRIVATE biji_core biji_warnings)

foreach(name archive decode gnt idx image ink pack photo png pot run safetensors)
  add_executable(fuzz_${name} tests/fuzz/${name}.cpp)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${name} PRIVATE biji_fuzz_seeds biji_fuzzed)
endforeach()
