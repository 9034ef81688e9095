# libcloudsign from the layers, and what `cmake --install` puts where:
#
#   bin/          cloudsign, cloudsign-platform
#   include/      cloudsign/*.h
#   lib/          libcloudsign.so.0.1.0 with its links; libcloudsign.a
#   lib/cmake/    cloudsign/: find_package(cloudsign) gives cloudsign::cloudsign (shared)
#                 and cloudsign::cloudsign_static
#   lib/          pkgconfig/cloudsign.pc
#   share/        cloudsign/: units, alert rules, profiles (src/ops); doc/cloudsign/
#
# Only CS_API is exported (test/embed/exports.txt); the header has opaque types and one
# structure that knows its size, so the ABI holds within a SOVERSION.  The programs link
# the very objects of libcloudsign.a and need no shared library of ours.
# Components: programs (bin, share), library (the shared one), devel.

if(CS_FUZZ) # its objects want libFuzzer
  return()
endif()
get_property(layers GLOBAL PROPERTY CS_LAYERS)
# What platform alone needs is not in the library.
list(REMOVE_ITEM layers platform platform_core)
set(objects)
foreach(layer ${layers})
  list(APPEND objects $<TARGET_OBJECTS:cs_${layer}>)
endforeach()
set(third dep::sodium dep::secp256k1 dep::mbedcrypto dep::openssl dep::jansson dep::lmdb
          dep::uv dep::websockets)

find_package(Threads REQUIRED)

add_library(cloudsign_shared SHARED ${objects})
add_library(cloudsign_static STATIC ${objects})
set_target_properties(cloudsign_shared PROPERTIES
  OUTPUT_NAME cloudsign EXPORT_NAME cloudsign
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
set_target_properties(cloudsign_static PROPERTIES OUTPUT_NAME cloudsign)
foreach(library cloudsign_shared cloudsign_static)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
target_link_libraries(cloudsign_shared PRIVATE ${third} Threads::Threads cs_options)
if(NOT CS_SANITIZE) # theirs come with the program
  target_link_options(cloudsign_shared PRIVATE LINKER:-z,defs)
endif()

# ---- install ---------------------------------------------------------------------

install(TARGETS cloudsign_shared
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        NAMELINK_COMPONENT devel)
install(TARGETS cloudsign_static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel)
install(DIRECTORY include/cloudsign DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT devel FILES_MATCHING PATTERN "*.h")
install(DIRECTORY src/ops/ DESTINATION ${CMAKE_INSTALL_DATADIR}/cloudsign
        COMPONENT programs OPTIONAL PATTERN ".*" EXCLUDE)
install(FILES README.md SECURITY.md CHANGELOG.md LICENSE
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)

include(CMakePackageConfigHelpers)
# What a static libcloudsign needs, as pkg-config modules; mbedTLS 2.28 has none.
set(CS_PC_MODULES libuv libwebsockets libsodium libsecp256k1 jansson lmdb openssl)
set(CS_PC_VERSION ${PROJECT_VERSION})
string(REPLACE ";" ", " CS_PC_REQUIRES "${CS_PC_MODULES}")
string(REPLACE ";" " " CS_CONFIG_MODULES "${CS_PC_MODULES}")
# From lib/pkgconfig up to the prefix: the package may be moved.
file(RELATIVE_PATH CS_PC_UP ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
     ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" CS_PC_UP ${CS_PC_UP})
configure_file(cmake/cloudsign.pc.in cloudsign.pc @ONLY)
configure_package_config_file(cmake/cloudsignConfig.cmake.in cloudsignConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/cloudsign
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(cloudsignConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cloudsign.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT devel)
install(FILES ${PROJECT_BINARY_DIR}/cloudsignConfig.cmake
              ${PROJECT_BINARY_DIR}/cloudsignConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/cloudsign COMPONENT devel)
