# biji-pad: the sheet of <biji-pad>, Dear ImGui on WebGL2, as an ES module with its wasm file beside it.

if(NOT EXISTS ${BIJI_IMGUI_DIR}/imgui.cpp)
  message(FATAL_ERROR "Dear ImGui's sources are not in ${BIJI_IMGUI_DIR}: run `make setup` or set BIJI_IMGUI_DIR")
endif()

add_library(biji_imgui STATIC
  ${BIJI_IMGUI_DIR}/imgui.cpp ${BIJI_IMGUI_DIR}/imgui_draw.cpp ${BIJI_IMGUI_DIR}/imgui_tables.cpp
  ${BIJI_IMGUI_DIR}/imgui_widgets.cpp ${BIJI_IMGUI_DIR}/backends/imgui_impl_opengl3.cpp)
target_include_directories(biji_imgui SYSTEM PUBLIC ${BIJI_IMGUI_DIR})
target_compile_definitions(biji_imgui PUBLIC
  IMGUI_IMPL_OPENGL_ES3
  ImDrawIdx=unsigned  # 32 bits: a long stroke is one draw command, and WebGL2 has no vertex offset
  # What a canvas without text, windows and files does not need.
  IMGUI_DISABLE_DEMO_WINDOWS IMGUI_DISABLE_DEBUG_TOOLS IMGUI_DISABLE_OBSOLETE_FUNCTIONS IMGUI_DISABLE_FILE_FUNCTIONS
  IMGUI_DISABLE_DEFAULT_SHELL_FUNCTIONS IMGUI_DISABLE_DEFAULT_FONT
  # pad.cpp has these instead, as it has no text: the font loader and printf.
  IMGUI_ENABLE_FREETYPE IMGUI_DISABLE_DEFAULT_FORMAT_FUNCTIONS)

add_executable(biji-pad ${CMAKE_SOURCE_DIR}/wasm/pad.cpp ${CMAKE_SOURCE_DIR}/wasm/ink_document.cpp
  ${CMAKE_SOURCE_DIR}/wasm/ink_mesh.cpp)
target_include_directories(biji-pad PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(biji-pad PRIVATE biji_imgui biji_warnings)

# Dear ImGui is large and little of it runs: small. Our own part is small and runs at every pen movement: fast.
target_compile_options(biji_imgui PRIVATE -fno-exceptions -fno-rtti -Oz)
target_compile_options(biji-pad PRIVATE -fno-exceptions -fno-rtti -O2)

set(BIJI_PAD_EXPORTS
  _biji_pad_create _biji_pad_destroy _biji_pad_attach _biji_pad_detach _biji_pad_resize _biji_pad_style
  _biji_pad_boxes _biji_pad_dirty _biji_pad_clean _biji_pad_live _biji_pad_draw _biji_pad_scratch _biji_pad_pen_down _biji_pad_pen_move
  _biji_pad_pen_predict _biji_pad_pen_up _biji_pad_pen_cancel _biji_pad_undo _biji_pad_redo _biji_pad_clear
  _biji_pad_erase _biji_pad_can_undo _biji_pad_can_redo _biji_pad_stroke_count _biji_pad_points
  _biji_pad_ends _biji_pad_replace)
string(REPLACE ";" "," BIJI_PAD_EXPORTS "${BIJI_PAD_EXPORTS}")
set_target_properties(biji-pad PROPERTIES SUFFIX .mjs)
target_link_options(biji-pad PRIVATE
  -Oz --no-entry
  -sMODULARIZE=1 -sEXPORT_ES6=1 -sUSE_ES6_IMPORT_META=0  # the page says where the wasm file is (locateFile)
  -sENVIRONMENT=web,worker
  -sDYNAMIC_EXECUTION=0                                  # strict script-src pages
  -sFILESYSTEM=0 -sMALLOC=emmalloc                      # small: little is allocated, and rarely
  -sMIN_WEBGL_VERSION=2 -sMAX_WEBGL_VERSION=2
  -sMIN_CHROME_VERSION=91 -sMIN_SAFARI_VERSION=160400 -sMIN_FIREFOX_VERSION=89
  -sALLOW_MEMORY_GROWTH=1 -sINITIAL_MEMORY=2097152 -sMAXIMUM_MEMORY=268435456 -sTOTAL_STACK=262144
  -sEXPORTED_FUNCTIONS=${BIJI_PAD_EXPORTS}
  -sEXPORTED_RUNTIME_METHODS=GL,HEAPF32,HEAP32)
