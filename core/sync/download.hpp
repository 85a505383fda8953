// download.hpp -- POST /pull-updates: the pages that arrive become P-changes.
//
//   incremental   client_revision = the revision that the replica has; the server may hold the answer (long poll)
//   whole         no client_revision; where asked for in chunks of at most pull_bytes_threshold bytes: chunk 1 asks
//                 for pages [0, n), the others are pinned to its revision and cover the rest of its db_size
//   topping up    P-changes holds a download that was not applied: the request goes on from its to_revision, its
//                 pages come first in the new file. So nothing is downloaded twice, and a download that conflicts
//                 with local changes does not hide what the remote has done since.
// Whatever is not the protocol (HTML, no header, a cut stream, pages of another size, an MVCC database) ends the
// download with kProtocol, and P-changes stays as it was: the new one gets its name only when it is complete.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sync/changes_file.hpp"
#include "sync/http.hpp"
#include "sync/replica_files.hpp"
#include "sync/task.hpp"
#include "wire/pull.hpp"

namespace turso::sync {

struct DownloadPlan {
  std::string from_revision;  // what the replica has; "": nothing, the download is a complete image
  std::uint32_t base_page_count = 0;
  std::uint32_t long_poll_timeout_ms = 0;
  std::size_t chunk_bytes = 0;  // of a complete image; 0: one request
  std::uint64_t nonce = 0;
  std::shared_ptr<ChangesFile> top_up;  // null: none
};

struct Download {
  std::string revision;          // the server's, to_revision of the file
  std::uint32_t db_size = 0;     // pages
  std::uint64_t page_count = 0;  // that the server sent
};

// What arrives: checks it and writes it. One per download, over all its chunks.
class PageSink {
 public:
  PageSink(std::string changes_path, DownloadPlan plan)
      : changes_path_(std::move(changes_path)), plan_(std::move(plan)) {}

  Status on_header(const wire::PullHeader& header);
  Status on_page(std::uint64_t page_id, ByteView page);

  // Completes P-changes, a file of no pages too. Answers its ident.
  Result<std::uint64_t> finish();

  const Download& download() const { return download_; }
  const DownloadPlan& plan() const { return plan_; }

 private:
  Status open_writer();

  std::string changes_path_;
  DownloadPlan plan_;
  Download download_;
  bool has_header_ = false;
  bool replace_ = false;
  std::optional<ChangesWriter> writer_;
};

// Runs the whole download. The sink outlives it; P-changes is complete only after sink->finish().
Task<Status> download_pages(HttpChannel channel, PageSink* sink);

}  // namespace turso::sync
