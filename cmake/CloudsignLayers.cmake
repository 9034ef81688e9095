# cs_layer(NAME [DIRS dir...] [USES layer...] [NEEDS dep...] [PUBLIC_API])
#   A static library cs_NAME of src/<dir>/*.c (dir defaults to NAME).  Sources include
#   headers as "layer/file.h", relative to src.  USES names every layer whose headers
#   it may include; test/lint/layers.sh holds the sources against this list.
function(cs_layer name)
  cmake_parse_arguments(L "PUBLIC_API" "" "DIRS;USES;NEEDS" ${ARGN})
  if(NOT L_DIRS)
    set(L_DIRS ${name})
  endif()
  set(sources)
  foreach(dir ${L_DIRS})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${dir}/*.c)
    list(APPEND sources ${found})
  endforeach()
  set(uses ${L_USES})
  list(TRANSFORM uses PREPEND cs_)
  if(NOT sources)
    add_library(cs_${name} INTERFACE)
    target_link_libraries(cs_${name} INTERFACE ${uses} ${L_NEEDS} cs_options)
    return()
  endif()
  add_library(cs_${name} STATIC ${sources})
  target_include_directories(cs_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(cs_${name} PUBLIC cs_options ${uses} PRIVATE ${L_NEEDS})
  set_property(GLOBAL APPEND PROPERTY CS_LAYERS ${name})
endfunction()

# cs_program(NAME SOURCES_DIR dir USES layer... NEEDS dep...)
function(cs_program name)
  cmake_parse_arguments(P "" "SOURCES_DIR" "USES;NEEDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${P_SOURCES_DIR}/*.c)
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM P_USES PREPEND cs_)
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${P_USES} ${P_NEEDS} cs_options)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
          COMPONENT programs)
endfunction()

# cs_tests(LAYER USES layer... NEEDS dep...): one program per test/unit/test_LAYER_*.c,
# linked with cmocka and test/support, labelled "unit".
function(cs_tests layer)
  cmake_parse_arguments(T "" "" "USES;NEEDS" ${ARGN})
  list(TRANSFORM T_USES PREPEND cs_)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/test/unit/test_${layer}_*.c)
  if(layer MATCHES "^(node|platform)$")
    list(FILTER tests EXCLUDE REGEX "test_${layer}_core_") # the core layer's own
  endif()
  foreach(source ${tests})
    get_filename_component(test ${source} NAME_WE)
    if(TARGET ${test}) # test_node_core_x is node_core's, not also node's
      continue()
    endif()
    add_executable(${test} ${source})
    target_include_directories(${test} PRIVATE ${PROJECT_SOURCE_DIR}/src
                               ${PROJECT_SOURCE_DIR}/test)
    target_compile_definitions(${test} PRIVATE
      CS_TEST_VECTORS="${PROJECT_SOURCE_DIR}/test/vectors"
      CS_SHARED_VECTORS="${CS_SHARED_VECTORS}")
    target_link_libraries(${test} PRIVATE cs_${layer} ${T_USES} cs_test_support
                          ${T_NEEDS} PkgConfig::cmocka dep::jansson cs_options)
    set_target_properties(${test} PROPERTIES CS_TEST ON)
    add_test(NAME ${CS_TEST_PREFIX}${test} COMMAND ${test})
    set_tests_properties(${CS_TEST_PREFIX}${test} PROPERTIES LABELS unit TIMEOUT 900)
  endforeach()
endfunction()
