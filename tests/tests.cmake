# All tests, for CTest. The core's suites run natively, under sanitizers (preset dev) and as WebAssembly under Node;
# the release build's CTest runs all of them and the tests of the package in Node and in Chromium.

set(BIJI_GOOGLETEST_DIR "/usr/src/googletest" CACHE PATH "GoogleTest's sources")

# The core and whatever else runs without LibTorch and without a browser.
file(GLOB BIJI_CORE_TESTS CONFIGURE_DEPENDS tests/core/*_test.cpp)

if(NOT TARGET gtest)
  set(INSTALL_GTEST OFF CACHE INTERNAL "")
  add_subdirectory(${BIJI_GOOGLETEST_DIR} ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
endif()

add_executable(core_tests ${BIJI_CORE_TESTS} wasm/core.cpp wasm/ink_document.cpp wasm/ink_mesh.cpp)
target_link_libraries(core_tests PRIVATE biji_core biji_warnings gtest_main)
# Test code too must not fuse multiplications and additions: it computes inputs whose bytes are compared.
target_compile_options(core_tests PRIVATE -ffp-contract=off)

# Built by `make bench` only.
add_executable(core_bench EXCLUDE_FROM_ALL tests/bench/core_bench.cpp)
target_link_libraries(core_bench PRIVATE biji_core biji_warnings)

if(EMSCRIPTEN)
  target_link_options(core_bench PRIVATE -sENVIRONMENT=node -sALLOW_MEMORY_GROWTH=1)
  set_target_properties(core_bench PROPERTIES SUFFIX .cjs)
  target_link_options(core_tests PRIVATE -sENVIRONMENT=node -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1 -sNODERAWFS=0)
  set_target_properties(core_tests PROPERTIES SUFFIX .cjs)
  # Node's own fetch confuses em++ 3.1.6's loader.
  add_test(NAME core_wasm COMMAND node --no-experimental-fetch $<TARGET_FILE:core_tests>)
else()
  add_test(NAME core COMMAND core_tests)
endif()

if(TARGET biji)
  file(GLOB BIJI_NATIVE_TESTS CONFIGURE_DEPENDS tests/native/*_test.cpp)
  add_executable(native_tests ${BIJI_NATIVE_TESTS})
  target_link_libraries(native_tests PRIVATE biji_native biji_warnings gtest_main)
  target_compile_definitions(native_tests PRIVATE
    BIJI_COMMAND="$<TARGET_FILE:biji>" BIJI_MODELS="${CMAKE_SOURCE_DIR}/models")
  target_precompile_headers(native_tests PRIVATE <ATen/ATen.h> <gtest/gtest.h> <nlohmann/json.hpp>)
  add_test(NAME native COMMAND native_tests)
  # Built by `make bench-train` only.
  add_executable(train_bench EXCLUDE_FROM_ALL tests/bench/train_bench.cpp)
  target_link_libraries(train_bench PRIVATE biji_native biji_warnings)
  set_tests_properties(native PROPERTIES TIMEOUT 600)

  # What the other build folders and dist/ hold. `make test` builds them first.
  add_test(NAME core_sanitized COMMAND sh -c "test -x build-fuzz/core_tests && exec build-fuzz/core_tests || exec build-dev/core_tests"
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_test(NAME core_wasm COMMAND node --no-experimental-fetch ${CMAKE_SOURCE_DIR}/build-wasm/core_tests.cjs)
  add_test(NAME fuzz COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run.sh ${CMAKE_SOURCE_DIR}/build-fuzz 10)
  # From one seed, so that a failure can be had again; `make fuzz` is there to find new ones.
  set_tests_properties(fuzz PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT SEED=1)
  foreach(suite node browser)
    add_test(NAME ${suite} COMMAND node --test ${CMAKE_SOURCE_DIR}/tests/web/${suite}.test.mjs
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${suite} PROPERTIES TIMEOUT 900 RUN_SERIAL ON)  # others would make a browser late
  endforeach()
endif()
