// The page's files in this folder, as native/embed.cmake compiles them in.
#pragma once

#include <string_view>

namespace biji::report_files {

extern const std::string_view page_html, texts_html, page_css, text_js, charts_js, tables_js, page_js;

}  // namespace biji::report_files
