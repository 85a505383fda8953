// module.cpp -- turso_sync._native: what Python sees of the library. See _native.pyi for the types.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "failure.hpp"
#include "replica.hpp"
#include "sql.hpp"

namespace py = pybind11;

namespace turso::python {

void set_python_error(const ::turso_sync::SyncError& error, bool during_sync, py::handle cause) {
  py::dict details;
  details["kind"] = error.kind_name();
  details["code"] = static_cast<int>(error.status);
  details["extended_code"] = error.sqlite_code;
  details["message"] = error.what();
  details["retryable"] = error.retryable;
  details["condition"] = error.condition;
  details["http_status"] = error.http_status;
  details["table"] = error.table;
  details["key"] = error.key;
  details["constraint"] = error.constraint;
  details["change_id"] = error.change_id;
  const py::object made = py::module_::import("turso_sync._errors").attr("make")(during_sync, details);
  if (cause) PyException_SetCause(made.ptr(), py::reinterpret_borrow<py::object>(cause).release().ptr());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
}

namespace {

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const ReplicaFailure& failure) {
    set_python_error(failure, true, failure.cause);
  } catch (const ::turso_sync::SyncError& error) {
    set_python_error(error, false, {});
  }
}

std::unique_ptr<Replica> make_replica(std::string path, std::optional<std::string> remote_url, std::string client_name,
                                      std::int32_t long_poll_timeout_ms, bool bootstrap_if_empty,
                                      std::int32_t reserved_bytes, std::size_t push_operations_threshold,
                                      std::size_t pull_bytes_threshold,
                                      std::optional<std::string> remote_encryption_key,
                                      std::optional<std::string> remote_encryption_cipher, std::int32_t partial_prefix,
                                      std::optional<std::string> partial_query, std::size_t partial_segment_size,
                                      bool partial_prefetch, bool logical_mvcc_pull, const py::dict& options,
                                      py::object transport) {
  ::turso_sync::SyncOptions sync;
  sync.path = std::move(path);
  sync.remote_url = std::move(remote_url).value_or("");
  sync.client_name = std::move(client_name);
  sync.long_poll_timeout_ms = long_poll_timeout_ms;
  sync.bootstrap_if_empty = bootstrap_if_empty;
  sync.reserved_bytes = reserved_bytes;
  sync.push_operations_threshold = push_operations_threshold;
  sync.pull_bytes_threshold = pull_bytes_threshold;
  sync.remote_encryption_key = std::move(remote_encryption_key).value_or("");
  sync.remote_encryption_cipher = std::move(remote_encryption_cipher).value_or("");
  sync.partial_bootstrap_strategy_prefix = partial_prefix;
  sync.partial_bootstrap_strategy_query = std::move(partial_query).value_or("");
  sync.partial_bootstrap_segment_size = partial_segment_size;
  sync.partial_bootstrap_prefetch = partial_prefetch;
  sync.logical_mvcc_pull = logical_mvcc_pull;
  for (const auto& [key, value] : options) sync.named.emplace_back(py::str(key), py::str(value));
  return std::make_unique<Replica>(std::move(sync), std::move(transport));
}

std::string sqlite_version() {
  ::turso_sync::Connection connection = ::turso_sync::Database(":memory:").connect();
  ::turso_sync::Statement select = connection.prepare("SELECT sqlite_version()");
  select.step();
  return std::string(select.bytes(0));
}

PYBIND11_MODULE(_native, module) {
  py::register_exception_translator(translate);
  module.attr("version") = turso_version();
  module.attr("sqlite_version") = sqlite_version();

  py::class_<Statement>(module, "Statement")
      .def_readwrite("sql", &Statement::sql)
      .def_readwrite("is_dml", &Statement::is_dml)
      .def_property_readonly("column_names", &Statement::column_names)
      .def_property_readonly("changes", &Statement::changes)
      .def("bind", &Statement::bind)
      .def("step", &Statement::step)
      .def("row", &Statement::row)
      .def("reset", &Statement::reset)
      .def("finalize", &Statement::finalize);

  py::class_<Connection>(module, "Connection")
      .def_property_readonly("autocommit", &Connection::autocommit)
      .def_property_readonly("last_insert_rowid", &Connection::last_insert_rowid)
      .def("prepare_first", &Connection::prepare_first)
      .def("set_busy_timeout_ms", &Connection::set_busy_timeout_ms)
      .def("interrupt", &Connection::interrupt)
      .def("close", &Connection::close);

  py::class_<Replica>(module, "Replica")
      .def(py::init(&make_replica), py::kw_only(), py::arg("path"), py::arg("remote_url"), py::arg("client_name"),
           py::arg("long_poll_timeout_ms"), py::arg("bootstrap_if_empty"), py::arg("reserved_bytes"),
           py::arg("push_operations_threshold"), py::arg("pull_bytes_threshold"), py::arg("remote_encryption_key"),
           py::arg("remote_encryption_cipher"), py::arg("partial_prefix"), py::arg("partial_query"),
           py::arg("partial_segment_size"), py::arg("partial_prefetch"), py::arg("logical_mvcc_pull"),
           py::arg("options"), py::arg("transport"))
      .def("connect", &Replica::connect)
      .def("push", &Replica::push)
      .def("pull", &Replica::pull)
      .def("sync", &Replica::sync)
      .def("checkpoint", &Replica::checkpoint)
      .def("stats", &Replica::stats)
      .def("cancel", &Replica::cancel)
      .def("close", &Replica::close);
}

}  // namespace
}  // namespace turso::python
