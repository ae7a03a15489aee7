# The biji command. One library for each room, in the order in which they may use one another: a room includes what stands
# before it and shared/, never what stands behind it (tests/lint.mjs checks that).

find_package(Torch REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(ONNX REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)
include(native/libraries.cmake)

# What every room is compiled with; equal flags let them share one precompiled header.
add_library(biji_native_flags INTERFACE)
target_include_directories(biji_native_flags SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(biji_native_flags INTERFACE
  biji_core biji_reader_libraries $<IF:$<TARGET_EXISTS:ONNX::onnx>,ONNX::onnx,onnx> ${TORCH_LIBRARIES} CLI11::CLI11
  CURL::libcurl Threads::Threads)
if(TARGET torch_cuda)
  target_compile_definitions(biji_native_flags INTERFACE BIJI_CUDA=1)
endif()
# Without it at::parallel_for, which batch normalisation runs on, is an ordinary loop.
find_package(OpenMP COMPONENTS CXX)
if(OpenMP_CXX_FOUND)
  target_link_libraries(biji_native_flags INTERFACE OpenMP::OpenMP_CXX)
endif()
# Faster convolutions on a CPU (nets/cpu/convolution.h). Version 3 has another interface; without version 2 LibTorch's
# serve. Not by find_package(dnnl): Debian's dnnl-config.cmake gives up on machines without OpenCL, which we do not use.
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
find_library(ONEDNN_LIBRARY dnnl)
if(ONEDNN_INCLUDE_DIR AND ONEDNN_LIBRARY)
  file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h ONEDNN_MAJOR REGEX "define DNNL_VERSION_MAJOR 2$")
  if(ONEDNN_MAJOR)
    target_compile_definitions(biji_native_flags INTERFACE BIJI_ONEDNN=1)
    target_include_directories(biji_native_flags SYSTEM INTERFACE ${ONEDNN_INCLUDE_DIR})
    target_link_libraries(biji_native_flags INTERFACE ${ONEDNN_LIBRARY})
  endif()
endif()

set(BIJI_ROOMS base data vary nets train commands)
set(BIJI_LAST_ROOM biji_native_flags)
foreach(room ${BIJI_ROOMS})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS native/${room}/*.cpp)
  add_library(biji_${room} STATIC ${sources})
  target_link_libraries(biji_${room} PUBLIC ${BIJI_LAST_ROOM} PRIVATE biji_warnings)
  set(BIJI_LAST_ROOM biji_${room})
  # Reading LibTorch's headers takes longer than compiling most of our sources.
  if(room STREQUAL base)
    target_precompile_headers(biji_base PRIVATE <ATen/ATen.h> <nlohmann/json.hpp>)
  else()
    target_precompile_headers(biji_${room} REUSE_FROM biji_base)
  endif()
endforeach()
# The page of `biji eval --html` is inside the program.
set(BIJI_REPORT_PAGE page.html texts.html page.css text.js charts.js tables.js page.js)
set(report_files ${CMAKE_BINARY_DIR}/report_files.cpp)
list(TRANSFORM BIJI_REPORT_PAGE PREPEND ${CMAKE_SOURCE_DIR}/native/commands/report/)
add_custom_command(OUTPUT ${report_files} VERBATIM
  COMMAND ${CMAKE_COMMAND} "-DFILES=${BIJI_REPORT_PAGE}" -DNAMESPACE=biji::report_files
    -DHEADER=native/commands/report/files.h -DOUT=${report_files} -P ${CMAKE_SOURCE_DIR}/native/embed.cmake
  DEPENDS ${BIJI_REPORT_PAGE} native/embed.cmake)
target_sources(biji_commands PRIVATE ${report_files})

add_library(biji_native INTERFACE)
target_link_libraries(biji_native INTERFACE biji_commands)

# A model's card says which sources made it.
set(BIJI_COMMIT_SOURCE ${CMAKE_BINARY_DIR}/commit.cpp)
add_custom_target(biji_commit BYPRODUCTS ${BIJI_COMMIT_SOURCE} COMMENT ""
  COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${CMAKE_SOURCE_DIR} -D VERSION=${PROJECT_VERSION} -D OUT=${BIJI_COMMIT_SOURCE}
    -D TEMPLATE=${CMAKE_SOURCE_DIR}/native/base/commit.cpp.in -P ${CMAKE_SOURCE_DIR}/native/commit.cmake)
target_sources(biji_base PRIVATE ${BIJI_COMMIT_SOURCE})
set_source_files_properties(${BIJI_COMMIT_SOURCE} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
add_dependencies(biji_base biji_commit)

add_executable(biji native/main.cpp)
target_link_libraries(biji PRIVATE biji_native biji_warnings)
