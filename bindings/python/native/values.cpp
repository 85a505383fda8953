#include "values.hpp"

#include <memory>
#include <string>

namespace py = pybind11;

namespace turso::python {
namespace {

using ::turso_sync::Statement;

void bind_buffer(Statement& statement, std::size_t position, PyObject* value) {
  Py_buffer view;
  if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  const std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> release(&view, PyBuffer_Release);
  statement.bind_blob(position, {static_cast<const char*>(view.buf), static_cast<std::size_t>(view.len)});
}

void bind_value(Statement& statement, std::size_t position, PyObject* value) {
  if (value == Py_None) {
    statement.bind_null(position);
  } else if (PyLong_Check(value)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
      PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to SQLite INTEGER");
      throw py::error_already_set();
    }
    statement.bind_int(position, number);
  } else if (PyFloat_Check(value)) {
    statement.bind_real(position, PyFloat_AS_DOUBLE(value));
  } else if (PyUnicode_Check(value)) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) throw py::error_already_set();
    statement.bind_text(position, {text, static_cast<std::size_t>(size)});
  } else if (PyObject_CheckBuffer(value)) {
    bind_buffer(statement, position, value);
  } else {
    throw_programming_error("Error binding parameter " + std::to_string(position) + ": type '" +
                            Py_TYPE(value)->tp_name + "' is not supported");
  }
}

void bind_by_position(Statement& statement, PyObject* parameters, std::size_t wanted) {
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(parameters, "parameters are not a sequence"));
  if (!items) throw py::error_already_set();
  const auto given = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items.ptr()));
  if (given != wanted) {
    throw_programming_error("Incorrect number of bindings supplied. The current statement uses " +
                            std::to_string(wanted) + ", and there are " + std::to_string(given) + " supplied.");
  }
  for (std::size_t i = 0; i < given; ++i) {
    bind_value(statement, i + 1, PySequence_Fast_GET_ITEM(items.ptr(), static_cast<Py_ssize_t>(i)));
  }
}

std::string parameter_name(const Statement& statement, std::size_t position) {  // with its prefix; empty: none
  const char* name = turso_statement_parameter_name(statement.get(), static_cast<std::int64_t>(position));
  const std::string copy = name != nullptr ? name : "";
  turso_str_deinit(name);
  return copy;
}

void bind_by_name(Statement& statement, PyObject* parameters, std::size_t wanted) {
  for (std::size_t position = 1; position <= wanted; ++position) {
    const std::string name = parameter_name(statement, position);
    if (name.empty()) {
      throw_programming_error("Binding " + std::to_string(position) +
                              " has no name, but you supplied a dictionary (which has only names).");
    }
    const py::str key(name.substr(1));
    const auto value = py::reinterpret_steal<py::object>(PyObject_GetItem(parameters, key.ptr()));
    if (!value) {
      if (!PyErr_ExceptionMatches(PyExc_LookupError)) throw py::error_already_set();
      PyErr_Clear();
      throw_programming_error("You did not supply a value for binding parameter " + name + ".");
    }
    bind_value(statement, position, value.ptr());
  }
}

[[noreturn]] void throw_not_utf8(const Statement& statement, std::size_t index, std::string_view bytes) {
  const auto shown = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
  const py::str message =
      py::str("Could not decode to UTF-8 column '{}' with text '{}'").format(statement.column_name(index), shown);
  const py::object type = py::module_::import("turso_sync._errors").attr("OperationalError");
  PyErr_SetObject(type.ptr(), message.ptr());
  throw py::error_already_set();
}

PyObject* text_of(const Statement& statement, std::size_t index, PyObject* text_factory) {
  const std::string_view bytes = statement.bytes(index);
  const auto size = static_cast<Py_ssize_t>(bytes.size());
  if (text_factory != reinterpret_cast<PyObject*>(&PyUnicode_Type)) {
    const py::bytes raw(bytes.data(), bytes.size());
    return PyObject_CallFunctionObjArgs(text_factory, raw.ptr(), nullptr);
  }
  PyObject* text = PyUnicode_DecodeUTF8(bytes.data(), size, nullptr);
  if (text == nullptr && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
    PyErr_Clear();
    throw_not_utf8(statement, index, bytes);
  }
  return text;
}

PyObject* column(const Statement& statement, std::size_t index, PyObject* text_factory) {
  switch (statement.type(index)) {
    case TURSO_TYPE_INTEGER: return PyLong_FromLongLong(statement.integer(index));
    case TURSO_TYPE_REAL: return PyFloat_FromDouble(statement.real(index));
    case TURSO_TYPE_TEXT: return text_of(statement, index, text_factory);
    case TURSO_TYPE_BLOB: {
      const std::string_view bytes = statement.bytes(index);
      return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
    }
    default: Py_RETURN_NONE;
  }
}

}  // namespace

void bind_parameters(Statement& statement, py::handle parameters) {
  const std::size_t wanted = statement.parameter_count();
  PyObject* given = parameters.ptr();
  const bool is_sequence =
      PyTuple_Check(given) || PyList_Check(given) || (!PyDict_Check(given) && PySequence_Check(given));
  if (is_sequence) {
    bind_by_position(statement, given, wanted);
  } else if (PyMapping_Check(given)) {
    bind_by_name(statement, given, wanted);
  } else {
    throw_programming_error("parameters are of unsupported type");
  }
}

py::tuple row_tuple(const Statement& statement, py::handle text_factory) {
  const std::size_t count = statement.column_count();
  py::tuple row(count);
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* value = column(statement, i, text_factory.ptr());
    if (value == nullptr) throw py::error_already_set();
    PyTuple_SET_ITEM(row.ptr(), static_cast<Py_ssize_t>(i), value);
  }
  return row;
}

void throw_programming_error(const std::string& message) {
  const py::object type = py::module_::import("turso_sync._errors").attr("ProgrammingError");
  PyErr_SetString(type.ptr(), message.c_str());
  throw py::error_already_set();
}

}  // namespace turso::python
