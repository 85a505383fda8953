#include "replica.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "failure.hpp"

namespace py = pybind11;

namespace turso::python {

using ::turso_sync::Cancellation;
using ::turso_sync::SyncDatabase;
using ::turso_sync::SyncError;

// Performs requests by a Python callable. What that raised is kept for the call whose request it was.
class PythonTransport final : public ::turso_sync::Transport {
 public:
  explicit PythonTransport(py::object callable)
      : callable_(std::move(callable)), request_(py::module_::import("turso_sync._transport").attr("Request")) {}
  ~PythonTransport() override {
    py::gil_scoped_acquire acquire;  // the last owner may have released it
    causes_.clear();
    callable_ = py::object();
    request_ = py::object();
  }

  void perform(const ::turso_sync::HttpRequest& request, ::turso_sync::HttpAnswer& answer) override {
    py::gil_scoped_acquire acquire;
    try {
      const py::object response = callable_(python_request(request));
      answer.status(response.attr("status").cast<int>());
      for (const py::handle header : response.attr("headers")) {
        const auto [name, value] = header.cast<std::pair<std::string, std::string>>();
        answer.header(name, value);
      }
      stream(response.attr("chunks"), answer);
    } catch (py::error_already_set& error) {
      causes_[&answer.cancellation()] = error.value();
      const auto type = error.type().attr("__name__").cast<std::string>();
      const auto text = py::str(error.value()).cast<std::string>();
      throw std::runtime_error(text.empty() ? type : error.matches(PyExc_TimeoutError) ? "timeout: " + text : text);
    }
  }

  // With the GIL. What the transport raised last during this call, null if nothing.
  py::object take_cause(const Cancellation& call) {
    const auto found = causes_.find(&call);
    if (found == causes_.end()) return {};
    py::object cause = std::move(found->second);
    causes_.erase(found);
    return cause;
  }

 private:
  py::object python_request(const ::turso_sync::HttpRequest& request) const {
    py::tuple headers(request.headers.size());
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      headers[i] = py::make_tuple(request.headers[i].first, request.headers[i].second);
    }
    return request_(request.url, request.method, request.path, headers,
                    py::bytes(request.body.data(), request.body.size()));
  }

  static void stream(const py::object& chunks, ::turso_sync::HttpAnswer& answer) {
    const py::object iterator = py::iter(chunks);
    bool wanted = true;
    while (wanted) {
      const auto chunk = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()));
      if (!chunk) {
        if (PyErr_Occurred() != nullptr) throw py::error_already_set();
        return;
      }
      const auto bytes = chunk.cast<py::bytes>();
      const std::string_view piece(bytes);
      py::gil_scoped_release release;  // the library may run on with what it has got
      wanted = answer.data(piece);
    }
    if (py::hasattr(iterator, "close")) iterator.attr("close")();
  }

  py::object callable_;
  py::object request_;
  std::map<const Cancellation*, py::object> causes_;  // only with the GIL
};

Replica::Replica(::turso_sync::SyncOptions options, py::object transport)
    : options_(std::move(options)), transport_(std::make_shared<PythonTransport>(std::move(transport))) {}

Replica::~Replica() {
  py::gil_scoped_release release;
  database_.reset();
  transport_.reset();
}

// Runs `call` on the sync database without the GIL, where cancel() finds it.
template <typename Call>
auto Replica::run(Call call) -> decltype(call(std::declval<SyncDatabase&>(), nullptr)) {
  Cancellation cancellation;
  transport_->take_cause(cancellation);  // of an earlier call at this address, which did not fail for it
  try {
    py::gil_scoped_release release;
    const Running running(*this, cancellation);
    const std::shared_ptr<SyncDatabase> database = this->database(cancellation);
    return call(*database, &cancellation);
  } catch (const SyncError& error) {
    py::object cause = transport_->take_cause(cancellation);
    if (cause && PyObject_IsInstance(cause.ptr(), PyExc_Exception) == 0) {  // KeyboardInterrupt is not an answer
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(cause.ptr())), cause.ptr());
      throw py::error_already_set();
    }
    throw ReplicaFailure(error, std::move(cause));
  }
}

