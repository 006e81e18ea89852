// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>
#include <vector>

#include "sample_events.h"

namespace ambit::engine::sample {

/// Writes conditions at random: every operator, modifier and function, over fields of every type, on values that events
/// have, nearly have, or do not have.
class RandomConditions {
 public:
  explicit RandomConditions(std::uint32_t seed) : random_(seed) {}

  std::string condition(int depth) {
    const auto dice = random_() % 10;
    if (depth == 0 || dice < 3) return check();
    if (dice < 5) return "not (" + condition(depth - 1) + ")";
    std::string out = "(" + condition(depth - 1) + ")";
    const char* chain = dice < 8 ? " and " : " or ";
    for (std::size_t i = 0; i < 1 + random_() % 3; ++i) out += chain + ("(" + condition(depth - 1) + ")");
    return out;
  }

 private:
  using Texts = std::vector<std::string>;
  const std::string& pick(const Texts& all) { return all[random_() % all.size()]; }

  std::string quoted(std::string text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + '"';
  }

  std::string list(const Texts& values, std::size_t most = 4) {
    std::string out = "(";
    for (std::size_t i = 0, n = random_() % (most + 1); i < n; ++i) out += (i == 0 ? "" : ", ") + quoted(pick(values));
    return out + ")";
  }

  std::string check() {
    switch (random_() % 10) {
      case 0:
        return event_type();
      case 1:
      case 2:
        return number();
      case 3:
        return address();
      case 4:
        return pick(kBooleans) + (random_() % 2 == 0 ? " = " : " != ") + (random_() % 2 == 0 ? "true" : "false");
      case 5:
        return with_function();
      default:
        return text(pick(kTexts));
    }
  }

  std::string event_type() {
    static const Texts kKinds = {"open", "execve", "connect", "rename", "accept4",
                                 "tick", "setuid", "setns",   "sendto", "cred"};
    const auto dice = random_() % 4;
    if (dice == 0) return "evt.type in (" + pick(kKinds) + ", " + pick(kKinds) + ")";
    return std::string("evt.type ") + (dice == 1 ? "!= " : "= ") + pick(kKinds);
  }

  std::string number() {
    static const Texts kNumbers = {"proc.pid",   "fd.num",       "fd.sport", "user.uid",
                                   "evt.rawres", "proc.apid[1]", "fd.rport"};
    static const Texts kSeveral = {"fd.port", "proc.apid"};
    static const Texts kDigits = {"3", "-13", "100", "443", "1000", "40000", "8080", "0", "50", "1"};
    static const Texts kOrders = {"<", "<=", ">", ">="};
    if (random_() % 5 == 0) return pick(kSeveral) + (random_() % 2 == 0 ? " = " : " != ") + pick(kDigits);
    const auto& field = pick(kNumbers);
    const auto dice = random_() % 6;
    if (dice == 0) return field + " exists";
    if (dice == 1) return field + " in (" + pick(kDigits) + ", " + pick(kDigits) + ")";
    if (dice == 2) return field + " " + pick(kOrders) + " val(" + pick(kNumbers) + ")";
    if (dice == 3) return field + " = val(" + pick(kNumbers) + ")";
    return field + " " + (dice == 4 ? std::string("=") : pick(kOrders)) + " " + pick(kDigits);
  }

  std::string address() {
    static const Texts kIps = {"fd.ip", "fd.sip", "fd.cip", "fd.lip", "fd.rip"};
    static const Texts kNets = {"fd.net", "fd.snet", "fd.rnet"};
    static const Texts kAddresses = {"10.1.2.3", "192.0.2.7", "::1", "203.0.113.9"};
    static const Texts kBlocks = {"10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0", "fd00::/8", "192.0.2.7", "10.1.2.0/31"};
    const bool is_net = random_() % 2 == 0;
    const auto& values = is_net ? kBlocks : kAddresses;
    const auto& field = pick(is_net ? kNets : kIps);
    const auto dice = random_() % 3;
    if (dice == 0) return field + " in (" + pick(values) + ", " + pick(values) + ")";
    return field + (dice == 1 ? " = " : " != ") + pick(values);
  }

  std::string text(const std::string& left) {
    static const Texts kOne = {"=", "!=", "startswith", "endswith", "contains", "icontains"};
    static const Texts kModified = {"startswith", "endswith", "contains", "icontains", "=", "glob"};
    static const Texts kLists = {"in", "intersects", "pmatch"};
    static const Texts kGlobs = {"*[[:digit:]]*", "*[![:alpha:]/]*", "*",   "/srv/*",           "*.gguf",
                                 "l?ama*",        "[a-m]*",          "*sh", "/usr/bin/[!a-k]*", "sh"};
    static const Texts kRegexes = {".*", "/srv/.*", "[a-z]+-server", "sh|bash", ".*\\.gguf", "x*", "(a|l).*r"};
    static const Texts kHex = {"2f737276", "6c6c", "7368", "2d"};
    switch (random_() % 9) {
      case 0:
        return left + " exists";
      case 1:
        return left + " " + (random_() % 2 == 0 ? "glob " : "iglob ") + quoted(pick(kGlobs));
      case 2:
        return left + " regex " + quoted(pick(kRegexes));
      case 3:
        return left + (random_() % 2 == 0 ? " bcontains " : " bstartswith ") + pick(kHex);
      case 4: {
        static const Texts kModifiers = {"oneof", "anyof", "allof"};
        return left + " " + pick(kModified) + " " + pick(kModifiers) + " " + list(kWords);
      }
      case 5:
      case 6:
        return left + " " + pick(kLists) + " " + list(kWords, 6);
      default:
        return left + " " + pick(kOne) + " " + quoted(pick(kWords));
    }
  }

