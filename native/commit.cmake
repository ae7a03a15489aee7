# usage: cmake -D SOURCE_DIR=.. -D VERSION=.. -D TEMPLATE=.. -D OUT=.. -P commit.cmake
# Writes the git commit of SOURCE_DIR into OUT, which is left alone when it says so already: at each build, so that the
# program names the sources that it was built from, not those of the day on which the build was configured.
find_program(GIT git)
set(BIJI_COMMIT unknown)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --dirty --abbrev=40 --exclude=*
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  # Sources unpacked within another repository are not that repository's.
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --show-prefix
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND output AND NOT prefix)
    set(BIJI_COMMIT ${output})
  endif()
endif()
configure_file(${TEMPLATE} ${OUT} @ONLY)
