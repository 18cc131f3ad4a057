# Part of `cmake --install`: puts the configuration where tapewatch and its unit look for it, which for the prefixes /usr
# and /usr/local is /etc (DESTDIR is put before it as everywhere), for another PREFIX it is PREFIX/etc. TW_ETC_FILES is
# the list of files; `entities.sample.jsonl` becomes `entities.jsonl`.
if(CMAKE_INSTALL_PREFIX MATCHES "^(/usr|/usr/local)?/*$")
  set(folder /etc/tapewatch)
else()
  set(folder ${CMAKE_INSTALL_PREFIX}/etc/tapewatch)
endif()
foreach(source ${TW_ETC_FILES})
  get_filename_component(name ${source} NAME)
  string(REPLACE .sample "" name ${name})
  if(EXISTS "$ENV{DESTDIR}${folder}/${name}")
    message(STATUS "Kept as it is: $ENV{DESTDIR}${folder}/${name}")
  else()
    file(INSTALL DESTINATION ${folder} TYPE FILE FILES ${source} RENAME ${name})
  endif()
endforeach()
