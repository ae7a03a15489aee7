# Writes C++ that holds text files, so that the program needs nothing beside itself:
#   cmake -DFILES="DIR/page.html;DIR/page.js" -DNAMESPACE=biji::report_files -DHEADER=native/commands/report/files.h -DOUT=FILE -P embed.cmake
# HEADER declares a std::string_view for each, page_html and page_js.
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(REPLACE "." "_" name ${name})
  file(READ ${file} content)
  string(FIND "${content}" ")file\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${file} holds what ends a raw string")
  endif()
  string(APPEND text "const std::string_view ${name} = R\"file(${content})file\";\n\n")
endforeach()
file(WRITE ${OUT} "${text}}  // namespace ${NAMESPACE}\n")
