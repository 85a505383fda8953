// pull_desk.hpp -- answers POST /pull-updates for one database: which pages, from which snapshot.
//
// A client that names a revision of this lineage gets the pages that changed after it, without an upper
// bound; anything else (nothing, another lineage, an unknown, unparsable or future revision) gets every page,
// which is always right. An answer for a part of the pages pins its snapshot, so that the client can ask for
// the other parts of the same revision; a pin ends when it was not used for a while, or when there are too
// many, and asking for it then is an error the client begins anew after.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "server/body.hpp"
#include "server/hosted_database.hpp"
#include "wire/pull.hpp"

namespace turso::server {

class PullDesk {
 public:
  PullDesk(HostedDatabase& database, std::shared_ptr<Environment> environment)
      : database_(database), environment_(std::move(environment)) {}

  // Whether there is nothing to tell this client now and it is willing to wait.
  Result<bool> would_wait(const wire::PullRequest& request);

  // The answer as a stream: the header first, then pages as they are read.
  Result<std::unique_ptr<BodyStream>> answer(const wire::PullRequest& request);

  // Lets go of pins whose time has come; and the time of the next one, in unix ms.
  void expire();
  std::optional<std::int64_t> next_expiry() const;
  void release_all() { pins_.clear(); }

 private:
  struct Pin {
    std::shared_ptr<Snapshot> snapshot;
    std::int64_t expires_ms = 0;
  };

  Result<std::shared_ptr<Snapshot>> pinned(const std::string& token);
  void pin(std::shared_ptr<Snapshot> snapshot);

  HostedDatabase& database_;
  std::shared_ptr<Environment> environment_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Pin> pins_;  // by lineage and counter
};

}  // namespace turso::server
