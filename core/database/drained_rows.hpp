// drained_rows.hpp -- the rows of a RETURNING clause, taken before the first one is handed out.
//
// A captured write runs to its end at the first step, so that no write is ever open between two steps. Its rows wait
// here, in memory up to a limit and then in a temporary file: each as its length (8 bytes) and a SQLite record.
#pragma once

#include <vector>

#include "cdc/capture.hpp"
#include "cdc/record.hpp"
#include "cdc/spill_buffer.hpp"

namespace turso::database {

class DrainedRows final : public cdc::RowSink {
 public:
  explicit DrainedRows(std::string directory);

  Status add(sqlite3_stmt* row) override;

  Result<bool> next();  // true: fields are those of the next row, until the next call
  const cdc::Field& field(int index) const { return fields_[static_cast<std::size_t>(index)]; }
  int type(int index) const;  // SQLite's type code; SQLITE_NULL past the last column

 private:
  cdc::SpillBuffer rows_;
  cdc::SpillBuffer::Reader reader_{rows_};
  std::uint64_t at_ = 0;
  std::vector<cdc::Field> fields_;
  Bytes scratch_;
};

}  // namespace turso::database
