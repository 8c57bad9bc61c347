import ArgumentParser
import Basics
import Harness
import Models
import Tensors

extension BenchCommand {
  struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Items a second of training steps, batches and optimiser included.")
    @Option(help: "What is trained: dual-encoder, resnet18, text-image or clip.") var work: TrainingBench.Work
    @Option(help: "Arithmetic: f32 or bf16.") var precision: TrainerConfiguration.Precision = .f32
    @Option(help: "cpu, cuda or cuda:N.") var device: Device = .cpu
    @Option(help: "Items of a batch (default: 128, 32, 512 and 128).") var batch: Int?
    @Flag(help: "Begin with the first sample, without a step before it.") var cold = false
    @Option(help: "clip: frames of a clip.") var frames = ClipLoad().frames
    @Option(help: "clip: pairs that go through the towers at a time; 0 = the batch.") var microBatch = 0
    @Flag(help: "clip: keep each layer's input alone and compute the rest again.") var checkpointing = false
    @OptionGroup var timing: Timing
    @OptionGroup var engine: EngineOptions

    func run() throws {
      guard microBatch >= 0 else { throw ValidationError("--micro-batch must be 0 or more") }
      try device.check(place: "--device")
      try engine.apply()
      var clips = ClipLoad()
      (clips.frames, clips.microBatch, clips.checkpointing) = (frames, microBatch, checkpointing)
      let bench = try TrainingBench(
        work, precision: precision, device: device, batch: batch, warm: !cold, clips: clips)
      try timing.run(bench.sample, profiled: bench.profile)
      guard !timing.answering, !timing.profile else { return }
      print(String(format: "peak memory %.2f GB", Double(Provenance.peakMemory()) / 1e9))
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
      let bench = try MediaBench(path: file, frames: frames)
      try timing.run(bench.sample, profiled: bench.profile)
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
