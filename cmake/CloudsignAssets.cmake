# The console's files (src/platform/console) as a read-only table in the program: what
# was built is what is served, and nothing is read from a disk that could be changed.
# The table is src/platform/core/assets.h; cmake/EmbedAssets.cmake writes it.
set(CS_CONSOLE ${PROJECT_SOURCE_DIR}/src/platform/console)
set(CS_ASSETS_C ${PROJECT_BINARY_DIR}/generated/console_assets.c)
file(GLOB_RECURSE console_files CONFIGURE_DEPENDS
     ${CS_CONSOLE}/*.html ${CS_CONSOLE}/*.css ${CS_CONSOLE}/*.js ${CS_CONSOLE}/*.svg
     ${CS_CONSOLE}/openapi.json)
add_custom_command(
  OUTPUT ${CS_ASSETS_C}
  COMMAND ${CMAKE_COMMAND} -DFROM=${CS_CONSOLE} -DTO=${CS_ASSETS_C}
          -P ${PROJECT_SOURCE_DIR}/cmake/EmbedAssets.cmake
  DEPENDS ${console_files} ${PROJECT_SOURCE_DIR}/cmake/EmbedAssets.cmake
  COMMENT "Embedding the console" VERBATIM)
target_sources(cs_platform_core PRIVATE ${CS_ASSETS_C})
