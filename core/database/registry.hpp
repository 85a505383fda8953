// registry.hpp -- what apps registered through any connection of a Database: functions, collations,
// extensions, and pragmas that change results. Every later connection gets them, and a replica's staging
// connection. Any thread may use it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "database/database.hpp"

namespace turso::database {

class Registry {
 public:
  void add(std::string key, Installer install, Installer remove);
  Installer remover(const std::string& key) const;  // null when there is no such key
  void forget(const std::string& key);
  void remember_pragma(const std::string& name, const std::string& value);

  // Installs everything on `raw`, in the order of registration.
  Status apply(sqlite3* raw) const;

 private:
  struct Entry {
    std::string key;
    Installer install;
    Installer remove;
  };

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::map<std::string, std::string> pragmas_;
};

}  // namespace turso::database
