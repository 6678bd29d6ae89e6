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
  if (atEnd() || failed_) return false;
  start_ = at_;
  if (!readVarint(&key)) return false;
  field->number = static_cast<uint32_t>(key >> 3);
  // The format has no field 0: a run of zeros is no message. Keys have 32 bits.
  if (field->number == 0 || key > UINT32_MAX) failed_ = true;
  if (failed_) return false;
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

void MessageWriter::number(uint64_t value) {
  for (; value > 0x7F; value >>= 7) content_.push_back(static_cast<uint8_t>(value | 0x80));
  content_.push_back(static_cast<uint8_t>(value));
}

void MessageWriter::varint(uint32_t fieldNumber, uint64_t value) {
  number(uint64_t{fieldNumber} << 3 | static_cast<uint64_t>(WireType::Varint));
  number(value);
}

void MessageWriter::bytes(uint32_t fieldNumber, Bytes content) {
  number(uint64_t{fieldNumber} << 3 | static_cast<uint64_t>(WireType::Length));
  number(content.size);
  copy(content);
}

void MessageWriter::text(uint32_t fieldNumber, const std::string &content) {
  bytes(fieldNumber, {reinterpret_cast<const uint8_t *>(content.data()), content.size()});
}

}  // namespace sim
