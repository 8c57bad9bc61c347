// swift-tools-version: 6.1
import Foundation
import PackageDescription

// libtorch: Debian's `libtorch-dev` unless LIBTORCH names another build (a folder holding `include/` and `lib/`).
let libtorch = ProcessInfo.processInfo.environment["LIBTORCH"]
let multiarch = "/usr/lib/x86_64-linux-gnu"

let torchInclude = (libtorch ?? "/usr") + "/include"
let torchIsRecent: Bool = {
  guard let libtorch,
    let header = try? String(contentsOfFile: libtorch + "/include/torch/csrc/api/include/torch/version.h", encoding: .utf8)
  else { return false }
  return !header.contains("TORCH_VERSION_MAJOR 1\n")
}()
let torchCxx: [CXXSetting] = [
  .unsafeFlags([
    // libtorch 1.13's headers refuse C++20, those of 2.15 refuse C++17.
    torchIsRecent ? "-std=c++20" : "-std=c++17", "-O2", "-w",
    // As libtorch is built: without it some of its classes have more members than the library's.
    "-DNDEBUG",
    "-isystem", torchInclude + "/torch/csrc/api/include",
    // PyTorch's wheel brings the headers of a newer oneDNN than the one that is linked: the system's come first.
  ] + (libtorch == nil ? [] : ["-I", Context.packageDirectory + "/scripts/onednn", "-isystem", torchInclude]))
]
let torchLibraryPaths = libtorch.map { ["-L\($0)/lib", "-Xlinker", "-rpath", "-Xlinker", "\($0)/lib"] } ?? []
let torchHasCUDA = libtorch.map { FileManager.default.fileExists(atPath: $0 + "/lib/libtorch_cuda.so") } ?? false
let torchLinker: [LinkerSetting] = [
  .unsafeFlags(torchLibraryPaths + (torchHasCUDA ? ["-Xlinker", "--no-as-needed", "-ltorch_cuda"] : [])),
  .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
  // Compiled inference, on the threads that libtorch uses too.
  .linkedLibrary("dnnl"), .linkedLibrary("gomp"),
]

