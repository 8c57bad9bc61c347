import Basics
import Foundation
import Harness
import Tensors
import Testing

@Suite struct DeviceTests {
  @Test func namesOfDevices() {
    let names = ["cpu": Device.cpu, "cuda": .cuda(0), "cuda:3": .cuda(3)]
    for (name, device) in names { #expect(Device(name) == device) }
    for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:1000", "CUDA"] { #expect(Device(name) == nil, "\(name)") }
  }

  /// One setting for training, embedding and the frozen encoders of every kind of cell.
  @Test(arguments: ["items", "towers", "clips"]) func theCellsDeviceIsItsEncodersToo(task: String) throws {
    func cell(_ device: String) throws -> CellConfig {
      try CellConfig(
        ConfigTree.parse(
          """
          task: \(task)
          dataset: {name: stamps}
          \(task == "towers" ? "sources: {captions: {pair: image-text}}" : "")
          text: {encoder: bert, weights: minilm}
          image: {encoder: vit-b-32}
          training: {device: '\(device)'}
          """, file: "cell.yaml"))
    }
    let config = try cell("cuda:1")
    #expect(config.training.device == .cuda(1))
    #expect(config.text.device == .cuda(1) && config.image.device == .cuda(1))
    let error = #expect(throws: IeumError.self) { try cell("gpu") }
    #expect(error?.exitCode == 64 && error?.description.contains("'gpu'") == true, "\(error?.description ?? "")")
  }

  /// Without the device nothing is planned or computed; the message says what to build.
  @Test func aDeviceThatIsNotThereIsToldBeforeAnythingIsComputed() throws {
    let world = try TowersWorld()
    let path = try world.experiment(sweep: "        Ours: {}")
    let overrides = ["training.device=cuda:99"]
    let cache = Cache(environment: ["IEUM_CACHE": world.folder + "/cache"])
    let planned = #expect(throws: IeumError.self) {
      try Plan(Experiment.load(path, overrides: overrides), bench: Workbench(cache: cache))
    }
    let run = #expect(throws: IeumError.self) { try world.run(path, overrides: overrides) }
    for error in [planned, run] {
      #expect(error?.exitCode == 64 && error?.place?.contains("training.device") == true)
      #expect(error?.description.contains("cuda:99") == true && error?.description.contains("LIBTORCH") == true)
    }
    #expect(world.trainings == 0)
    #expect(!FileManager.default.fileExists(atPath: world.folder + "/results/cells"))
  }
}
