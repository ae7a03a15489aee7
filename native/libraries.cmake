# The libraries that read data sets, pictures, packs, runs and checkpoints: for the biji command and the fuzz targets.

find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
# libjpeg-turbo's simple interface, and what reads which way up a camera was held.
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TURBOJPEG_LIBRARY turbojpeg REQUIRED)
find_path(EXIF_INCLUDE_DIR libexif/exif-data.h REQUIRED)
find_library(EXIF_LIBRARY exif REQUIRED)

add_library(biji_reader_libraries INTERFACE)
target_include_directories(biji_reader_libraries SYSTEM INTERFACE ${TURBOJPEG_INCLUDE_DIR} ${EXIF_INCLUDE_DIR})
target_link_libraries(biji_reader_libraries INTERFACE
  nlohmann_json::nlohmann_json LibArchive::LibArchive ZLIB::ZLIB PNG::PNG OpenSSL::Crypto ${TURBOJPEG_LIBRARY}
  ${EXIF_LIBRARY})
