// SPDX-License-Identifier: Apache-2.0
// `ambit completion bash|zsh|fish`: a script made from the very command line that it completes.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "commands.h"
#include "output.h"

namespace ambit::cli {
namespace {

using Words = std::vector<std::string>;

/// What may follow at one place of the command line. `path`: the subcommands that led there, "rules check".
struct Place {
  std::string path;
  Words commands;
  std::map<std::string, std::string> descriptions;  ///< of `commands`
  std::map<std::string, std::string> flags;         ///< name -> description; take no value
  std::map<std::string, std::string> options;       ///< take a value
  std::map<std::string, Words> choices;             ///< values of an option, where they are known
  std::set<std::string> files;                      ///< options whose value is a path
  bool takes_files = false, takes_rule = false;     ///< as words of their own
  Words words;                                      ///< choices of a word of its own
};

/// Values of "TEXT:{a,b}".
Words choices_of(const std::string& type) {
  Words out;
  const auto open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return out;
  std::string word;
  for (const char c : type.substr(open + 1, close - open - 1) + ",") {
    if (c == ',') {
      out.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  return out;
}

void add_option(const CLI::Option& option, Place& place) {
  const auto type = option.get_type_name();
  const bool is_path = type == "PATH" || type == "FILE";
  if (option.get_positional()) {
    place.takes_files = place.takes_files || type == "TEXT" || is_path;
    place.takes_rule = place.takes_rule || type == "RULE";
    const auto words = choices_of(type);
    place.words.insert(place.words.end(), words.begin(), words.end());
    return;
  }
  for (const auto& name : option.get_lnames()) {
    const auto word = "--" + name;
    if (option.get_expected_min() == 0) {
      place.flags[word] = option.get_description();
      continue;
    }
    place.options[word] = option.get_description();
    if (auto choices = choices_of(type); !choices.empty()) place.choices[word] = std::move(choices);
    if (is_path) place.files.insert(word);
  }
}

/// The place of `app` and those below it. Options of the whole program may stand anywhere (fallthrough).
void collect(const CLI::App& app, const std::string& path, const Place& common, std::vector<Place>& out) {
  Place place = common;
  place.path = path;
  if (!path.empty()) {
    for (const auto* option : app.get_options()) add_option(*option, place);
  }
  // A subcommand of no group is hidden: it is not for people.
  const auto below =
      app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty() && !sub->get_group().empty(); });
  for (const auto* sub : below) {
    place.commands.push_back(sub->get_name());
    place.descriptions[sub->get_name()] = sub->get_description();
  }
  out.push_back(place);
  for (const auto* sub : below) {
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), common, out);
  }
}

std::vector<Place> places_of(const CLI::App& root) {
  Place common;
  for (const auto* option : root.get_options()) add_option(*option, common);
  std::vector<Place> out;
  collect(root, "", common, out);
  return out;
}

Words names_of(const Place& place) {
  Words out;
  for (const auto& [name, description] : place.flags) out.push_back(name);
  for (const auto& [name, description] : place.options) out.push_back(name);
  return out;
}

// Which subcommand the words so far have led to, and whether the word before takes this one as its value.
constexpr const char* kBashHead =
    R"sh(# bash completion of ambit: source it, or put it into /usr/share/bash-completion/completions/ambit
_ambit_rules() { ambit rules list --json 2>/dev/null | sed -n 's/^ *"id": "\(.*\)",*$/\1/p'; }

_ambit() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at='' word i
  local commands options valued files rules words
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    _ambit_place "$at"
    word=${COMP_WORDS[i]}
    if [[ " $valued " == *" $word "* ]]; then
      ((i++))
    elif [[ " $commands " == *" $word "* ]]; then
      at=${at:+$at }$word
    fi
  done
  _ambit_place "$at"
  if [[ " $valued " == *" $before "* ]]; then
    _ambit_value "$at" "$before"
    return
  fi
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$commands $words${rules:+ $(_ambit_rules)}" -- "$current")
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
)sh";

std::string bash_script(const std::vector<Place>& places) {
  std::string out = kBashHead;
  out += "\n_ambit_place() {\n  commands='' options='' valued='' files='' rules='' words=''\n  case $1 in\n";
  for (const auto& place : places) {
    Words valued;
    for (const auto& [name, description] : place.options) valued.push_back(name);
    out +=
        fmt::format("    '{}') commands='{}' options='{}' valued='{}' files='{}' rules='{}' words='{}' ;;\n",
                    place.path, fmt::join(place.commands, " "), fmt::join(names_of(place), " "), fmt::join(valued, " "),
                    place.takes_files ? "yes" : "", place.takes_rule ? "yes" : "", fmt::join(place.words, " "));
  }
  out += "  esac\n}\n\n_ambit_value() {\n  case \"$1 $2\" in\n";
  for (const auto& place : places) {
    for (const auto& [name, words] : place.choices) {
      out += fmt::format("    '{} {}') mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\") ;;\n", place.path,
                         name, fmt::join(words, " "));
    }
    for (const auto& name : place.files) {
      out += fmt::format(
          "    '{} {}') compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n",
          place.path, name);
    }
  }
  return out + "  esac\n}\n\ncomplete -F _ambit ambit\n";
}

