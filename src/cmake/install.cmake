# `cmake --install`, and the Debian package by CPack.
include(GNUInstallDirs)

add_executable(pgsluice_reference src/app/reference_main.cpp)
target_include_directories(pgsluice_reference PRIVATE src)
target_link_libraries(pgsluice_reference PRIVATE pgsluice_core pgsluice_flags)
set(reference ${CMAKE_BINARY_DIR}/reference)
add_custom_command(
  OUTPUT ${reference}/pgsluice.1.gz ${reference}/bash ${reference}/zsh ${reference}/fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${reference}
  COMMAND pgsluice_reference man > ${reference}/pgsluice.1
  COMMAND gzip -9nf ${reference}/pgsluice.1
  COMMAND pgsluice_reference bash > ${reference}/bash
  COMMAND pgsluice_reference zsh > ${reference}/zsh
  COMMAND pgsluice_reference fish > ${reference}/fish
  COMMAND gzip -9nc ${CMAKE_CURRENT_SOURCE_DIR}/CHANGELOG.md > ${reference}/changelog.gz
  DEPENDS pgsluice_reference CHANGELOG.md)
add_custom_target(reference ALL DEPENDS ${reference}/pgsluice.1.gz)

# The bill of materials.
set(sbom ${CMAKE_BINARY_DIR}/pgsluice.spdx.json)
add_custom_command(
  OUTPUT ${sbom}
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/src/package/sbom $<TARGET_FILE:pgsluice> ${PROJECT_VERSION} > ${sbom}
  DEPENDS pgsluice src/package/sbom)
add_custom_target(sbom ALL DEPENDS ${sbom})

configure_file(src/package/pgsluice.service.in pgsluice.service @ONLY)

install(TARGETS pgsluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY migrations/ DESTINATION ${CMAKE_INSTALL_DATADIR}/pgsluice/migrations)
install(FILES ${reference}/pgsluice.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${reference}/bash RENAME pgsluice DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${reference}/zsh RENAME _pgsluice DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${reference}/fish RENAME pgsluice.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${CMAKE_BINARY_DIR}/pgsluice.service DESTINATION lib/systemd/system)
install(FILES README.md src/package/copyright ${reference}/changelog.gz ${sbom} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES src/package/default RENAME pgsluice DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default
        PERMISSIONS OWNER_READ OWNER_WRITE)
install(DIRECTORY DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/pgsluice)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the pgsluice authors <maintainers@pgsluice.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Keeps Elasticsearch and OpenSearch in step with PostgreSQL
Triggers write the keys of changed rows to an outbox table; pgsluice reads the rows
again and writes them to the search engine, and answers searches over REST. No Kafka,
no replication slot.")
set(package ${CMAKE_CURRENT_SOURCE_DIR}/src/package)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${package}/postinst ${package}/prerm ${package}/postrm ${package}/conffiles)
include(CPack)