std::shared_ptr<SyncDatabase> Replica::database(Cancellation& cancellation) {
  const std::lock_guard<std::mutex> lock(opening_mutex_);
  if (database_ == nullptr) {
    auto database = std::make_shared<SyncDatabase>(options_, transport_);
    if (options_.remote_url.empty()) {
      database->open(&cancellation);
    } else {
      database->create(&cancellation);
    }
    database_ = std::move(database);
  }
  return database_;
}

std::unique_ptr<Connection> Replica::connect() {
  if (options_.remote_url.empty()) {
    return std::make_unique<Connection>([this] {
      py::gil_scoped_release release;
      return ::turso_sync::Database(options_.path).connect();
    }());
  }
  return std::make_unique<Connection>(
      run([](SyncDatabase& database, Cancellation* stop) { return database.connect(stop); }));
}

void Replica::push() {
  run([](SyncDatabase& database, Cancellation* stop) { database.push(stop); });
}

bool Replica::pull() {
  return run([](SyncDatabase& database, Cancellation* stop) { return database.pull(stop); });
}

bool Replica::sync() {
  return run([](SyncDatabase& database, Cancellation* stop) { return database.sync(kSyncRoundsMax, stop); });
}

void Replica::checkpoint() {
  run([](SyncDatabase& database, Cancellation* stop) { database.checkpoint(stop); });
}

py::dict Replica::stats() {
  const ::turso_sync::SyncStats stats =
      run([](SyncDatabase& database, Cancellation* stop) { return database.stats(stop); });
  const auto or_none = [](auto value) -> py::object {
    if (value == 0) return py::none();
    return py::int_(value);
  };
  static constexpr const char* kCompare[] = {"none", "tracked", "full"};
  py::dict out;
  out["cdc_operations"] = stats.basic.cdc_operations;
  out["main_wal_size"] = stats.basic.main_wal_size;
  out["revert_wal_size"] = stats.basic.revert_wal_size;
  out["last_pull_unix_time"] = or_none(stats.basic.last_pull_unix_time);
  out["last_push_unix_time"] = or_none(stats.basic.last_push_unix_time);
  out["network_sent_bytes"] = stats.basic.network_sent_bytes;
  out["network_received_bytes"] = stats.basic.network_received_bytes;
  out["revision"] = stats.revision.empty() ? py::object(py::none()) : py::str(stats.revision);
  out["pending_changes"] = stats.more.pending_changes;
  out["pending_transactions"] = stats.more.pending_transactions;
  out["oldest_pending_unix_time_ms"] = or_none(stats.more.oldest_pending_unix_time_ms);
  out["parked"] = stats.more.parked;
  out["quarantined"] = stats.more.quarantined;
  out["conflicts"] = stats.more.conflicts;
  out["replica_forked"] = stats.more.replica_forked != 0;
  out["remote_went_back"] = stats.more.remote_went_back != 0;
  out["partial_bootstrap_ignored"] = stats.more.partial_bootstrap_ignored != 0;
  out["last_compare"] = kCompare[std::clamp<int>(stats.more.last_compare, 0, 2)];
  out["main_bytes"] = stats.more.main_bytes;
  out["wal_bytes"] = stats.more.wal_bytes;
  out["base_bytes"] = stats.more.base_bytes;
  out["changes_bytes"] = stats.more.changes_bytes;
  return out;
}

void Replica::cancel() {
  py::gil_scoped_release release;
  const std::lock_guard<std::mutex> lock(running_mutex_);
  for (Cancellation* call : running_) call->cancel();
}

void Replica::close() {
  cancel();
  py::gil_scoped_release release;
  const std::lock_guard<std::mutex> lock(opening_mutex_);
  database_.reset();
}

Replica::Running::Running(Replica& replica, Cancellation& call) : replica_(replica), call_(call) {
  const std::lock_guard<std::mutex> lock(replica_.running_mutex_);
  replica_.running_.push_back(&call_);
}

Replica::Running::~Running() {
  const std::lock_guard<std::mutex> lock(replica_.running_mutex_);
  replica_.running_.erase(std::find(replica_.running_.begin(), replica_.running_.end(), &call_));
}

}  // namespace turso::python
