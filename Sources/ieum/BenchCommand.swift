import ArgumentParser
import Basics
import Foundation
import Harness
import Tensors

/// Speeds of this machine and program; `make bench` sets them beside other programs'.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures this machine's limits and this program's speed.",
    subcommands: [
      Limits.self, Encoder.self, Text.self, Rank.self, Train.self, Media.self, Convolution.self,
    ])

  /// How a measurement is taken and told.
  struct Timing: ParsableArguments {
    @Option(help: "Seconds per sample.") var seconds = 1.0
    @Option(help: "Samples.") var samples = 5
    @Flag(
      help: ArgumentHelp(
        "Take one sample for each line on stdin, and answer with a line of JSON: for alternating with others.",
        discussion: "The line `profile` is answered with where the time goes."))
    var answering = false
    @Flag(help: "Show where the time goes, stage by stage.") var profile = false

    /// - Parameter profiled: what tells where the time goes; nil = the sample's own stages.
    func run(_ sample: (Double) throws -> Sample, profiled: ((Double) throws -> StageProfile)? = nil) throws {
      func told() throws -> StageProfile {
        try profiled.map { try $0(seconds) } ?? StageProfile.of { try sample(seconds) }
      }
      if profile { return print(try told().text) }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      if answering {
        // Past the buffer of `print`: the other side waits for every line.
        func answer(_ line: Data) { FileHandle.standardOutput.write(line + Data("\n".utf8)) }
        answer(Data("{\"ready\": true}".utf8))
        while let line = readLine() {
          answer(try line == "profile" ? encoder.encode(told()) : encoder.encode(sample(seconds)))
        }
        return
      }
      var taken: [Sample] = []
      for _ in 0..<max(1, samples) { taken.append(try sample(seconds)) }
      let median = taken.sorted { $0.perSecond < $1.perSecond }[taken.count / 2]
      let rates = [median.perSecond, median.perProcessorSecond].map { String(format: $0 < 10 ? "%.3g" : "%.1f", $0) }
      print("\(rates[0])/s (\(rates[1]) per processor second), median of \(taken.count)")
    }
  }

  struct Limits: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Multiply-adds, matrix products, convolutions and memory at their best.")
    @Option(help: "Seconds per figure.") var seconds = 1.0
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try engine.apply()
      try printJSON(encoding: MachineReport.measure(seconds: seconds))
    }
  }

  struct Encoder: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Images a second of an image encoder, from pixels to features.")
    @Option(help: "A registered image encoder; its weights are random.") var encoder: String
    @Option(help: "Arithmetic: f32 or bf16.") var precision: InferencePrecision = .f32
    @Option(help: "cpu, cuda or cuda:N.") var device: Device = .cpu
    @Option(help: "Images per call.") var images = 32
    @Flag(help: "Run libtorch's operators instead of the compiled network.") var operators = false
    @OptionGroup var timing: Timing
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try device.check(place: "--device")
      try engine.apply()
      let bench = try EncoderBench(
        encoder, precision: precision, device: device, images: images, compiled: !operators)
      if let slowdown = bench.slowdown { warn(slowdown) }
      if timing.profile { print(try bench.steps(seconds: timing.seconds).text + "\n") }
      try timing.run(bench.sample, profiled: bench.profile)
    }
  }

  struct Text: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sentences a second of a BERT with random weights.")
    @Option(help: "minilm (6 layers of 384) or base (12 of 768).") var size: TextBench.Size = .minilm
    @Option(help: "Arithmetic: f32 or bf16.") var precision: InferencePrecision = .f32
    @Option(help: "cpu, cuda or cuda:N.") var device: Device = .cpu
    @Option(help: "Sentences per call.") var sentences = 32
    @Option(help: "Tokens of a sentence.") var tokens = 32
    @Flag(help: "Run libtorch's operators instead of the compiled layers.") var operators = false
    @OptionGroup var timing: Timing
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try device.check(place: "--device")
      try engine.apply()
      let bench = try TextBench(
        size, precision: precision, device: device, sentences: sentences, tokens: tokens, compiled: !operators)
      if let slowdown = bench.slowdown { warn(slowdown) }
      try timing.run(bench.sample)
    }
  }

  struct Rank: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Queries a second of exact evaluation on random vectors.")
    @Option(help: "Queries.") var queries = 5000
    @Option(help: "Gallery items.") var gallery = 25000
    @Option(help: "Dimension.") var dimension = 512
    @OptionGroup var timing: Timing
    @OptionGroup var engine: EngineOptions

    func run() throws {
      try engine.apply()
      try timing.run(try RankingBench(queries: queries, gallery: gallery, dimension: dimension).sample)
    }
  }
}

extension TextBench.Size: ExpressibleByArgument {}
