#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

// glibc 2.34 moved these into libc.so under a new version; asking for the old one keeps the add-on loadable
// on 2.28. (A sanitizer has these functions under its own, unversioned names.)
#if defined(__x86_64__)
#define ASCEND_OLD_VERSION "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define ASCEND_OLD_VERSION "GLIBC_2.17"
#endif
#if defined(ASCEND_OLD_VERSION) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__asm__(".symver dlopen,dlopen@" ASCEND_OLD_VERSION);
__asm__(".symver dlsym,dlsym@" ASCEND_OLD_VERSION);
__asm__(".symver dlerror,dlerror@" ASCEND_OLD_VERSION);
__asm__(".symver dlclose,dlclose@" ASCEND_OLD_VERSION);
#if defined(__x86_64__)
__asm__(".symver dlinfo,dlinfo@GLIBC_2.3.3");
#else
__asm__(".symver dlinfo,dlinfo@" ASCEND_OLD_VERSION);
#endif
#endif

namespace ascend {
namespace {

constexpr const char *kWhole = "libascendcl.so";
// From CANN 8.5 on; the whole one is a compatibility package there.
constexpr const char *kRuntimePart = "libacl_rt.so";
constexpr const char *kModelPart = "libacl_mdl.so";

using Attempts = std::vector<LibraryAttempt>;

std::string Environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Folder(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// access() and not stat(), which has a new version since glibc 2.33.
bool Exists(const std::string &path) {
  return access(path.c_str(), F_OK) == 0;
}
bool IsFolder(const std::string &path) {
  return Exists(path + "/.");
}

std::string RealPath(const std::string &path) {
  std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  return resolved == nullptr ? path : resolved.get();
}

std::string PathOf(void *handle, const std::string &fallback) {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || map->l_name == nullptr) return fallback;
  return *map->l_name == '\0' ? fallback : map->l_name;
}

/** Global, because CANN's own plug-ins expect its libraries to be visible. Null, with the reason noted, on
 * failure. */
void *Open(const std::string &path, Attempts &tried) {
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char *reason = dlerror();
    tried.push_back({path, reason == nullptr ? "dlopen failed" : reason});
    return nullptr;
  }
  const std::string found = PathOf(handle, path);
  if (!IsStubPath(found) && !IsStubPath(RealPath(found))) return handle;
  tried.push_back({found, "a link-time stub (devlib, stub), whose calls all fail"});
  dlclose(handle);
  return nullptr;
}

/**
 * The main library first, then the parts it is split into from CANN 8.5 on. They are taken from its own
 * folder: those of another installation may have the same names and other rules.
 */
class SplitLibraries : public SymbolSource {
 public:
  SplitLibraries(void *handle, std::string folder) : folder_(std::move(folder)) {
    handles_.push_back(handle);
  }

  void *Find(const char *name) override {
    for (void *handle : handles_) {
      if (void *address = dlsym(handle, name)) return address;
    }
    while (next_ < 2) {
      const char *part = next_++ == 0 ? kRuntimePart : kModelPart;
      const std::string beside = folder_ + "/" + part;
      if (folder_.empty() || !Exists(beside)) continue;
      if (void *address = Take(beside, name)) return address;
    }
    return nullptr;
  }

  /** Leaves the rest to the dynamic linker's own search, for an installation that is spread over folders. */
  void AddWhatLinkerFinds() {
    for (const char *part : {kRuntimePart, kModelPart}) Take(part, nullptr);
  }

 private:
  void *Take(const std::string &path, const char *name) {
    Attempts ignored;
    void *handle = Open(path, ignored);
    if (handle == nullptr) return nullptr;
    handles_.push_back(handle);
    return name == nullptr ? nullptr : dlsym(handle, name);
  }

