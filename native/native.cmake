# The biji command and, as a library that tests can link, everything behind it.

include(native/readers.cmake)
find_package(Torch REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(ONNX REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)

add_library(biji_native STATIC
  native/data/alike.cpp native/vary/augment.cpp native/nets/cpu/batch_norm.cpp native/nets/cpu/convolution.cpp native/train/cuda_graph.cpp
  native/data/dataset.cpp native/base/device.cpp native/commands/download.cpp native/train/eval.cpp native/commands/fetch.cpp native/vary/hands.cpp native/vary/ink_augment.cpp
  native/nets/model.cpp native/nets/net.cpp native/nets/onnx_model.cpp native/data/prepare.cpp native/base/progress.cpp native/train/ranks.cpp
  native/commands/recognize.cpp native/commands/report.cpp native/commands/report_page.cpp native/vary/scribble.cpp native/commands/show.cpp
  native/vary/skeleton.cpp native/train/train.cpp)
target_include_directories(biji_native SYSTEM PUBLIC ${TORCH_INCLUDE_DIRS})
target_link_libraries(biji_native
  PUBLIC biji_readers $<IF:$<TARGET_EXISTS:ONNX::onnx>,ONNX::onnx,onnx> ${TORCH_LIBRARIES}
  PRIVATE biji_warnings CURL::libcurl Threads::Threads)
if(TARGET torch_cuda)
  target_compile_definitions(biji_native PRIVATE BIJI_CUDA=1)
endif()
# Without it at::parallel_for, which batch normalisation runs on, is an ordinary loop.
find_package(OpenMP COMPONENTS CXX)
if(OpenMP_CXX_FOUND)
  target_link_libraries(biji_native PRIVATE OpenMP::OpenMP_CXX)
endif()
# Reading LibTorch's headers takes longer than compiling most of our sources.
target_precompile_headers(biji_native PRIVATE <ATen/ATen.h> <nlohmann/json.hpp>)
# Faster convolutions on a CPU (convolution.h). Version 3 has another interface; without version 2 LibTorch's serve.
# Not by find_package(dnnl): Debian's dnnl-config.cmake gives up on machines without OpenCL, which we do not use.
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
find_library(ONEDNN_LIBRARY dnnl)
if(ONEDNN_INCLUDE_DIR AND ONEDNN_LIBRARY)
  file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h ONEDNN_MAJOR REGEX "define DNNL_VERSION_MAJOR 2$")
  if(ONEDNN_MAJOR)
    target_compile_definitions(biji_native PRIVATE BIJI_ONEDNN=1)
    target_include_directories(biji_native SYSTEM PRIVATE ${ONEDNN_INCLUDE_DIR})
    target_link_libraries(biji_native PRIVATE ${ONEDNN_LIBRARY})
  endif()
endif()
# The card says which sources made a model.
set_source_files_properties(native/main.cpp PROPERTIES COMPILE_DEFINITIONS BIJI_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

add_executable(biji native/main.cpp)
target_link_libraries(biji PRIVATE biji_native biji_warnings CLI11::CLI11)

# For tests/tests.cmake.
set(BIJI_NATIVE_TESTS
  tests/native/casia_test.cpp tests/native/cli_test.cpp tests/native/convolution_test.cpp
  tests/native/export_test.cpp tests/native/fetch_test.cpp
  tests/native/files_test.cpp tests/native/ranks_test.cpp tests/native/recognize_test.cpp tests/native/report_test.cpp
  tests/native/scribble_test.cpp tests/native/train_test.cpp)
