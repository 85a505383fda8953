#include "sql.hpp"

#include "values.hpp"

namespace py = pybind11;

namespace turso::python {

Statement::Statement(ConnectionHandle connection, ::turso_sync::Statement statement)
    : connection_(std::move(connection)), statement_(std::make_unique<::turso_sync::Statement>(std::move(statement))) {}

Statement::~Statement() {
  py::gil_scoped_release release;
  statement_.reset();
  connection_.reset();
}

void Statement::bind(py::handle parameters) { bind_parameters(*statement_, parameters); }

bool Statement::step() {
  py::gil_scoped_release release;
  return statement_->step();
}

py::tuple Statement::row(py::handle text_factory) const { return row_tuple(*statement_, text_factory); }

py::tuple Statement::column_names() const {
  py::tuple names(statement_->column_count());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = py::str(statement_->column_name(i));
  return names;
}

void Statement::reset() {
  py::gil_scoped_release release;
  statement_->reset();
}

void Statement::finalize() {
  py::gil_scoped_release release;
  turso_statement_finalize(statement_->get(), nullptr);  // TURSO_DONE, or MISUSE where the connection was closed before
}

Connection::~Connection() {
  py::gil_scoped_release release;
  connection_.reset();
}

std::pair<std::unique_ptr<Statement>, std::size_t> Connection::prepare_first(const py::bytes& sql, std::size_t offset) {
  const char* text = PyBytes_AS_STRING(sql.ptr());
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(sql.ptr()));
  std::size_t tail = 0;
  ::turso_sync::Statement statement = [&] {
    py::gil_scoped_release release;  // the bytes object is immutable and held by the caller
    return connection_->prepare_first(text + std::min(offset, size), &tail);
  }();
  if (!statement) return {nullptr, size};
  return {std::make_unique<Statement>(connection_, std::move(statement)), offset + tail};
}

void Connection::close() {
  py::gil_scoped_release release;
  connection_->close();
}

}  // namespace turso::python
