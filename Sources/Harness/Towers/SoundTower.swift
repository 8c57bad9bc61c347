import Basics
import Datasets
import Foundation
import Models

/// The audio side of a cell of towers.
struct SoundTower: TowerSide {
  let digest: String
  let weightsDigest: String

  init(_ tower: TowersConfig.Tower, datasets: [Dataset], cache: Cache) throws {
    throw IeumError(.usage, "sound is not read yet", place: "audio")
  }

  var notes: [String] { [] }
  var featurePaths: [String] { [] }

  func inputs(_ progress: Progress) throws -> any TowerInputs { StoredInputs(dimension: 1) }
}
