# Builds the images under published names, for amd64 and arm64, each with a list of its parts (SBOM) and its origin:
#   REGISTRY=registry.example.org/speech/ docker buildx bake --push
# CTranslate2's arm64 wheels have no CUDA: there is no worker-cuda for arm64.

variable "REGISTRY" { default = "" } # with a slash at its end
variable "TAG" { default = "0.1.0" }
variable "REVISION" { default = "" } # git rev-parse HEAD
variable "SOURCE" { default = "" }   # where the code can be had

group "default" {
  targets = ["api", "worker", "worker-cuda", "benchmark"]
}

target "_image" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  attest = [
    { type = "sbom" },
    { type = "provenance", mode = "max" },
  ]
  labels = {
    "org.opencontainers.image.version"  = TAG
    "org.opencontainers.image.revision" = REVISION
    "org.opencontainers.image.source"   = SOURCE
  }
}

target "api" {
  inherits   = ["_image"]
  dockerfile = "Dockerfile.api"
  tags       = ["${REGISTRY}transcriber-api:${TAG}"]
}

target "worker" {
  inherits   = ["_image"]
  dockerfile = "Dockerfile.worker"
  target     = "worker"
  tags       = ["${REGISTRY}transcriber-worker:${TAG}"]
}

target "worker-cuda" {
  inherits  = ["worker"]
  platforms = ["linux/amd64"]
  args      = { DEVICE = "cuda" }
  tags      = ["${REGISTRY}transcriber-worker-cuda:${TAG}"]
}

target "benchmark" {
  inherits = ["worker"]
  target   = "benchmark"
  tags     = ["${REGISTRY}transcriber-benchmark:${TAG}"]
}
