# The biji command and, as a library that tests can link, everything behind it.

find_package(Torch REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ONNX REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)
# libjpeg-turbo's simple interface, and what reads which way up a camera was held.
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TURBOJPEG_LIBRARY turbojpeg REQUIRED)
find_path(EXIF_INCLUDE_DIR libexif/exif-data.h REQUIRED)
find_library(EXIF_LIBRARY exif REQUIRED)

add_library(biji_native STATIC
  native/archive.cpp native/augment.cpp native/batch_norm.cpp native/casia.cpp native/convolution.cpp native/dataset.cpp native/device.cpp
  native/download.cpp native/eval.cpp native/fetch.cpp native/file.cpp native/idx.cpp native/ink_augment.cpp
  native/model.cpp native/net.cpp native/network.cpp native/onnx_model.cpp native/pack.cpp native/photo.cpp
  native/picture.cpp native/prepare.cpp native/progress.cpp native/ranks.cpp native/recognize.cpp native/report.cpp
  native/report_page.cpp native/run.cpp native/safetensors.cpp native/scribble.cpp native/show.cpp native/skeleton.cpp native/train.cpp)
target_include_directories(biji_native SYSTEM PUBLIC ${TORCH_INCLUDE_DIRS}
  PRIVATE ${TURBOJPEG_INCLUDE_DIR} ${EXIF_INCLUDE_DIR})
target_link_libraries(biji_native
  PUBLIC biji_core nlohmann_json::nlohmann_json onnx ${TORCH_LIBRARIES}
  PRIVATE biji_warnings CURL::libcurl LibArchive::LibArchive ZLIB::ZLIB PNG::PNG ${TURBOJPEG_LIBRARY} ${EXIF_LIBRARY}
    OpenSSL::Crypto Threads::Threads)
# Reading LibTorch's headers takes longer than compiling most of our sources.
target_precompile_headers(biji_native PRIVATE <ATen/ATen.h> <nlohmann/json.hpp>)
# Faster convolutions on a CPU (convolution.h). Version 3 has another interface; without version 2 LibTorch's serve.
find_package(dnnl 2 QUIET CONFIG)
if(dnnl_FOUND)
  target_compile_definitions(biji_native PRIVATE BIJI_ONEDNN=1)
  target_link_libraries(biji_native PRIVATE DNNL::dnnl)
endif()
# The card says which sources made a model.
set_source_files_properties(native/main.cpp PROPERTIES COMPILE_DEFINITIONS BIJI_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

add_executable(biji native/main.cpp)
target_link_libraries(biji PRIVATE biji_native biji_warnings CLI11::CLI11)

# For tests/tests.cmake.
set(BIJI_NATIVE_TESTS
  tests/native_casia_test.cpp tests/native_cli_test.cpp tests/native_convolution_test.cpp
  tests/native_export_test.cpp tests/native_fetch_test.cpp
  tests/native_files_test.cpp tests/native_ranks_test.cpp tests/native_recognize_test.cpp tests/native_report_test.cpp
  tests/native_scribble_test.cpp tests/native_train_test.cpp)
