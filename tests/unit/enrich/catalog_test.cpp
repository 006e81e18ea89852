// SPDX-License-Identifier: Apache-2.0
#include "enrich/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "enrich/enricher.h"
#include "events.h"
#include "path_index.h"

namespace ambit::enrich {
namespace {

using testing::HasSubstr;

std::vector<util::Document> shipped() {
  std::vector<util::Document> out;
  for (const auto& entry : std::filesystem::directory_iterator(AMBIT_SOURCE_DIR "/rules/catalog")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in(entry.path());
    out.push_back({entry.path().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  return out;
}

std::shared_ptr<const Catalog> shipped_catalog() {
  const auto documents = shipped();
  auto catalog = Catalog::load(documents);
  EXPECT_TRUE(catalog.ok()) << catalog.error().message;
  return catalog.ok() ? *catalog : nullptr;
}

struct PathCase {
  const char* path;
  ResourceClass resource;
  const char* id;
};

TEST(ShippedCatalog, KnowsPaths) {
  const auto catalog = shipped_catalog();
  ASSERT_TRUE(catalog);
  EXPECT_GT(catalog->entries(), 50U);
  const PathCase cases[] = {
      {"/srv/models/gemma/model.gguf", ResourceClass::weights, "gguf"},
      {"/srv/m/model-00001-of-00002.safetensors", ResourceClass::weights, "safetensors"},
      {"/srv/m/model.safetensors.index.json", ResourceClass::weights, "safetensors"},
      {"/srv/m/pytorch_model-00001.bin", ResourceClass::weights, "pytorch"},
      {"/srv/m/model.onnx", ResourceClass::weights, "onnx"},
      {"/srv/m/model.onnx.data", ResourceClass::weights, "onnx"},
      {"/m/1/variables/variables.data-00000-of-00001", ResourceClass::weights, "tensorflow"},
      {"/root/.cache/huggingface/hub/models--a--b/blobs/0123", ResourceClass::weights, "hf-hub-blob"},
      {"/root/.cache/huggingface/hub/.locks/x", ResourceClass::cache, "hf-cache"},
      {"/usr/share/ollama/.ollama/models/blobs/sha256-01", ResourceClass::weights, "ollama-blob"},
      {"/mnt/models/x/y", ResourceClass::weights, "kserve-model"},
      {"/mnt/models", ResourceClass::weights, "kserve-model"},
      {"/srv/m/tokenizer.json", ResourceClass::tokenizer, "tokenizer"},
      {"/srv/m/adapter_model.bin", ResourceClass::adapter, "adapter"},
      {"/srv/m/adapter_model.safetensors", ResourceClass::adapter, "adapter"},
      {"/srv/m/adapter_config.json", ResourceClass::adapter, "adapter"},
      {"/srv/m/modeling_x.py", ResourceClass::model_config, "model-config"},
      {"/srv/models/gemma/config.json", ResourceClass::model_config, "model-config"},
      {"/srv/data/train.parquet", ResourceClass::dataset, "dataset"},
      {"/srv/chroma/chroma.sqlite3", ResourceClass::vector_store, "vector-store"},
      {"/tmp/torchinductor_root/x/y.so", ResourceClass::cache, "compile-cache"},
      {"/root/.aws/credentials", ResourceClass::secret, "aws-credentials"},
      {"/home/u/.aws/sso/cache/x.json", ResourceClass::secret, "aws-credentials"},
      {"/var/lib/svc/.ssh/id_ed25519", ResourceClass::secret, "ssh-private-key"},
      {"/root/.ssh/id_ed25519.pub", ResourceClass::none, ""},
      {"/etc/ssh/ssh_host_rsa_key", ResourceClass::secret, "ssh-host-key"},
      {"/etc/ssh/ssh_host_rsa_key.pub", ResourceClass::none, ""},
      {"/etc/shadow", ResourceClass::secret, "os-password-hashes"},
      {"/etc/passwd", ResourceClass::none, ""},
      {"/root/.cache/huggingface/token", ResourceClass::secret, "hf-token"},
      {"/run/secrets/hf", ResourceClass::secret, "container-secret"},
      {"/run/secrets/kubernetes.io/serviceaccount/token", ResourceClass::secret, "k8s-service-account-token"},
      {"/var/lib/kubelet/pods/u/volumes/kubernetes.io~secret/s/k", ResourceClass::secret, "k8s-mounted-secret"},
      {"/run/credentials/llama.service/key", ResourceClass::secret, "systemd-credential"},
      {"/etc/credstore.encrypted/x", ResourceClass::secret, "systemd-credential"},
      {"/app/.env", ResourceClass::secret, "env-file"},
      {"/app/.env.local", ResourceClass::secret, "env-file"},
      {"/app/.env.example", ResourceClass::none, ""},
      {"/etc/letsencrypt/live/x/privkey1.pem", ResourceClass::secret, "private-key-file"},
      {"/etc/ssl/certs/ca-certificates.pem", ResourceClass::none, ""},
      {"/usr/lib/python3/dist-packages/certifi/cacert.pem", ResourceClass::none, ""},
      {"/proc/12/mem", ResourceClass::process_memory, "process-memory"},
      {"/proc/12/environ", ResourceClass::process_memory, "process-memory"},
      {"/proc/12/status", ResourceClass::none, ""},
      {"/run/docker.sock", ResourceClass::runtime_socket, "docker-socket"},
      {"/run/containerd/containerd.sock", ResourceClass::runtime_socket, "containerd-socket"},
      {"/dev/nvidia0", ResourceClass::device, "gpu-nvidia"},
      {"/dev/dri/card0", ResourceClass::device, "gpu-dri"},
      {"/dev/null", ResourceClass::none, ""},
      {"/usr/lib/python3/dist-packages/foo.pth", ResourceClass::none, ""},
      {"/usr/lib/x86_64-linux-gnu/libc.so.6", ResourceClass::none, ""},
      {"/usr/share/keyrings/debian.gpg", ResourceClass::none, ""},
      {"", ResourceClass::none, ""},
      {"relative", ResourceClass::none, ""},
      {"/", ResourceClass::none, ""},
  };
  for (const auto& c : cases) {
    const auto found = catalog->classify(c.path);
    EXPECT_EQ(found.resource, c.resource) << c.path << " is " << name_of(found.resource);
    EXPECT_EQ(found.id, c.id) << c.path;
  }
}

TEST(ShippedCatalog, KnowsEndpoints) {
  const auto catalog = shipped_catalog();
  ASSERT_TRUE(catalog);
  EXPECT_EQ(catalog->classify(*parse_ip("169.254.169.254"), 80).resource, ResourceClass::metadata_service);
  EXPECT_EQ(catalog->classify(*parse_ip("::ffff:169.254.169.254"), 80).resource, ResourceClass::metadata_service);
  EXPECT_EQ(catalog->classify(*parse_ip("fd00:ec2::254"), 80).id, "instance-metadata");
  EXPECT_EQ(catalog->classify(*parse_ip("169.254.169.252"), 988).id, "gke-metadata-server");
  EXPECT_EQ(catalog->classify(*parse_ip("169.254.169.252"), 80).resource, ResourceClass::none);
  EXPECT_EQ(catalog->classify(*parse_ip("192.0.2.1"), 80).resource, ResourceClass::none);
  EXPECT_EQ(catalog->classify_name("metadata.google.internal").resource, ResourceClass::metadata_service);
  EXPECT_EQ(catalog->classify_name("google.internal").resource, ResourceClass::none);
  EXPECT_TRUE(catalog->is_opaque_resolver(*parse_ip("8.8.8.8"), 443));
  EXPECT_FALSE(catalog->is_opaque_resolver(*parse_ip("8.8.8.8"), 53));
  EXPECT_TRUE(catalog->is_opaque_resolver("/run/nscd/socket"));
  EXPECT_FALSE(catalog->is_opaque_resolver("/run/docker.sock"));
}

TEST(Catalog, ClassifiesEventsByWhatTheyTouch) {
  Enricher enricher(shipped_catalog());
  EXPECT_EQ(enricher.apply(opened(kServer, "/etc/shadow", seconds(1))).resource_id, "os-password-hashes");
  NameFacts names;
  names.path = "/tmp/x";
  names.path2 = "/srv/m.gguf";
  EXPECT_EQ(enricher.apply(act(EventKind::rename, kServer, seconds(1), names)).resource, ResourceClass::weights);
  EXPECT_EQ(enricher.apply(to_ipv4(EventKind::connect, kServer, {169, 254, 169, 254}, 80, seconds(1))).resource,
            ResourceClass::metadata_service);
  NetFacts net;
  net.family = AF_UNIX;
  net.unix_path = "/var/run/docker.sock";
  EXPECT_EQ(enricher.apply(act(EventKind::connect, kServer, seconds(1), net)).resource, ResourceClass::runtime_socket);
  EXPECT_EQ(enricher.apply(opened(kServer, "/tmp/x", seconds(1))).resource, ResourceClass::none);
}

struct BadCase {
  const char* description;
  const char* text;
  const char* message;
};

TEST(Catalog, SaysWhatIsWrongAndWhere) {
  const BadCase cases[] = {
      {"unknown key", "entries:\n  - {id: a, class: secret, description: d, path: [/x]}\n", "x.yaml:2"},
      {"nearest key", "entries:\n  - {id: a, class: secret, description: d, path: [/x]}\n", "did you mean 'paths'"},
      {"unknown class", "entries:\n  - {id: a, class: secrets, description: d, paths: [/x]}\n", "secret"},
      {"id twice",
       "entries:\n  - {id: a, class: secret, description: d, paths: [/x]}\n  - {id: a, class: log, description: d, "
       "paths: [/y]}\n",
       "stands twice"},
      {"bad pattern", "entries:\n  - {id: a, class: secret, description: d, paths: [/x/../y]}\n", "'..'"},
      {"relative pattern", "entries:\n  - {id: a, class: secret, description: d, paths: [x/y]}\n", "not absolute"},
      {"bad address", "entries:\n  - {id: a, class: secret, description: d, addresses: [1.2.3]}\n", "is no address"},
      {"bad port", "entries:\n  - {id: a, class: secret, description: d, addresses: ['1.2.3.4:99999']}\n",
       "is no address"},
      {"nothing named", "entries:\n  - {id: a, class: secret, description: d}\n", "needs one of"},
      {"no description", "entries:\n  - {id: a, class: secret, paths: [/x]}\n", "description"},
      {"no entries", "entry: []\n", "entries"},
      {"no YAML", "entries: [", "x.yaml"},
  };
  for (const auto& c : cases) {
    const util::Document document{"x.yaml", c.text};
    std::vector<util::Diagnostic> diagnostics;
    const auto catalog = Catalog::load(std::span(&document, 1), &diagnostics);
    ASSERT_FALSE(catalog.ok()) << c.description;
    EXPECT_THAT(catalog.error().message, HasSubstr(c.message)) << c.description;
    EXPECT_FALSE(diagnostics.empty()) << c.description;
  }
}

TEST(Catalog, TakesNoDocumentsAsEmpty) {
  const auto catalog = Catalog::load({});
  ASSERT_TRUE(catalog.ok());
  EXPECT_EQ((*catalog)->classify("/etc/shadow").resource, ResourceClass::none);
}

TEST(PathIndex, FindsEveryKindOfPattern) {
  const std::pair<const char*, const char*> cases[] = {
      {"/a/b", "/a/b"},       {"/**/n", "/x/y/n"},         {"/**/*.ext", "/q/w.ext"},
      {"/d/**", "/d"},        {"/d/e/**", "/d/e/f/g"},     {"/x/*/m/**", "/x/1/m/2"},
      {"/p/id_*", "/p/id_1"}, {"/**/.env.*", "/a/.env.b"}, {"/*/?", "/a/b"}};
  for (const auto& [pattern, path] : cases) {
    PathIndex index;
    index.add(*util::PathPattern::make(pattern), 3);
    EXPECT_EQ(index.find(path, [](auto) { return true; }), 3U) << pattern;
    EXPECT_EQ(index.find(path, [](auto) { return false; }), PathIndex::kNone) << pattern;
    EXPECT_EQ(index.find("/no/such/thing/at/all.txt", [](auto) { return true; }), PathIndex::kNone) << pattern;
  }
}

TEST(PathIndex, ShippedPatternsAreNearlyAllIndexed) {
  PathIndex index;
  index.add(*util::PathPattern::make("/**/.env.*"), 0);
  index.add(*util::PathPattern::make("/**/adapter_model.*"), 1);
  index.add(*util::PathPattern::make("/**/*.gguf"), 2);
  EXPECT_EQ(index.unindexed(), 2U);
}

}  // namespace
}  // namespace ambit::enrich
