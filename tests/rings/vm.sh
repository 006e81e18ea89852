# SPDX-License-Identifier: Apache-2.0
# Ring vm: Debian kernels in QEMU (tests/vm). Per kernel and plan of hooks: the bpf tests, the acts with daemon and ledger, canaries.
#   AMBIT_VM_KERNELS="5.10 6.12:rich"   these only, in one plan or all      AMBIT_VM_SUITES="bpf doctor"   these suites only
# shellcheck shell=bash disable=SC2034,SC2154
vm_packages=("${VM_PACKAGES[@]}")
vm_all_kernels="5.10 6.1 6.12 6.18 newest"

# vm_boot KERNEL PLAN DENIED APPEND: one guest; its results in build/vm/results/KERNEL-PLAN.
vm_boot() {
  local series=$1 plan=$2 denied=$3 append=$4 build=build/release folder file
  local dir=build/vm/results/$series-$plan kernel status=0
  folder=$dir
  rm -rf "$dir"
  mkdir -p "$dir"
  kernel=$(tests/vm/kernels.sh "$series" 2>"$AMBIT_LOGS/vm-$series-fetch.log") || {
    ring_skip "$series" "not booted: $(tail -n 1 "$AMBIT_LOGS/vm-$series-fetch.log")"
    return 0
  }
  local words=(--out "$folder" --timeout 3600 --module overlay --module veth --module loop --module vsock --module vsock_loopback --console "$AMBIT_LOGS/vm-$series-$plan-console.log" --append "$append")
  for file in "$build"/tests/progs/*; do
    if [[ -f $file && -x $file ]]; then words+=(--file "$file:/t/build/tests/progs/${file##*/}"); fi
  done
  words+=(
    --file "$build/daemon/app/ambit:/t/build/daemon/app/ambit" --file "$build/tests/bpf/bpf_tests:/t/build/tests/bpf/bpf_tests"
    --file "$build/tests/vm/verified:/t/build/tests/vm/verified" --file tests/harness:/t/tests/harness --file tests/lib:/t/tests/lib
    --file tests/integration/acts:/t/tests/integration/acts --file tests/evasion:/t/tests/evasion --file tests/vm/guest.py:/t/tests/vm/guest.py --file tests/vm/view.py:/t/tests/vm/view.py
  )
  if [[ " ${AMBIT_VM_SUITES:-} " == *" mutate "* ]]; then
    words+=(--timeout 14400 --memory 4096 --file tests/mutate:/t/tests/mutate --file build/mutants:/t/build/mutants --file "$build/bpf/ambit.bpf.o:/t/build/bpf/ambit.bpf.o")
    for file in program_table.cpp program_table.h candidate_table.cpp; do words+=(--file "daemon/kernel/$file:/t/daemon/kernel/$file"); done
  fi
  # shellcheck disable=SC2086  # several suites
  tests/vm/boot.sh "${words[@]}" "$kernel" -- env PYTHONPATH=/t/tests "AMBIT_TEST_DENY=$denied" "AMBIT_MUTATE=${AMBIT_MUTATE:-}" python3 /t/tests/vm/guest.py \
    ${AMBIT_VM_SUITES:-verified doctor bpf acts view} >"$AMBIT_LOGS/vm-$series-$plan.log" 2>&1 || status=$?
  cp "$kernel/release" "$dir/release"
  say "   $(python3 tests/vm/matrix.py line "$series" "$plan" "$dir")"
  take_lines "$dir/lines"
  if ((status != 0)); then
    ring_fail "$series.$plan" "the guest ended with status $status"
    tail -n 20 "$AMBIT_LOGS/vm-$series-$plan.log" | sed 's/^/    /'
  fi
}

ring_vm() {
  ring_build release || return 0
  local kernel series plan denied
  if [[ " ${AMBIT_VM_SUITES:-} " == *" mutate "* ]]; then
    PYTHONPATH=tests/mutate /usr/bin/python3 tests/mutate/run.py --build build/release --programs "${AMBIT_MUTATE:-*}" --write-objects build/mutants || return 1
  fi
  rm -rf build/vm/results
  mkdir -p build/vm/results
  for kernel in ${AMBIT_VM_KERNELS:-$vm_all_kernels}; do
    series=${kernel%%:*}
    while IFS='|' read -r plan denied append; do  # not by the tab of the file: two of them in a row are one to `read`
      if [[ $kernel == "$series" || ${kernel#*:} == "$plan" ]]; then vm_boot "$series" "$plan" "$denied" "$append" </dev/null; fi
    done < <(tr '\t' '|' <tests/vm/plans.tsv)
  done
  python3 tests/vm/matrix.py verified build/vm/results tests/vm/verified.tsv >"$AMBIT_LOGS/vm-tables.log"
  python3 tests/vm/matrix.py table build/vm/results README.md >>"$AMBIT_LOGS/vm-tables.log"
  take_lines "$AMBIT_LOGS/vm-tables.log"
}
