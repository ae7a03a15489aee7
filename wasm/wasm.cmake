# WebAssembly modules for the page: biji-core (encoder and decoder), biji-pad (the drawing canvas).

# Without assertions, and without what they would print: a module of arithmetic needs no stdio.
add_compile_definitions($<$<CONFIG:Release>:NDEBUG>)

# biji-core is a bare WebAssembly file without JavaScript glue: web/recognizer/core.js instantiates it in pages, workers and Node.
add_executable(biji-core wasm/core.cpp)
target_link_libraries(biji-core PRIVATE biji_core biji_warnings)
target_compile_options(biji-core PRIVATE -fno-exceptions -fno-rtti -Os) # it only hands over; the work is in biji_core
set(BIJI_CORE_EXPORTS
  _biji_core_abi _biji_core_create _biji_core_destroy _biji_core_error_text _biji_core_scratch _biji_core_set_input
  _biji_core_set_augmentation _biji_core_set_model _biji_core_input_version _biji_core_label_count
  _biji_core_set_options _biji_core_begin_ink _biji_core_begin_image _biji_core_next _biji_core_batch _biji_core_feed
  _biji_core_result _biji_core_result_words _biji_core_text)
string(REPLACE ";" "," BIJI_CORE_EXPORTS "${BIJI_CORE_EXPORTS}")
# Photographs need memory: 24 megapixels of RGBA and the maps made from them. A failed malloc returns NULL.
target_link_options(biji-core PRIVATE --no-entry -sSTANDALONE_WASM=1 -sALLOW_MEMORY_GROWTH=1 -sABORTING_MALLOC=0
  -sTOTAL_STACK=262144 -sINITIAL_MEMORY=1048576 -sMAXIMUM_MEMORY=1073741824
  -sEXPORTED_FUNCTIONS=${BIJI_CORE_EXPORTS})
set_target_properties(biji-core PROPERTIES SUFFIX .wasm)

include(wasm/pad.cmake)
