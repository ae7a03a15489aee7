# What reads data sets, pictures, packs, runs and checkpoints, without LibTorch: the biji command and the fuzz targets
# share it.

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

add_library(biji_readers STATIC
  native/data/archive.cpp native/data/casia.cpp native/base/file.cpp native/data/idx.cpp native/nets/network.cpp native/data/pack.cpp native/data/photo.cpp
  native/data/picture.cpp native/train/run.cpp native/nets/safetensors.cpp)
target_include_directories(biji_readers SYSTEM PRIVATE ${TURBOJPEG_INCLUDE_DIR} ${EXIF_INCLUDE_DIR})
target_link_libraries(biji_readers
  PUBLIC biji_core nlohmann_json::nlohmann_json
  PRIVATE biji_warnings LibArchive::LibArchive ZLIB::ZLIB PNG::PNG OpenSSL::Crypto ${TURBOJPEG_LIBRARY} ${EXIF_LIBRARY})
