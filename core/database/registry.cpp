#include "database/registry.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {

void Registry::add(std::string key, Installer install, Installer remove) {
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
  entries_.push_back(Entry{std::move(key), std::move(install), std::move(remove)});
}

Installer Registry::remover(const std::string& key) const {
  std::lock_guard lock(mutex_);
  auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  return found != entries_.end() ? found->remove : nullptr;
}

void Registry::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
}

void Registry::remember_pragma(const std::string& name, const std::string& value) {
  std::lock_guard lock(mutex_);
  pragmas_[to_lower(name)] = value;
}

Status Registry::apply(sqlite3* raw) const {
  // Installers run foreign code (an extension's entry point), so they run outside the lock, on copies.
  std::vector<Entry> entries;
  std::map<std::string, std::string> pragmas;
  {
    std::lock_guard lock(mutex_);
    entries = entries_;
    pragmas = pragmas_;
  }
  for (const Entry& entry : entries) {
    int code = entry.install(raw);
    if (code != SQLITE_OK) return sqlite::error_of(raw, code).in(concat("registering ", entry.key));
  }
  for (const auto& [name, value] : pragmas) {
    std::string text = concat("PRAGMA ", name, " = ", sqlite::identifier(value));
    int code = sqlite3_exec(raw, text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite::error_of(raw, code).in(concat("pragma ", name));
  }
  return ok();
}

}  // namespace turso::database
