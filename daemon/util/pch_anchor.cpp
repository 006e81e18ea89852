// SPDX-License-Identifier: Apache-2.0
// Gives the precompiled header a translation unit to be built with.
