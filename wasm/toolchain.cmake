# Emscripten's own toolchain file: the one that BIJI_EMSCRIPTEN_TOOLCHAIN names, else the one beside em++ on the PATH (Debian's
# package and an activated emsdk alike).
if(NOT DEFINED ENV{BIJI_EMSCRIPTEN_TOOLCHAIN})
  execute_process(COMMAND em-config EMSCRIPTEN_ROOT OUTPUT_VARIABLE BIJI_EMSCRIPTEN OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE BIJI_STATUS)
  if(NOT BIJI_STATUS EQUAL 0)
    message(FATAL_ERROR "Emscripten is missing: there is no em-config on the PATH. `make setup` installs it on Debian and Ubuntu; "
      "elsewhere activate an emsdk.")
  endif()
  set(ENV{BIJI_EMSCRIPTEN_TOOLCHAIN} "${BIJI_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake")
endif()
include("$ENV{BIJI_EMSCRIPTEN_TOOLCHAIN}")
