#include "acl_json.h"

#include <cstdint>
#include <vector>

#include "../acl_error_codes.h"
#include "om_file.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

/** CANN's own limit for {} and []. */
constexpr int deepestNesting = 10;

/** A recognizer: it keeps nothing of what it reads. */
class JsonText {
 public:
  explicit JsonText(const std::string &text) : text_(text) {}

  bool isObject() {
    blanks();
    if (at_ >= text_.size() || text_[at_] != '{' || !value(0)) return false;
    blanks();
    return at_ == text_.size();
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(const char *expected) {
    const std::string wanted = expected;
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, true;
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }
  bool number() {
    const size_t start = at_;
    while (at_ < text_.size() && std::string("+-.eE0123456789").find(text_[at_]) != std::string::npos) ++at_;
    return at_ > start;
  }
  bool members(int depth, char end, bool named) {
    if (depth > deepestNesting) return false;
    if (take(end)) return true;
    do {
      if (named && !(string() && take(':'))) return false;
      if (!value(depth)) return false;
    } while (take(','));
    return take(end);
  }
  bool value(int depth) {
    if (take('{')) return members(depth + 1, '}', true);
    if (take('[')) return members(depth + 1, ']', false);
    if (at_ < text_.size() && text_[at_] == '"') return string();
    return word("true") || word("false") || word("null") || number();
  }

  const std::string &text_;
  size_t at_ = 0;
};

}  // namespace

aclError checkAclJson(const char *path) {
  if (path == nullptr || path[0] == '\0') return 0;
  std::vector<uint8_t> bytes;
  const aclError unread = readFile(path, &bytes, largestText).code;
  if (unread != 0 && unread != acl::ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID)
    return fail(acl::ACL_ERROR_INVALID_FILE, "EH0003",
                format("Path %s is invalid: the file cannot be read.", path));
  const std::string text(bytes.begin(), bytes.end());
  if (unread == 0 && JsonText(text).isObject()) return 0;
  return fail(acl::ACL_ERROR_PARSE_FILE, "EH0004",
              format("File %s is invalid: it is not one JSON object.", path));
}

}  // namespace sim
