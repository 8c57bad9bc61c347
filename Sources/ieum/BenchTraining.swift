import ArgumentParser
import Basics
import Harness
import Models
import Tensors

extension BenchCommand {
  struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Items a second of training steps, batches and optimiser included.")
    @Option(help: "What is trained: dual-encoder, resnet18 or text-image.") var work: TrainingBench.Work
    @Option(help: "Arithmetic: f32 or bf16.") var precision: TrainerConfiguration.Precision = .f32
    @Option(help: "cpu, cuda or cuda:N.") var device: Device = .cpu
    @Option(help: "Items of a batch (default: 128, 32 and 512).") var batch: Int?
    @Flag(help: "Begin with the first sample, without a step before it.") var cold = false
    @OptionGroup var timing: Timing
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try device.check(place: "--device")
      try engine.apply()
      try timing.run(
        try TrainingBench(work, precision: precision, device: device, batch: batch, warm: !cold).sample)
    }
  }

  struct Media: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Pictures a second made ready for an encoder, or films of which frames are read; one thread.")
    @Argument(help: "A picture or a film.") var file: String
    @Option(help: "Frames taken from a film.") var frames = 12
    @OptionGroup var timing: Timing

    func run() throws {
      guard frames > 0 else { throw ValidationError("--frames must be at least 1") }
      try timing.run(try MediaBench(path: file, frames: frames).sample)
    }
  }

  struct Convolution: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Times both convolution engines on the text-image network's layers, beside what their cost model expects.")
    @Option(help: "Items per pass.") var batch = 16
    @Option(help: "The network: thesis or small.") var preset = "thesis"
    @Option(help: "Passes expected to take more seconds are left out.") var slowest = 20.0
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try engine.apply()
      let sizes = ["thesis": TextImageConfiguration.thesis, "small": .small]
      guard let network = sizes[preset] else {
        throw Suggestion.unknown("preset", preset, known: sizes.keys.sorted(), place: "--preset")
      }
      guard batch > 0 else { throw ValidationError("--batch must be at least 1") }
      try printJSON(encoding: ConvolutionBench(network, batch: batch).rows(slowest: slowest))
    }
  }
}

extension TrainingBench.Work: ExpressibleByArgument {}
extension TrainerConfiguration.Precision: ExpressibleByArgument {}
