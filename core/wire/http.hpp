// http.hpp -- the names that both sides of the sync protocol write into HTTP (docs/protocol.md, section 1).
#pragma once

#include <string_view>

namespace turso::wire {

inline constexpr std::string_view kMethodPost = "POST";
inline constexpr std::string_view kPathPullUpdates = "/pull-updates";
inline constexpr std::string_view kPathPipeline = "/v2/pipeline";

inline constexpr std::string_view kHeaderContentType = "content-type";
inline constexpr std::string_view kHeaderAccept = "accept";
// The official client names the media type of the answer it wants here, not in `accept`; servers ignore it.
inline constexpr std::string_view kHeaderAcceptEncoding = "accept-encoding";
inline constexpr std::string_view kHeaderAuthorization = "authorization";
inline constexpr std::string_view kAuthorizationBearer = "Bearer ";  // followed by the token
// The customer's key of a remote that encrypts at rest, in base64: on every request once configured.
inline constexpr std::string_view kHeaderEncryptionKey = "x-turso-encryption-key";

inline constexpr std::string_view kContentTypeProtobuf = "application/protobuf";
inline constexpr std::string_view kContentTypeJson = "application/json";

}  // namespace turso::wire
