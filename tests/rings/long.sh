# SPDX-License-Identifier: Apache-2.0
# Ring long: parts that take more than three minutes. It holds no tests yet and says so.
# shellcheck shell=bash disable=SC2034
long_packages=()

ring_long() { ring_skip long "this ring holds no tests yet"; }
