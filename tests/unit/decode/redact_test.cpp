// SPDX-License-Identifier: Apache-2.0
#include "decode/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace ambit::decode {
namespace {

using testing::ElementsAreArray;

struct TextCase {
  const char* description;
  std::string given, expected;
};

/// Split so that scanners of source code do not take the samples for leaks.
std::string glue(std::string_view a, std::string_view b) {
  return std::string(a).append(b);
}

TEST(RedactText, ReplacesSecrets) {
  const TextCase cases[] = {
      {"Hugging Face", glue("hf_", "abcdefghijABCDEFGHIJ0123456789abcd"), "<redacted>"},
      {"OpenAI project key", glue("x sk-", "proj-Ab12Cd34Ef56Gh78Ij90Kl12 y"), "x <redacted> y"},
      {"GitHub", glue("https://api/", "ghp_abcdefghijklmnopqrstuvwxyz012345"), "https://api/<redacted>"},
      {"Slack", glue("xoxb-", "123456789012-abcdef"), "<redacted>"},
      {"AWS key id", glue("AKIA", "IOSFODNN7EXAMPLE"), "<redacted>"},
      {"JWT", glue("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxIn0.c2ln"), "<redacted>"},
      {"userinfo", "git clone https://u:p@host/x", "git clone https://<redacted>@host/x"},
      {"userinfo with @ in it", "https://u:p@ss@host/x", "https://<redacted>@host/x"},
      {"query", "https://h/p?a=1&token=abc&b=2#f", "https://h/p?a=1&token=<redacted>&b=2#f"},
      {"query key", "https://h/p?key=abc", "https://h/p?key=<redacted>"},
      {"signature", "https://s3/x?X-Amz-Signature=abc&X-Amz-Date=1",
       "https://s3/x?X-Amz-Signature=<redacted>&X-Amz-Date=1"},
      {"header", "Authorization: Bearer abc def", "Authorization: <redacted>"},
      {"header in quotes", "curl -H 'Authorization: Basic abc' url", "curl -H 'Authorization: <redacted>' url"},
      {"other header", "X-Api-Key: abc", "X-Api-Key: <redacted>"},
      {"bearer alone", "Bearer abcdefgh12", "Bearer <redacted>"},
      {"assignment in a shell", "export HF_TOKEN=abc; run", "export HF_TOKEN=<redacted>; run"},
      {"quoted value", "password=\"a b\" x", "password=\"<redacted>\" x"},
      {"JSON", R"({"password": "a,b", "n": 1})", R"({"password": "<redacted>", "n": 1})"},
      {"private key", glue("-----BEGIN RSA ", "PRIVATE KEY-----\nabc"), "<redacted>"},
      {"in a path", glue("/tmp/hf_", "abcdefghijABCDEFGHIJ/x"), "/tmp/<redacted>/x"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(redact_text(c.given), c.expected) << c.description;
    EXPECT_EQ(redact_text(c.expected), c.expected) << c.description << ", twice";
  }
}

TEST(RedactText, LeavesTheRestAlone) {
  const char* const cases[] = {
      "",
      "/srv/models/gemma/model-00001-of-00002.safetensors",
      "/home/x/sk-learn-random-forest-classifier-v2/model.pkl",
      "/usr/lib/python3/dist-packages/sklearn/__init__.py",
      "https://huggingface.co/a/b?download=true",
      "http://[::1]:8080/v1/completions",
      "--max-tokens=100 n_tokens: 5 --eos-token=</s>",
      "--token-file=/run/secrets/hf",
      "tokenizer.json",
      "key=value",
      "basic usage",
      "hf_hub",
      "a@b.c",
      "eyJ",
      "password=",
      "models--org--name/blobs/0123456789abcdef0123456789abcdef01234567",
  };
  for (const auto* text : cases) EXPECT_EQ(redact_text(text), text);
}

TEST(RedactText, StaysLinearOnHostileText) {
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string_view unit :
       {"sk-", "eyJ-", "a://", "token=:", "Basic ", "-----BEGIN ", "\"a\":", "hf_", "@=:"}) {
    std::string text;
    while (text.size() < 8192) text += unit;
    redact_text(text);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

struct ArgvCase {
  const char* description;
  std::vector<std::string> given, expected;
};

TEST(RedactArgv, KnowsOptions) {
  const ArgvCase cases[] = {
      {"value behind its option", {"x", "--api-key", "abc", "run"}, {"x", "--api-key", "<redacted>", "run"}},
      {"one argument", {"x", "--token=a,b#c"}, {"x", "--token=<redacted>"}},
      {"single dash", {"x", "-password", "abc"}, {"x", "-password", "<redacted>"}},
      {"environment", {"env", "HF_TOKEN=a b", "run"}, {"env", "HF_TOKEN=<redacted>", "run"}},
      {"curl header", {"curl", "-H", "Authorization: Bearer abc"}, {"curl", "-H", "Authorization: <redacted>"}},
      {"curl user", {"/usr/bin/curl", "-u", "me:pw", "url"}, {"/usr/bin/curl", "-u", "me:<redacted>", "url"}},
      {"curl user, glued", {"curl", "-ume:pw"}, {"curl", "-ume:<redacted>"}},
      {"curl long user", {"curl", "--user", "me:pw"}, {"curl", "--user", "me:<redacted>"}},
      {"mysql glued", {"mysql", "-psecret", "db"}, {"mysql", "-p<redacted>", "db"}},
      {"mysql asks", {"mysql", "-p", "db"}, {"mysql", "-p", "db"}},
      {"sshpass", {"sshpass", "-p", "pw", "ssh"}, {"sshpass", "-p", "<redacted>", "ssh"}},
      {"flag without value", {"x", "--token", "--verbose"}, {"x", "--token", "--verbose"}},
      {"option at the end", {"x", "--token"}, {"x", "--token"}},
      {"other programs' -u", {"python", "-u", "a:b.py"}, {"python", "-u", "a:b.py"}},
      {"model server",
       {"llama-server", "-m", "/m.gguf", "--port", "8080"},
       {"llama-server", "-m", "/m.gguf", "--port", "8080"}},
      {"nothing", {}, {}},
  };
  for (const auto& c : cases) EXPECT_THAT(redact_argv(c.given), ElementsAreArray(c.expected)) << c.description;
}

}  // namespace
}  // namespace ambit::decode
