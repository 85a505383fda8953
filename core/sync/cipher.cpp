#include "sync/cipher.hpp"

#include <string>

#include "base/text.hpp"

namespace turso::sync {
namespace {

struct Cipher {
  std::string_view name;
  std::uint32_t reserved_bytes;
};

constexpr Cipher kCiphers[] = {
    {"aes256gcm", 28},  {"aes128gcm", 28}, {"chacha20poly1305", 28}, {"aegis128l", 32},  {"aegis128x2", 32},
    {"aegis128x4", 32}, {"aegis256", 48},  {"aegis256x2", 48},       {"aegis256x4", 48},
};

}  // namespace

Result<std::uint32_t> reserved_bytes_of_cipher(std::string_view name) {
  std::string plain;
  for (char c : to_lower(name)) {
    if (c != '-' && c != '_') plain += c;
  }
  std::string known;
  for (const Cipher& cipher : kCiphers) {
    if (cipher.name == plain) return cipher.reserved_bytes;
    known += concat(known.empty() ? "" : ", ", cipher.name);
  }
  return Error{ErrorKind::kError, concat("remote_encryption_cipher ", excerpt(name), " is unknown; known are ", known)};
}

}  // namespace turso::sync
