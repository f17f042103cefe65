# libpqxx 6.4 (Debian 12) to 7.10 (Debian 13), Poco 1.11 to 1.13, spdlog.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Poco 1.11 REQUIRED COMPONENTS Foundation Net NetSSL Crypto JSON Util)
find_package(spdlog REQUIRED)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)

add_library(pgsluice_dependencies INTERFACE)
target_link_libraries(pgsluice_dependencies INTERFACE
  PkgConfig::pqxx PkgConfig::pq Poco::NetSSL Poco::Net Poco::Crypto Poco::JSON Poco::Util
  Poco::Foundation spdlog::spdlog OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
