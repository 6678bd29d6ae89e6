// Protocol Buffers' wire format, as much as walking through a message takes. Nothing is allocated and nothing
// is trusted: every length is held against the bytes that are there.
#ifndef SIMULATOR_PROTOBUF_H_
#define SIMULATOR_PROTOBUF_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace sim {

struct Bytes {
  const uint8_t *data = nullptr;
  size_t size = 0;

  std::string text() const { return std::string(reinterpret_cast<const char *>(data), size); }
};

enum class WireType { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };

struct Field {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  /** The value of a varint or fixed field. */
  uint64_t value = 0;
  /** The content of a length-delimited field; where the four bytes of a Fixed32 lie. */
  Bytes bytes;
};

/** Goes through the fields of one message. */
class FieldReader {
 public:
  explicit FieldReader(Bytes message) : at_(message.data), end_(message.data + message.size) {}

  /** False at the end and at the first thing that is no field; `failed` tells the two apart. */
  bool next(Field *field);
  bool failed() const { return failed_; }

  /** One number of a packed field, or a field's key. */
  bool readVarint(uint64_t *value);
  bool atEnd() const { return at_ == end_; }

 private:
  bool readFixed(size_t bytes, uint64_t *value);

  const uint8_t *at_;
  const uint8_t *end_;
  bool failed_ = false;
};

}  // namespace sim

#endif  // SIMULATOR_PROTOBUF_H_
