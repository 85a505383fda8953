// target.hpp -- one entry point that takes bytes from outside, fed by libFuzzer or by fuzz_mutations_test.cpp.
//
// TURSO_FUZZ_TARGET(name) { ... bytes ... } defines fuzz_<name>(ByteView bytes); in a program built for libFuzzer
// it is what the fuzzer calls. A target that finds a defect throws or crashes.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#ifdef TURSO_LIBFUZZER
#define TURSO_FUZZ_ENTRY(name)                                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_##name(turso::ByteView(data, size));                                         \
    return 0;                                                                         \
  }
#else
#define TURSO_FUZZ_ENTRY(name)
#endif

#define TURSO_FUZZ_TARGET(name)            \
  void fuzz_##name(turso::ByteView bytes); \
  TURSO_FUZZ_ENTRY(name)                   \
  void fuzz_##name(turso::ByteView bytes)