/// Between single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Colons and brackets part the fields of zsh's specifications.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_script(const std::vector<Place>& places) {
  std::string out =
      "#compdef ambit\n# zsh completion of ambit: put it as _ambit into a folder of $fpath\n"
      "_ambit_rules() { local -a ids; ids=(${(f)\"$(ambit rules list --json 2>/dev/null | sed -n 's/^ *\"id\": "
      "\"\\(.*\\)\",*$/\\1/p')\"}); compadd -a ids }\n\n"
      "_ambit() {\n  local at='' word i\n  local -a commands specs\n  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=$words[i]\n    case \"$at $word\" in\n";
  for (const auto& place : places) {
    if (!place.path.empty()) {
      const auto split = place.path.rfind(' ');
      const auto above = split == std::string::npos ? std::string() : place.path.substr(0, split);
      const auto last = split == std::string::npos ? place.path : place.path.substr(split + 1);
      out += fmt::format("      '{} {}') at='{}' ;;\n", above, last, place.path);
    }
  }
  out += "    esac\n  done\n  case $at in\n";
  for (const auto& place : places) {
    out += fmt::format("    '{}')\n", place.path);
    Words commands, specs;
    for (const auto& name : place.commands) {
      commands.push_back(quoted(zsh_text(name) + ":" + zsh_text(place.descriptions.at(name))));
    }
    for (const auto& [name, description] : place.flags)
      specs.push_back(quoted(name + "[" + zsh_text(description) + "]"));
    for (const auto& [name, description] : place.options) {
      const auto choices = place.choices.find(name);
      const auto action = choices != place.choices.end() ? fmt::format("({})", fmt::join(choices->second, " "))
                          : place.files.contains(name)   ? std::string("_files")
                                                         : std::string();
      specs.push_back(quoted(fmt::format("{}[{}]:value:{}", name, zsh_text(description), action)));
    }
    if (!place.words.empty()) specs.push_back(quoted(fmt::format("*:word:({})", fmt::join(place.words, " "))));
    if (place.takes_rule) specs.push_back("'1:rule:_ambit_rules'");
    if (place.takes_files) specs.push_back("'*:file:_files'");
    out += fmt::format("      commands=({})\n      specs=({}) ;;\n", fmt::join(commands, " "), fmt::join(specs, " "));
  }
  return out +
         "  esac\n  if (( $#commands )) && [[ $words[CURRENT] != -* ]]; then\n    _describe command commands\n  else\n"
         "    _arguments -S $specs\n  fi\n}\n\ncompdef _ambit ambit\n";
}

std::string fish_script(const std::vector<Place>& places) {
  std::string out =
      "# fish completion of ambit: put it into ~/.config/fish/completions/ambit.fish\n"
      "function __ambit_at\n    set -l words (commandline -opc)[2..]\n    set -l plain\n    for word in $words\n"
      "        string match -q -- '-*' $word; or set -a plain $word\n    end\n"
      "    test \"$plain\" = \"$argv\"; or string match -q -- \"$argv *\" \"$plain\"\nend\n"
      "complete -c ambit -f\n";
  for (const auto& place : places) {
    const auto where = place.path.empty() ? std::string("__fish_use_subcommand") : "__ambit_at " + place.path;
    for (const auto& name : place.commands) {
      // A group's subcommand only where none was given yet.
      const auto only = place.path.empty() ? where
                                           : fmt::format("{}; and not __fish_seen_subcommand_from {}", where,
                                                         fmt::join(place.commands, " "));
      out +=
          fmt::format("complete -c ambit -n {} -a {} -d {}\n", quoted(only), name, quoted(place.descriptions.at(name)));
    }
    if (place.path.empty()) {
      for (const auto& [name, description] : place.flags) {
        out += fmt::format("complete -c ambit -l {} -d {}\n", name.substr(2), quoted(description));
      }
      for (const auto& [name, description] : place.options) {
        out += fmt::format("complete -c ambit -l {} -r {} -d {}\n", name.substr(2),
                           place.files.contains(name) ? "-F" : "-f", quoted(description));
      }
      continue;
    }
    if (!place.commands.empty()) continue;
    for (const auto& [name, description] : place.flags) {
      out += fmt::format("complete -c ambit -n {} -l {} -d {}\n", quoted(where), name.substr(2), quoted(description));
    }
    for (const auto& [name, description] : place.options) {
      const auto choices = place.choices.find(name);
      const auto values = choices == place.choices.end()
                              ? std::string()
                              : fmt::format(" -a {}", quoted(fmt::format("{}", fmt::join(choices->second, " "))));
      out += fmt::format("complete -c ambit -n {} -l {} -r {}{} -d {}\n", quoted(where), name.substr(2),
                         place.files.contains(name) ? "-F" : "-f", values, quoted(description));
    }
    if (place.takes_files) out += fmt::format("complete -c ambit -n {} -F\n", quoted(where));
    if (place.takes_rule) {
      out += fmt::format(
          "complete -c ambit -n {} -a '(ambit rules list --json 2>/dev/null | string match -rg \"^ *.id.: "
          ".(AMB.*).,\")'\n",
          quoted(where));
    }
    if (!place.words.empty()) {
      out += fmt::format("complete -c ambit -n {} -a {}\n", quoted(where),
                         quoted(fmt::format("{}", fmt::join(place.words, " "))));
    }
  }
  return out;
}

int write_script(const CLI::App& root, const std::string& shell) {
  const auto places = places_of(root);
  if (shell == "bash") print(bash_script(places));
  if (shell == "zsh") print(zsh_script(places));
  if (shell == "fish") print(fish_script(places));
  return kFine;
}

}  // namespace

Command add_completion(CLI::App& app, Context& /*context*/) {
  auto* command = app.add_subcommand("completion", "Script that completes ambit's command line in a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return {[shell, &app] { return write_script(app, *shell); }, command};
}

}  // namespace ambit::cli
