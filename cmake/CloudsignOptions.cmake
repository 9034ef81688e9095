# Language, warnings, hardening, sanitizers: one interface target, cs_options.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2") # no NDEBUG: CS_ASSERT and assert stay on

option(CS_WERROR "Warnings are errors (CI)" OFF)
set(CS_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
set(CS_TEST_PREFIX "" CACHE STRING "Before every test name: tells builds apart in one summary")
option(CS_FUZZ "Build fuzz targets (clang)" OFF)

add_library(cs_options INTERFACE)
target_compile_definitions(cs_options INTERFACE _GNU_SOURCE
                           CS_VERSION="${PROJECT_VERSION}")
target_include_directories(cs_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(cs_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef
  -Wvla -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wformat=2
  -Wconversion -Wsign-conversion -Wunused-result
  # Not in tests (property CS_TEST): cmocka's assert_non_null ends them, gcc cannot know.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:CS_TEST>>>:-Wnull-dereference>
  $<$<BOOL:${CS_WERROR}>:-Werror>)
if(CS_SANITIZE)
  target_compile_options(cs_options INTERFACE -fsanitize=${CS_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(cs_options INTERFACE -fsanitize=${CS_SANITIZE})
else()
  target_compile_options(cs_options INTERFACE
    -fstack-protector-strong -fstack-clash-protection
    # 3 checks also what is allocated at run time.  Undefined first: a distribution's
    # packaging or compiler may set a lower one.
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>
    $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
  include(CheckCCompilerFlag)
  check_c_compiler_flag(-ftrivial-auto-var-init=zero CS_HAS_AUTO_VAR_INIT) # not clang 14
  if(CS_HAS_AUTO_VAR_INIT)
    target_compile_options(cs_options INTERFACE -ftrivial-auto-var-init=zero)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(cs_options INTERFACE -fcf-protection)
  endif()
  target_link_options(cs_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()
if(CS_FUZZ)
  target_compile_options(cs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
