# Headers that most files include, compiled once per target. Every file still includes what it uses: clang-tidy and
# the fuzz targets compile without them.
set(standard_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <filesystem> <fstream> <functional>
  <future> <iostream> <map> <memory> <mutex> <optional> <random> <regex> <semaphore> <set> <sstream> <stop_token>
  <string> <string_view> <thread> <unordered_map> <unordered_set> <utility> <vector> <spdlog/fmt/fmt.h>)
# With them g++ 12 warns about the standard library's own code when it optimizes.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()
