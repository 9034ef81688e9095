# cmake -DFROM=dir -DTO=file.c -P EmbedAssets.cmake
#   Writes every page, style, module and picture below FROM into TO, as it is and gzipped.
#   "@V@" in a page becomes the version: a hash of all files, part of the addresses of
#   what the page loads (see src/platform/core/assets.h).
cmake_policy(VERSION 3.25)
file(GLOB_RECURSE paths RELATIVE ${FROM}
     ${FROM}/*.html ${FROM}/*.css ${FROM}/*.js ${FROM}/*.svg ${FROM}/openapi.json)
list(SORT paths)

set(all "")
foreach(path ${paths})
  file(SHA256 ${FROM}/${path} hash)
  string(APPEND all "${path}=${hash}\n")
endforeach()
string(SHA256 version "${all}")
string(SUBSTRING ${version} 0 16 version)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")
get_filename_component(work ${TO} DIRECTORY)
set(work ${work}/console_work)
file(MAKE_DIRECTORY ${work})

# Bytes of a file as the inside of a C initializer; gzip's clock is taken out.
function(bytes_of out file is_gzip)
  file(READ ${file} hex HEX)
  if(is_gzip)
    string(SUBSTRING ${hex} 0 8 head)
    string(SUBSTRING ${hex} 16 -1 rest)
    set(hex "${head}00000000${rest}")
  endif()
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
         "\\1\n" hex "${hex}")
  set(${out} "${hex}" PARENT_SCOPE)
endfunction()

set(data "")
set(rows "")
set(n 0)
foreach(path ${paths})
  string(REGEX REPLACE ".*\\." "" ext ${path})
  set(plain ${work}/${n}.${ext})
  if(ext STREQUAL "html")
    file(READ ${FROM}/${path} text)
    string(REPLACE "@V@" "${version}" text "${text}")
    file(WRITE ${plain} "${text}")
  else()
    file(COPY_FILE ${FROM}/${path} ${plain})
  endif()
  file(SHA256 ${plain} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  file(ARCHIVE_CREATE OUTPUT ${work}/${n}.gz PATHS ${plain} FORMAT raw COMPRESSION GZip
       COMPRESSION_LEVEL 9)
  bytes_of(plain_bytes ${plain} FALSE)
  bytes_of(gzip_bytes ${work}/${n}.gz TRUE)
  string(APPEND data "static const uint8_t f${n}[] = {\n${plain_bytes}};\n"
         "static const uint8_t z${n}[] = {\n${gzip_bytes}};\n")
  string(APPEND rows "    {\"${path}\", \"${type_${ext}}\", \"${hash}\", f${n}, sizeof f${n}, "
         "z${n}, sizeof z${n}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(REMOVE_RECURSE ${work})

file(WRITE ${TO}.new
     "/* Made by cmake/EmbedAssets.cmake from src/platform/console. */\n"
     "#include \"platform/core/assets.h\"\n\n${data}\n"
     "const char cs_assets_version[17] = \"${version}\";\n"
     "const struct cs_asset cs_assets[] = {\n${rows}};\n"
     "const size_t cs_assets_n = ${n};\n")
file(RENAME ${TO}.new ${TO})
