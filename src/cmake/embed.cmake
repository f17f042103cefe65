# Compiles migrations/*.sql into the binary.
function(pgsluice_embed_migrations sources)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_migrations.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${files}"
            -P ${CMAKE_CURRENT_SOURCE_DIR}/src/cmake/embed_migrations.cmake
    DEPENDS ${files} ${CMAKE_CURRENT_SOURCE_DIR}/src/cmake/embed_migrations.cmake
    VERBATIM)
  set(${sources} ${${sources}} ${out} PARENT_SCOPE)
endfunction()