  std::string folder_;
  std::vector<void *> handles_;
  int next_ = 0;
};

void *OpenExplicit(const std::string &path, Attempts &tried) {
  if (!IsFolder(path)) return Open(path, tried);
  for (const char *name : {kWhole, kRuntimePart}) {
    if (void *handle = Open(path + "/" + name, tried)) return handle;
  }
  return nullptr;
}

void *OpenDefault(Attempts &tried) {
  for (const char *name : {kWhole, kRuntimePart}) {
    if (void *handle = Open(name, tried)) return handle;
  }
  for (const std::string &folder : CandidateFolders()) {
    for (const char *name : {kWhole, kRuntimePart}) {
      const std::string path = folder + "/" + name;
      if (!Exists(path)) {
        if (name == kWhole) tried.push_back({path, "not there"});
        continue;
      }
      if (void *handle = Open(path, tried)) return handle;
    }
  }
  return nullptr;
}

std::unique_ptr<Library> Load(const std::string &explicitPath) {
  LibraryFailure failure;
  void *handle =
      explicitPath.empty() ? OpenDefault(failure.tried) : OpenExplicit(explicitPath, failure.tried);
  if (handle == nullptr) throw failure;
  auto library = std::make_unique<Library>();
  library->path = PathOf(handle, explicitPath);
  library->handle = handle;
  SplitLibraries source(handle, Folder(library->path));
  failure.missing = FillApi(library->api, source);
  if (!failure.missing.empty() && explicitPath.empty()) {
    source.AddWhatLinkerFinds();
    failure.missing = FillApi(library->api, source);
  }
  if (failure.missing.empty()) return library;
  failure.kind = LibraryFailure::Kind::kSymbolMissing;
  failure.path = library->path;
  throw failure;
}

/** Whether the dynamic linker takes the name for what this handle is of; loads nothing. */
bool IsNameOf(void *loaded, const std::string &name) {
  void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  dlclose(handle);
  return handle == loaded;
}

/** Whether what is asked for, as OpenExplicit() takes it, is the library that is loaded. */
bool Means(const std::string &given, const Library &loaded) {
  std::vector<std::string> names = {given};
  if (IsFolder(given)) names = {given + "/" + kWhole, given + "/" + kRuntimePart};
  for (const std::string &name : names) {
    if (IsNameOf(loaded.handle, name)) return true;
    // The file may have been replaced since. A name without a folder is no path to a file.
    if (!Folder(name).empty() && RealPath(name) == RealPath(loaded.path)) return true;
  }
  return false;
}

}  // namespace

bool IsStubPath(const std::string &path) {
  const std::string folders = Folder(path) + "/";
  return folders.find("/devlib/") != std::string::npos || folders.find("/stub/") != std::string::npos;
}

std::vector<std::string> CandidateFolders() {
  std::vector<std::string> folders;
  const std::string search = Environment("LD_LIBRARY_PATH");
  for (size_t begin = 0; begin < search.size();) {
    const size_t end = std::min(search.find(':', begin), search.size());
    const std::string folder = search.substr(begin, end - begin);
    if (!folder.empty() && !IsStubPath(folder + "/")) folders.push_back(folder);
    begin = end + 1;
  }
  for (const char *name : {"ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH"}) {
    const std::string home = Environment(name);
    if (!home.empty()) folders.push_back(home + "/lib64");
  }
  std::vector<std::string> roots = {"/usr/local/Ascend"};
  const std::string home = Environment("HOME");
  if (!home.empty()) roots.push_back(home + "/Ascend");
  for (const std::string &root : roots) {
    for (const char *place :
         {"cann/lib64", "ascend-toolkit/latest/lib64", "ascend-toolkit/latest/runtime/lib64",
          "ascend-toolkit/latest/acllib/lib64", "nnrt/latest/lib64"}) {
      folders.push_back(root + "/" + place);
    }
  }
  return folders;
}

const Library &LoadLibrary(const std::string &explicitPath) {
  // Leaked on purpose: threads may still be inside the library while static objects are destroyed.
  static std::mutex &mutex = *new std::mutex;
  static Library *loaded = nullptr;
  std::lock_guard<std::mutex> lock(mutex);
  if (loaded == nullptr) {
    loaded = Load(explicitPath).release();
    return *loaded;
  }
  if (explicitPath.empty() || Means(explicitPath, *loaded)) return *loaded;
  LibraryFailure failure;
  failure.kind = LibraryFailure::Kind::kOtherLoaded;
  failure.path = loaded->path;
  throw failure;
}

}  // namespace ascend
