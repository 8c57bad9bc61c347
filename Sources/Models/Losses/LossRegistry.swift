import Basics

/// All losses. Adding one: its file, and its line here.
public enum LossRegistry {
  public static let all: [LossSpec] = [
    TripletLoss.spec,
    TripletHardLoss.spec,
    TripletSemihardLoss.spec,
    SwishTripletLoss.spec,
    ContrastiveLoss.spec,
    SumHingeLoss.spec,
    MaxHingeLoss.spec,
    VariableMarginLoss.spec,
    InfoNCELoss.spec,
    MILNCELoss.spec,
    FourTermLoss.spec,
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> LossSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("loss", name, known: all.map(\.name))
    }
    return spec
  }
}
