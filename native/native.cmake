# The biji command and, as a library that tests can link, everything behind it.

include(native/readers.cmake)
find_package(Torch REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(ONNX REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)

add_library(biji_native STATIC
  native/alike.cpp native/augment.cpp native/batch_norm.cpp native/convolution.cpp native/cuda_graph.cpp
  native/dataset.cpp native/device.cpp native/download.cpp native/eval.cpp native/fetch.cpp native/hands.cpp native/ink_augment.cpp
  native/model.cpp native/net.cpp native/onnx_model.cpp native/prepare.cpp native/progress.cpp native/ranks.cpp
  native/recognize.cpp native/report.cpp native/report_page.cpp native/scribble.cpp native/show.cpp
  native/skeleton.cpp native/train.cpp)
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
  tests/native_casia_test.cpp tests/native_cli_test.cpp tests/native_convolution_test.cpp
  tests/native_export_test.cpp tests/native_fetch_test.cpp
  tests/native_files_test.cpp tests/native_ranks_test.cpp tests/native_recognize_test.cpp tests/native_report_test.cpp
  tests/native_scribble_test.cpp tests/native_train_test.cpp)
