#include "missing_symbols.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>

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
  uintptr_t base = 0;
};

/** Functions that are about to be hidden, by name. */
using Addresses = std::map<std::string, ElfW(Addr)>;

#if defined(__x86_64__)
constexpr uint32_t lazyRelocation = R_X86_64_JUMP_SLOT;
#elif defined(__aarch64__)
constexpr uint32_t lazyRelocation = R_AARCH64_JUMP_SLOT;
#endif

/** Symbols are counted by the last one in the buckets and chains of the GNU
 * hash table. */
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
  image->base = info->dlpi_addr;
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

/**
 * Binds the calls of one program or library to functions that are about to be
 * hidden: it would ask for them at its first call, find none, and end the
 * process.
 */
int bind(dl_phdr_info *info, size_t, void *data) {
  const ElfW(Dyn) *dynamic = nullptr;
  for (int i = 0; i < info->dlpi_phnum; ++i)
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      dynamic = reinterpret_cast<const ElfW(Dyn) *>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  const ElfW(Rela) *relocations = nullptr;
  size_t bytes = 0;
  for (; dynamic != nullptr && dynamic->d_tag != DT_NULL; ++dynamic) {
    if (dynamic->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym) *>(dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_STRTAB) names = reinterpret_cast<const char *>(dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_JMPREL) relocations = reinterpret_cast<const ElfW(Rela) *>(dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_PLTRELSZ) bytes = dynamic->d_un.d_val;
  }
  if (relocations == nullptr || symbols == nullptr || names == nullptr) return 0;
  const auto isInside = [info](ElfW(Addr) address) {
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const auto &header = info->dlpi_phdr[i];
      const ElfW(Addr) begin = info->dlpi_addr + header.p_vaddr;
      if (header.p_type == PT_LOAD && address >= begin && address < begin + header.p_memsz) return true;
    }
    return false;
  };
  for (size_t i = 0; i < bytes / sizeof(ElfW(Rela)); ++i) {
    if (ELF64_R_TYPE(relocations[i].r_info) != lazyRelocation) continue;
    const ElfW(Sym) &symbol = symbols[ELF64_R_SYM(relocations[i].r_info)];
    const auto found = static_cast<const Addresses *>(data)->find(names + symbol.st_name);
    if (symbol.st_shndx != SHN_UNDEF || found == static_cast<const Addresses *>(data)->end()) continue;
    auto *slot = reinterpret_cast<ElfW(Addr) *>(info->dlpi_addr + relocations[i].r_offset);
    // Not bound yet it leads to a stub beside the caller. One that is bound may
    // be read-only.
    if (isInside(*slot)) *slot = found->second;
  }
  return 0;
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
  std::vector<ElfW(Sym) *> hidden;
  Addresses addresses;
  for (size_t i = 0; i < image.count; ++i) {
    ElfW(Sym) &symbol = image.symbols[i];
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const char *name = image.names + symbol.st_name;
    if (std::find(missing.begin(), missing.end(), name) == missing.end()) continue;
    unknown().erase(std::remove(unknown().begin(), unknown().end(), name), unknown().end());
    hidden.push_back(&symbol);
    addresses.emplace(name, image.base + symbol.st_value);
  }
  dl_iterate_phdr(bind, &addresses);
  for (ElfW(Sym) * symbol : hidden) {
    // An entry like one of a function that this library asks others for.
    symbol->st_shndx = SHN_UNDEF;
    symbol->st_value = 0;
  }
  mprotect(pages, bytes, image.protection);
}

const std::vector<std::string> &unknownMissingSymbols() {
  return unknown();
}

}  // namespace sim
