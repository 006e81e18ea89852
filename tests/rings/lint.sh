# SPDX-License-Identifier: Apache-2.0
# Formatting and static checks of what is under version control.
# shellcheck shell=bash disable=SC2034
lint_packages=(clang-format-14 clang-tidy-14 shellcheck yamllint)

# lint_check NAME COMMAND...: one test; its output is shown when it fails.
lint_check() {
  local name=$1 log=$AMBIT_LOGS/lint-$1.log
  shift
  if "$@" >"$log" 2>&1; then
    ring_pass "$name"
  else
    ring_fail "$name" "see build/logs/lint-$name.log"
    head -n 40 "$log" | sed 's/^/    /'
  fi
}

lint_files() { git -c safe.directory="$AMBIT_ROOT" ls-files "$@" | grep -v vmlinux; }

# Files that differ from the commit that the last push or the parent commit holds; all of them with AMBIT_TIDY=all.
lint_tidy_files() {
  if [[ ${AMBIT_TIDY:-} == all ]]; then
    lint_files 'daemon/*.cpp'
  else
    { git -c safe.directory="$AMBIT_ROOT" diff --name-only --diff-filter=d HEAD~1 -- 'daemon/*.cpp' 2>/dev/null || true; } | sort -u
  fi
}

# clang cannot read GCC's precompiled header, so the commands come from a configuration without one; the generated skeleton
# is that of the build.
lint_tidy() {
  cmake --preset release -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
  lint_tidy_files | xargs -r -P "$AMBIT_JOBS" -n 1 clang-tidy-14 --quiet -p build/tidy \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-isystem --extra-arg="$AMBIT_ROOT/build/release/bpf/skeleton"
}

lint_license() {
  local file bad=0
  while read -r file; do
    head -n 3 "$file" | grep -q SPDX-License-Identifier || { say "no SPDX line: $file"; bad=1; }
  done < <(lint_files '*.cpp' '*.h' '*.c' '*.sh' '*.py')
  return "$bad"
}

ring_lint() {
  local cpp sh yaml
  mapfile -t cpp < <(lint_files '*.cpp' '*.h' '*.c')
  mapfile -t sh < <(lint_files '*.sh' '.ci/run')
  mapfile -t yaml < <(lint_files '*.yaml' '*.yml')
  lint_check clang-format clang-format-14 --dry-run -Werror "${cpp[@]}"
  lint_check shellcheck shellcheck -x -P "$AMBIT_ROOT" "${sh[@]}"
  lint_check yamllint yamllint -s -c tests/lib/yamllint.yaml "${yaml[@]}"
  lint_check license lint_license
  ring_build release || return 0
  lint_check clang-tidy lint_tidy
}
