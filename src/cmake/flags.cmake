# Warnings, hardening and sanitizers. Linked PRIVATE, so nothing leaks to who links the library.
add_library(pgsluice_flags INTERFACE)
target_compile_options(pgsluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-qual -Wformat=2 -Wimplicit-fallthrough
  -fstack-protector-strong
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  # g++ 12 warns about std::string's own code when it optimizes (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${PGSLUICE_WERROR}>:-Werror>)
target_compile_definitions(pgsluice_flags INTERFACE
  PGSLUICE_VERSION="${PROJECT_VERSION}"
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_link_options(pgsluice_flags INTERFACE -Wl,-z,relro,-z,now)

if(PGSLUICE_SANITIZE)
  add_compile_options(-fsanitize=${PGSLUICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PGSLUICE_SANITIZE})
endif()

if(PGSLUICE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

if(PGSLUICE_TIDY)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
  find_program(clang_tidy NAMES clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${clang_tidy} --quiet)
endif()

find_program(ccache ccache)
if(ccache)
  # A precompiled header is an input like others.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ccache})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  else()
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
