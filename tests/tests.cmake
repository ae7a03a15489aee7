# All tests, for CTest. Every preset runs the core's suites as it built them; fuzz runs the fuzz targets as well, and
# release (and cuda) everything: the trainer's tests, the other presets' and the package's in Node and in Chromium.

set(BIJI_GOOGLETEST_DIR "/usr/src/googletest" CACHE PATH "GoogleTest's sources")

# The core and whatever else runs without LibTorch and without a browser.
file(GLOB BIJI_CORE_TESTS CONFIGURE_DEPENDS tests/core/*_test.cpp)

if(NOT TARGET gtest)
  set(INSTALL_GTEST OFF CACHE INTERNAL "")
  add_subdirectory(${BIJI_GOOGLETEST_DIR} ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  target_compile_options(gtest PRIVATE -O1 -w)  # somebody else's: what GCC 12 says of it is GCC's mistake
endif()

add_executable(core_tests ${BIJI_CORE_TESTS} wasm/core.cpp wasm/ink_document.cpp wasm/ink_mesh.cpp)
target_link_libraries(core_tests PRIVATE biji_core biji_warnings gtest_main)
# Test code too must not fuse multiplications and additions: it computes inputs whose bytes are compared.
target_compile_options(core_tests PRIVATE -ffp-contract=off)

# What `make bench` runs, and `make bench-train`: built always, so that they keep compiling.
add_executable(core_bench tests/bench/core_bench.cpp)
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

# Every reader on bytes made up for ten seconds, from one seed, so that a failure can be had again; `make fuzz` is there to
# find new ones. Skipped where there is no libFuzzer.
function(biji_add_fuzz_test build)
  add_test(NAME fuzz COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run.sh ${build} 10)
  set_tests_properties(fuzz PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT SEED=1)
endfunction()

if(TARGET biji)
  file(GLOB BIJI_NATIVE_TESTS CONFIGURE_DEPENDS tests/native/*_test.cpp)
  add_executable(native_tests ${BIJI_NATIVE_TESTS})
  target_link_libraries(native_tests PRIVATE biji_native biji_warnings gtest_main)
  target_compile_definitions(native_tests PRIVATE
    BIJI_COMMAND="$<TARGET_FILE:biji>" BIJI_MODELS="${CMAKE_SOURCE_DIR}/models")
  target_compile_options(native_tests PRIVATE -O1)  # what they test is optimised; the tests are compiled in half the time
  target_precompile_headers(native_tests PRIVATE <ATen/ATen.h> <gtest/gtest.h> <nlohmann/json.hpp>)
  add_test(NAME native COMMAND native_tests --gtest_filter=-Killed.*:Damaged.*)
  add_test(NAME native_hardships COMMAND native_tests --gtest_filter=Killed.*:Damaged.*)
  add_executable(train_bench tests/bench/train_bench.cpp)
  target_link_libraries(train_bench PRIVATE biji_native biji_warnings)
  target_precompile_headers(train_bench REUSE_FROM biji_base)
  # Tests run side by side: native/base/waiting.h says why.
  # Debian's interpreter, which has Debian's PyTorch; skipped where there is none.
  find_program(BIJI_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
  find_program(BIJI_PYTHON python3)
  if(BIJI_PYTHON)
    add_test(NAME pytorch_parity COMMAND ${BIJI_PYTHON} ${CMAKE_SOURCE_DIR}/tests/native/pytorch_parity.py ${CMAKE_BINARY_DIR})
    set_tests_properties(pytorch_parity PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT OMP_WAIT_POLICY=passive)
  endif()
  set_tests_properties(native native_hardships PROPERTIES TIMEOUT 1800 ENVIRONMENT OMP_WAIT_POLICY=passive)

  set(BIJI_NODE node)
  if(EXISTS ${CMAKE_SOURCE_DIR}/.deps/node/bin/node)  # setup.sh's, where the system's is too old
    set(BIJI_NODE ${CMAKE_SOURCE_DIR}/.deps/node/bin/node)
  endif()
  add_test(NAME lint COMMAND ${BIJI_NODE} ${CMAKE_SOURCE_DIR}/tests/lint.mjs)

  # What other presets make is brought up to date first: the tests cannot pass on stale programs. That takes seconds
  # where nothing changed, as after `make test`, which builds them before.
  find_program(BIJI_CLANG clang++)
  set(BIJI_SANITIZED dev)
  if(BIJI_CLANG)
    set(BIJI_SANITIZED fuzz)
  endif()
  foreach(preset wasm ${BIJI_SANITIZED})
    add_test(NAME build_${preset} COMMAND sh -c "test -f build-${preset}/build.ninja || { echo 'build-${preset} is not configured: \
cmake --preset ${preset}, or make test, which does it all'; exit 1; }; exec '${CMAKE_COMMAND}' --build --preset ${preset}"
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(build_${preset} PROPERTIES FIXTURES_SETUP ${preset} RUN_SERIAL ON TIMEOUT 3600)
  endforeach()
  add_test(NAME build_page COMMAND ${BIJI_NODE} web/build.mjs WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(build_page PROPERTIES FIXTURES_REQUIRED wasm FIXTURES_SETUP page RUN_SERIAL ON)

  add_test(NAME core_wasm COMMAND ${BIJI_NODE} --no-experimental-fetch ${CMAKE_SOURCE_DIR}/build-wasm/core_tests.cjs)
  set_tests_properties(core_wasm PROPERTIES FIXTURES_REQUIRED wasm)
  add_test(NAME core_sanitized COMMAND ${CMAKE_SOURCE_DIR}/build-${BIJI_SANITIZED}/core_tests)
  set_tests_properties(core_sanitized PROPERTIES FIXTURES_REQUIRED ${BIJI_SANITIZED})
  biji_add_fuzz_test(${CMAKE_SOURCE_DIR}/build-${BIJI_SANITIZED})
  set_tests_properties(fuzz PROPERTIES FIXTURES_REQUIRED ${BIJI_SANITIZED})
  file(GLOB suites CONFIGURE_DEPENDS tests/web/*.test.mjs)
  foreach(suite ${suites})
    get_filename_component(name ${suite} NAME_WE)
    add_test(NAME ${name} COMMAND ${BIJI_NODE} --test ${suite} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED page TIMEOUT 900 RUN_SERIAL ON)  # others would make a browser late
  endforeach()
elseif(BIJI_FUZZ)
  biji_add_fuzz_test(${CMAKE_BINARY_DIR})
endif()
