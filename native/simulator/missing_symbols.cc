#include "missing_symbols.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "text.h"

namespace sim {

namespace {

/** The loaded library: its tables, and how its pages are protected. */
struct Image {
  ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  size_t count = 0;
  uintptr_t begin = 0;
  uintptr_t end = 0;
  int protection = 0;
};

/** Symbols are counted by the last one in the buckets and chains of the GNU hash table. */
size_t countSymbols(const uint32_t *table) {
  const uint32_t bucketCount = table[0];
  const uint32_t firstHashed = table[1];
  const uint32_t bloomWords = table[2];
  const auto *bloom = reinterpret_cast<const ElfW(Addr) *>(table + 4);
  const auto *buckets = reinterpret_cast<const uint32_t *>(bloom + bloomWords);
  const uint32_t *chains = buckets + bucketCount;
  uint32_t last = 0;
  for (uint32_t i = 0; i < bucketCount; ++i) last = std::max(last, buckets[i]);
  if (last < firstHashed) return firstHashed;
  while ((chains[last - firstHashed] & 1U) == 0) ++last;
  return last + 1;
}

std::vector<std::string> &unknown() {
  static auto *const instance = new std::vector<std::string>();
  return *instance;
}

int inspect(dl_phdr_info *info, size_t, void *data) {
  const auto self = reinterpret_cast<uintptr_t>(&hideMissingSymbols);
  const ElfW(Dyn) *dynamic = nullptr;
  bool isThis = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &header = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && self >= begin && self < begin + header.p_memsz) isThis = true;
    if (header.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn) *>(begin);
  }
  if (!isThis || dynamic == nullptr) return 0;
  auto *image = static_cast<Image *>(data);
  const uint32_t *hash = nullptr;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    if (dynamic->d_tag == DT_SYMTAB) image->symbols = reinterpret_cast<ElfW(Sym) *>(dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_STRTAB) image->names = reinterpret_cast<const char *>(dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_GNU_HASH) hash = reinterpret_cast<const uint32_t *>(dynamic->d_un.d_ptr);
  }
  if (image->symbols == nullptr || image->names == nullptr || hash == nullptr) return 1;
  image->count = countSymbols(hash);
  const auto at = reinterpret_cast<uintptr_t>(image->symbols);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &header = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || at < begin || at >= begin + header.p_memsz) continue;
    image->protection = ((header.p_flags & PF_R) != 0 ? PROT_READ : 0) |
                        ((header.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                        ((header.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
  }
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  image->begin = at / page * page;
  image->end = (at + image->count * sizeof(ElfW(Sym)) + page - 1) / page * page;
  return 1;
}

}  // namespace

void hideMissingSymbols() {
  const char *list = getenv("ACL_SIM_MISSING");
  if (list == nullptr || list[0] == '\0') return;
  std::vector<std::string> missing;
  for (const std::string &name : split(list, ',')) missing.push_back(trim(name));
  unknown() = missing;
  Image image;
  dl_iterate_phdr(inspect, &image);
  if (image.count == 0) return;
  auto *pages = reinterpret_cast<void *>(image.begin);
  const size_t bytes = image.end - image.begin;
  if (mprotect(pages, bytes, image.protection | PROT_WRITE) != 0) return;
  for (size_t i = 0; i < image.count; ++i) {
    ElfW(Sym) &symbol = image.symbols[i];
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const char *name = image.names + symbol.st_name;
    if (std::find(missing.begin(), missing.end(), name) == missing.end()) continue;
    unknown().erase(std::remove(unknown().begin(), unknown().end(), name), unknown().end());
    // An entry like one of a function that this library asks others for.
    symbol.st_shndx = SHN_UNDEF;
    symbol.st_value = 0;
  }
  mprotect(pages, bytes, image.protection);
}

const std::vector<std::string> &unknownMissingSymbols() {
  return unknown();
}

}  // namespace sim
