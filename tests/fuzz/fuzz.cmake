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

# name: tests/fuzz/<name>.cpp; then the sources that it needs.
function(biji_fuzz name)
  add_executable(fuzz_${name} tests/fuzz/${name}.cpp tests/fuzz/fuzz.cpp ${ARGN})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${name} PRIVATE
    biji_core biji_warnings LibArchive::LibArchive ZLIB::ZLIB PNG::PNG OpenSSL::Crypto nlohmann_json::nlohmann_json)
endfunction()

biji_fuzz(archive native/archive.cpp)
biji_fuzz(decode)
biji_fuzz(gnt native/casia.cpp)
biji_fuzz(idx native/idx.cpp)
biji_fuzz(image wasm/core.cpp)
biji_fuzz(ink wasm/core.cpp)
biji_fuzz(pack native/pack.cpp native/file.cpp)
biji_fuzz(png native/picture.cpp)
biji_fuzz(photo native/photo.cpp native/picture.cpp native/file.cpp)
target_link_libraries(fuzz_photo PRIVATE PNG::PNG ${TURBOJPEG_LIBRARY} ${EXIF_LIBRARY})
biji_fuzz(pot native/casia.cpp)
biji_fuzz(run native/run.cpp native/file.cpp native/safetensors.cpp)
biji_fuzz(safetensors native/safetensors.cpp)
