#include "graph_types.h"

namespace ge {

AscendString::AscendString(const char *name) {
  if (name != nullptr) name_ = std::make_shared<std::string>(name);
}

AscendString::AscendString(const char *name, size_t length) {
  if (name != nullptr) name_ = std::make_shared<std::string>(name, length);
}

const char *AscendString::GetString() const {
  return name_ == nullptr ? "" : name_->c_str();
}

size_t AscendString::GetLength() const {
  return name_ == nullptr ? 0 : name_->size();
}

// A string that was never set comes before all others, the empty one included.
bool AscendString::operator<(const AscendString &other) const {
  if (name_ == nullptr || other.name_ == nullptr) return name_ == nullptr && other.name_ != nullptr;
  return *name_ < *other.name_;
}

bool AscendString::operator>(const AscendString &other) const {
  return other < *this;
}

bool AscendString::operator<=(const AscendString &other) const {
  return !(other < *this);
}

bool AscendString::operator>=(const AscendString &other) const {
  return !(*this < other);
}

bool AscendString::operator==(const AscendString &other) const {
  return !(*this < other) && !(other < *this);
}

bool AscendString::operator!=(const AscendString &other) const {
  return !(*this == other);
}

Graph::Graph(const char *name) : impl_(std::make_shared<GraphImpl>()) {
  if (name != nullptr) impl_->name = name;
}

}  // namespace ge
