# WebAssembly modules for the page: biji-core (encoder and decoder), biji-pad (the drawing canvas).

# Without assertions, and without what they would print: a module of arithmetic needs no stdio.
add_compile_definitions($<$<CONFIG:Release>:NDEBUG>)

# biji-core is a bare WebAssembly file without JavaScript glue: web/recognizer/core.js instantiates it in pages, workers and Node.
add_executable(biji-core wasm/core.cpp)
target_link_libraries(biji-core PRIVATE biji_core biji_warnings)
target_compile_options(biji-core PRIVATE -fno-exceptions -fno-rtti)
set(BIJI_CORE_EXPORTS
  _biji_core_create _biji_core_destroy _biji_core_input_version _biji_core_error_text _biji_core_set_input
  _biji_core_set_look_again _biji_core_set_labels _biji_core_label_count _biji_core_set_allow _biji_core_scratch
  _biji_core_encode_ink _biji_core_look_again _biji_core_again_count _biji_core_again_input
  _biji_core_encode_image _biji_core_count _biji_core_input _biji_core_boxes _biji_core_lines _biji_core_decode
  _biji_core_candidate_count _biji_core_candidate_indices _biji_core_candidate_probabilities
  _biji_core_reading_count _biji_core_reading_text _biji_core_reading_probability)
string(REPLACE ";" "," BIJI_CORE_EXPORTS "${BIJI_CORE_EXPORTS}")
# Photographs need memory: 24 megapixels of RGBA and the maps made from them. A failed malloc returns NULL.
target_link_options(biji-core PRIVATE --no-entry -sSTANDALONE_WASM=1 -sALLOW_MEMORY_GROWTH=1 -sABORTING_MALLOC=0
  -sTOTAL_STACK=262144 -sINITIAL_MEMORY=1048576 -sMAXIMUM_MEMORY=1073741824
  -sEXPORTED_FUNCTIONS=${BIJI_CORE_EXPORTS})
set_target_properties(biji-core PROPERTIES SUFFIX .wasm)

include(wasm/pad.cmake)
