# Third-party libraries, all from the distribution: dep::<name>, headers as SYSTEM.
# pkg-config everywhere (see third_party/packages.txt); Debian 12's mbedTLS has none.
find_package(PkgConfig REQUIRED)

function(cs_dep name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(dep::${name} ALIAS PkgConfig::${name})
endfunction()

cs_dep(sodium libsodium>=1.0.18)
cs_dep(secp256k1 libsecp256k1>=0.2)
cs_dep(jansson jansson>=2.14)
cs_dep(lmdb lmdb)
cs_dep(uv libuv>=1.44)
cs_dep(websockets libwebsockets>=4.1)
cs_dep(openssl openssl>=3.0)

find_library(CS_MBEDCRYPTO mbedcrypto REQUIRED)
find_path(CS_MBEDCRYPTO_INCLUDE mbedtls/gcm.h REQUIRED)
add_library(dep_mbedcrypto INTERFACE)
target_link_libraries(dep_mbedcrypto INTERFACE ${CS_MBEDCRYPTO})
target_include_directories(dep_mbedcrypto SYSTEM INTERFACE ${CS_MBEDCRYPTO_INCLUDE})
add_library(dep::mbedcrypto ALIAS dep_mbedcrypto)

if(BUILD_TESTING)
  pkg_check_modules(cmocka IMPORTED_TARGET cmocka)
endif()
