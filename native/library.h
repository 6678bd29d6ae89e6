// Finds and loads AscendCL's libraries: an explicit path, the loader's own search, then the usual places.
#pragma once

#include <string>
#include <vector>

#include "acl_api.h"

namespace ascend {

/** A library that was looked at and why it was not taken. */
struct LibraryAttempt {
  std::string path;
  std::string reason;
};

/** No usable library: none found, or one that lacks core functions. Plain data, so that it crosses threads.
 */
struct LibraryFailure {
  enum class Kind { kNotFound, kSymbolMissing, kOtherLoaded };
  Kind kind = Kind::kNotFound;
  /** kNotFound: everything that was tried. */
  std::vector<LibraryAttempt> tried;
  /** kSymbolMissing: the library and what it lacks. kOtherLoaded: the library this process uses already. */
  std::string path;
  std::vector<std::string> missing;
};

struct Library {
  AclApi api;
  /** As the dynamic linker names the file. */
  std::string path;
  /** The dynamic linker's; each file has one. */
  void *handle = nullptr;
};

/**
 * The library of this process, loaded by the first call that finds one and never unloaded: CANN starts
 * threads and registers exit handlers. `explicitPath` (a file, a name for the dynamic linker, or the folder
 * it is in) is the only place looked at when it is not empty. Throws LibraryFailure; a later call may
 * succeed.
 */
const Library &LoadLibrary(const std::string &explicitPath);

/** True for the link-time stubs of CANN, whose every call fails: a folder named `devlib` or `stub` is in the
 * path. */
bool IsStubPath(const std::string &path);

/** Where to look, in this order, when the dynamic linker finds nothing: folders of LD_LIBRARY_PATH, then
 * CANN's own. */
std::vector<std::string> CandidateFolders();

}  // namespace ascend
