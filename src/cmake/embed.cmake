# pgsluice_embed(sources what FILE...): compiles files into the binary, by embed_<what>.cmake.
function(pgsluice_embed sources what)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${what}.cpp)
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/src/cmake/embed_${what}.cmake)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${ARGN}" -P ${script}
    DEPENDS ${ARGN} ${script}
    VERBATIM)
  set(${sources} ${${sources}} ${out} PARENT_SCOPE)
endfunction()

file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
file(GLOB page CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/page/*)