let package = Package(
  name: "ieum",
  products: [
    .executable(name: "ieum", targets: ["ieum"]), .executable(name: "ieum-read-hdf5", targets: ["ieum-read-hdf5"]),
    // Opened by the program when they are first needed (CLazyLibrary), so no other target may depend on these.
    .library(name: "ieum-torch", type: .dynamic, targets: ["CTorchLibrary"]),
    .library(name: "ieum-media", type: .dynamic, targets: ["CLibAVLibrary"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // What every room shares: errors, digests, seeded randomness, parameters, atomic files.
    .target(name: "Basics", dependencies: ["COpenSSL"]),

    // System libraries behind thin C shims. Two of them, heavy to load, are shared libraries of their own; CTorch and
    // CLibAV have their headers and the jumps that open them.
    .target(name: "CLazyLibrary"),
    .target(name: "CTorch", dependencies: ["CLazyLibrary"]),
    .target(
      name: "CTorchLibrary", publicHeadersPath: ".", cxxSettings: [.headerSearchPath("../CTorch/include")] + torchCxx,
      linkerSettings: torchLinker),
    .target(
      name: "CHDF5",
      cSettings: [.unsafeFlags(["-I/usr/include/hdf5/serial"])],
      linkerSettings: [.unsafeFlags(["-L\(multiarch)/hdf5/serial"]), .linkedLibrary("hdf5")]),
    .target(name: "CLibAV", dependencies: ["CLazyLibrary"]),
    .target(
      name: "CLibAVLibrary", publicHeadersPath: ".",
      cSettings: [
        .headerSearchPath("../CLibAV/include"), .headerSearchPath("../COpenBLAS"),
        .unsafeFlags([
          "-O2", "-I/usr/include/librsvg-2.0", "-I/usr/include/cairo", "-I/usr/include/gdk-pixbuf-2.0",
          "-I/usr/include/glib-2.0", "-I\(multiarch)/glib-2.0/include",
        ]),
      ],
      linkerSettings: ["avformat", "avcodec", "avutil", "swscale", "swresample", "rsvg-2", "cairo", "gio-2.0", "gobject-2.0", "glib-2.0"]
        .map { .linkedLibrary($0) }),
    // Kernels for each width of vectors, chosen as COpenBLAS's are.
    .target(name: "CResample", cSettings: [.headerSearchPath("../COpenBLAS"), .unsafeFlags(["-O2"])]),
    .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    // Opened at run time (library.h says why), so nothing is linked.
    .target(name: "CSentencePiece"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "COpenSSL"),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("openblas")]),
    // A static library; BLAS, LAPACK and OpenMP are the ones that libtorch loads too.
    .target(
      name: "CFaiss", cxxSettings: [.headerSearchPath("openmp"), .unsafeFlags(["-O2", "-w"])],
      linkerSettings: [.linkedLibrary("faiss"), .linkedLibrary("openblas"), .linkedLibrary("gomp")]),

    // Rooms, in the order in which data flows.
    .target(name: "HDF5", dependencies: ["Basics", "CHDF5"]),
    .target(name: "Weights", dependencies: ["Basics", "HDF5"]),
    .target(name: "Tensors", dependencies: ["Basics", "CTorch", "Weights"]),
    .target(name: "Models", dependencies: ["Basics", "Tensors", "Weights"]),
    .target(name: "Datasets", dependencies: ["Basics", "HDF5", "Weights", "CLibAV", "CJPEG", "CResample", "CSentencePiece", "CZlib"], resources: [.copy("Cards")]),
    .target(name: "Ranking", dependencies: ["Basics", "COpenBLAS", "CFaiss"]),
    .target(
      name: "Harness",
      dependencies: [
        "Basics", "HDF5", "Weights", "Tensors", "Models", "Datasets", "Ranking",
        .product(name: "Yams", package: "Yams"),
      ]),
    // The search database and what is asked of it; the page in the browser.
    .target(
      name: "Search",
      dependencies: ["Basics", "Datasets", "Harness", "Ranking", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "Serve",
      dependencies: [
        "Basics", "Datasets", "Harness", "Search", .product(name: "FlyingFox", package: "FlyingFox"),
        .product(name: "FlyingSocks", package: "FlyingFox"),
      ],
      resources: [
        .embedInCode("Page/index.html"), .embedInCode("Page/page.css"), .embedInCode("Page/page.js"),
      ]),
    // Reads a foreign HDF5 file before ieum does, in a process of its own.
    .executableTarget(
      name: "ieum-read-hdf5", dependencies: ["CHDF5"], cSettings: [.unsafeFlags(["-I/usr/include/hdf5/serial"])]),
    .executableTarget(
      name: "ieum",
      dependencies: [
        "Harness", "Search", "Serve", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(name: "BasicsTests", dependencies: ["Basics"]),
    .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "ieum-read-hdf5"]),
    .testTarget(name: "WeightsTests", dependencies: ["Weights"], resources: [.copy("Golden")]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"], resources: [.copy("Golden")]),
    .testTarget(name: "ModelsTests", dependencies: ["Models"], resources: [.copy("Golden")]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "CLibAV"], resources: [.copy("Golden")]),
    .testTarget(name: "RankingTests", dependencies: ["Ranking"], resources: [.copy("Golden")]),
    .testTarget(name: "HarnessTests", dependencies: ["Harness"]),
    .testTarget(name: "SearchTests", dependencies: ["ieum", "Search", "Serve", "Harness", "Datasets", "Ranking"]),
    .testTarget(
      name: "CommandTests", dependencies: ["ieum", "Basics", "Datasets", "HDF5", "Models", "Tensors", "Weights"],
      exclude: ["Golden"]),
  ],
  cxxLanguageStandard: torchIsRecent ? .cxx20 : .cxx17
)

// Fuzz targets are built by scripts/fuzz.sh alone: they need libFuzzer.
if ProcessInfo.processInfo.environment["IEUM_FUZZ"] != nil {
  package.targets += [
    .target(name: "FuzzMemory", path: "Fuzz/Memory"),
    .executableTarget(
      name: "fuzz", dependencies: ["Basics", "HDF5", "Weights", "Models", "Datasets", "Harness", "FuzzMemory"],
      path: "Fuzz/Targets", swiftSettings: [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
  ]
}