  std::string with_function() {
    static const Texts kFields = {"proc.name", "proc.exepath", "fd.name", "secret.id", "proc.pname"};
    switch (random_() % 7) {
      case 0:
        return text("tolower(" + pick(kFields) + ")");
      case 1:
        return text("basename(" + pick(kFields) + ")");
      case 2:
        return "len(" + pick(kFields) + ") >= " + std::to_string(random_() % 20);
      case 3:
        return text("concat(" + pick(kFields) + ", \":\", " + pick(kFields) + ")");
      case 4:
        return text("join(proc.aname, \"<\")");
      case 5:
        return pick(kFields) + (random_() % 2 == 0 ? " = val(" : " endswith val(") + pick(kFields) + ")";
      default:
        return pick(kFields) + " != basename(" + pick(kFields) + ")";
    }
  }

  std::mt19937 random_;
  const Texts kBooleans = {"evt.failed", "evt.is_open_read", "workload.member", "fd.connected",
                           "proc.is_exe_from_memfd"};
  const Texts kTexts = {"evt.res",        "proc.name",     "proc.exepath",  "proc.aname",    "fd.name",
                        "fd.type",        "scope.verdict", "secret.id",     "proc.cmdline",  "workload.name",
                        "resource.class", "resource.path", "fd.l4proto",    "proc.aname[1]", "proc.acmdline",
                        "peer.names",     "fd.sip.name",   "evt.arg.flags", "fd.filename",   "fd.directory",
                        "quality.flags",  "container.id"};
  const Texts kWords = {"sh",
                        "llama-server",
                        "systemd",
                        "/srv",
                        "/srv/models",
                        "/srv/models/m.gguf",
                        "in_scope",
                        "out_of_scope",
                        "weights",
                        "tcp",
                        "file",
                        "chat",
                        "SUCCESS",
                        "EACCES",
                        "e",
                        "/usr/bin/llama-server",
                        "hf",
                        "ipv4",
                        "/",
                        "a.example",
                        "b.example",
                        "O_RDONLY",
                        "host",
                        "m.gguf",
                        "supervise",
                        "-x",
                        "/srv/modelsx",
                        "S",
                        "user_path",
                        "server"};
};

/// Events that differ in all that the conditions ask for.
inline std::vector<Sample> varied_events() {
  std::vector<Sample> out;
  for (const auto outcome : {Outcome::in_scope, Outcome::out_of_scope, Outcome::unscoped}) {
    out.push_back(judged(open("/srv/models/m.gguf"), outcome));
    out.push_back(judged(open("/srv/modelsx", AMBIT_ACCESS_WRITE, -13), outcome));
    out.push_back(judged(net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443)), outcome));
    out.push_back(judged(net(EventKind::accept, endpoint("10.1.2.3", 8080), endpoint("192.0.2.7", 443)), outcome));
    out.push_back(judged(exec(process("sh", "/usr/bin/dash", {"sh"}, server(), 3)), outcome));
    out.push_back(judged(names(EventKind::rename, "/srv/models/a", "/srv/models/m.gguf"), outcome));
    out.push_back(judged(unix_connect("/srv/x.sock"), outcome));
    out.push_back(judged(net(EventKind::send, Endpoint{}, endpoint("203.0.113.9", 53), AF_INET, SOCK_DGRAM), outcome));
    out.push_back(judged(of_kind(EventKind::cred), outcome));
  }
  out[0].judged.enriched.resource = ResourceClass::weights;
  out[0].event->quality = AMBIT_Q_USER_PATH | AMBIT_Q_ARGV_CUT;
  out[1].judged.judgement.secret = "hf";
  out[2].judged.enriched.peer_names = {"a.example", "b.example"};
  out[11].judged.enriched.peer_names = {"b.example"};
  CredFacts ids;
  ids.what = AMBIT_CRED_IDS;
  out[8].event->facts = ids;
  CredFacts spaces;
  spaces.what = AMBIT_CRED_NS;
  out[17].event->facts = spaces;
  out.push_back(of_kind(EventKind::tick));
  out.back().judged.enriched.process = nullptr;
  return out;
}

}  // namespace ambit::engine::sample
