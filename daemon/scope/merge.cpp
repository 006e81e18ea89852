// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <algorithm>

namespace ambit::scope {
namespace {

template <class T>
void append(std::vector<T>& base, const std::vector<T>& over) {
  base.insert(base.end(), over.begin(), over.end());
}

template <class T>
void take(std::optional<T>& base, const std::optional<T>& over) {
  if (over) base = over;
}

template <class T>
void append(std::optional<std::vector<T>>& base, const std::optional<std::vector<T>>& over) {
  if (!over) return;
  if (!base) base.emplace();
  append(*base, *over);
}

/// Appends; an entry whose `key` is already there takes its place.
template <class T, class Key>
void append_named(std::optional<std::vector<T>>& base, const std::optional<std::vector<T>>& over, Key key) {
  if (!over) return;
  if (!base) base.emplace();
  for (const auto& item : *over) {
    const auto same = std::find_if(base->begin(), base->end(), [&](const T& other) { return key(other) == key(item); });
    if (same != base->end()) {
      *same = item;
    } else {
      base->push_back(item);
    }
  }
}

void merge_files(std::optional<FilesSpec>& base, const std::optional<FilesSpec>& over) {
  if (!over) return;
  if (!base) base.emplace();
  take(base->mode, over->mode);
  base->has_read = base->has_read || over->has_read;
  base->has_write = base->has_write || over->has_write;
  base->has_execute = base->has_execute || over->has_execute;
  append(base->read, over->read);
  append(base->write, over->write);
  append(base->execute, over->execute);
  append(base->deny, over->deny);
}

void merge_network(NetworkSpec& base, const NetworkSpec& over) {
  base.declared = base.declared || over.declared;
  take(base.mode, over.mode);
  append(base.egress, over.egress);
  append(base.listen, over.listen);
  append(base.clients, over.clients);
  append(base.unix_paths, over.unix_paths);
  append(base.resolvers, over.resolvers);
  take(base.metadata_allowed, over.metadata_allowed);
  append(base.sockets, over.sockets);
}

}  // namespace

void merge(Spec& base, const Spec& over) {
  if (!over.owner_team.empty()) base.owner_team = over.owner_team;
  if (!over.owner_contact.empty()) base.owner_contact = over.owner_contact;
  take(base.mode, over.mode);
  take(base.select, over.select);
  if (over.phases) {
    if (!base.phases) base.phases.emplace();
    if (!over.phases->ends_when.empty()) base.phases->ends_when = over.phases->ends_when;
    take(base.phases->max, over.phases->max);
  }
  append_named(base.models, over.models, [](const ModelSpec& m) -> const std::string& { return m.name; });
  take(base.models_mode, over.models_mode);
  merge_files(base.files, over.files);
  base.processes.declared = base.processes.declared || over.processes.declared;
  take(base.processes.mode, over.processes.mode);
  take(base.processes.server, over.processes.server);
  append(base.processes.children, over.processes.children);
  merge_network(base.network, over.network);
  append_named(base.secrets, over.secrets, [](const SecretSpec& s) -> const std::string& { return s.id; });
  take(base.secrets_mode, over.secrets_mode);
  append(base.devices, over.devices);
  take(base.devices_mode, over.devices_mode);
  base.io.declared = base.io.declared || over.io.declared;
  take(base.io.mode, over.io.mode);
  for (std::size_t i = 0; i < kMechanisms; ++i) take(base.io.allowed[i], over.io.allowed[i]);
  append(base.exceptions, over.exceptions);
}

}  // namespace ambit::scope
