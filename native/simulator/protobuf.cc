#include "protobuf.h"

namespace sim {

bool FieldReader::readVarint(uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
    const uint8_t byte = *at_++;
    *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  failed_ = true;
  return false;
}

bool FieldReader::readFixed(size_t bytes, uint64_t *value) {
  *value = 0;
  if (static_cast<size_t>(end_ - at_) < bytes) {
    failed_ = true;
    return false;
  }
  for (size_t i = 0; i < bytes; ++i) *value |= static_cast<uint64_t>(at_[i]) << 8 * i;
  at_ += bytes;
  return true;
}

bool FieldReader::next(Field *field) {
  uint64_t key = 0;
  if (atEnd() || failed_ || !readVarint(&key)) return false;
  field->number = static_cast<uint32_t>(key >> 3);
  field->type = static_cast<WireType>(key & 7);
  field->bytes = {};
  field->value = 0;
  if (field->type == WireType::Varint) return readVarint(&field->value);
  if (field->type == WireType::Fixed64) return readFixed(8, &field->value);
  if (field->type == WireType::Fixed32) {
    field->bytes = {at_, 4};
    return readFixed(4, &field->value);
  }
  uint64_t length = 0;
  if (field->type != WireType::Length || !readVarint(&length) || length > static_cast<uint64_t>(end_ - at_)) {
    failed_ = true;
    return false;
  }
  field->bytes = {at_, static_cast<size_t>(length)};
  at_ += length;
  return true;
}

}  // namespace sim
