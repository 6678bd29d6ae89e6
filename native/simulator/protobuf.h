// Protocol Buffers' wire format, as much as walking through a message and writing a changed one takes.
// Reading allocates nothing and trusts nothing: every length is held against the bytes that are there.
#ifndef SIMULATOR_PROTOBUF_H_
#define SIMULATOR_PROTOBUF_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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

  /** A field of another wire type is unknown to Protocol Buffers' readers, whatever its number. */
  bool is(uint32_t wanted, WireType as) const { return number == wanted && type == as; }
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
  /** The whole of the field that `next` found last, key and length included. */
  Bytes raw() const { return {start_, static_cast<size_t>(at_ - start_)}; }

 private:
  bool readFixed(size_t bytes, uint64_t *value);

  const uint8_t *start_ = nullptr;
  const uint8_t *at_;
  const uint8_t *end_;
  bool failed_ = false;
};

/** Builds one message. */
class MessageWriter {
 public:
  void varint(uint32_t number, uint64_t value);
  void bytes(uint32_t number, Bytes content);
  void text(uint32_t number, const std::string &content);
  /** A field as it stands in another message. */
  void copy(Bytes raw) { content_.insert(content_.end(), raw.data, raw.data + raw.size); }

  Bytes content() const { return {content_.data(), content_.size()}; }
  std::vector<uint8_t> take() { return std::move(content_); }

 private:
  void number(uint64_t value);

  std::vector<uint8_t> content_;
};

}  // namespace sim

#endif  // SIMULATOR_PROTOBUF_H_
