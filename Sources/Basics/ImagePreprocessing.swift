/// How decoded pixels become an encoder's input: resize the short side, crop the centre, normalise.
///
/// Declared by an image encoder, carried out by the media room; part of the encoder's digest.
public struct ImagePreprocessing: Sendable, Hashable, Codable {
  public enum Interpolation: String, Sendable, Codable { case bilinear, bicubic }

  /// Length of the short side after resizing, in pixels.
  public let resize: Int
  /// Side of the square centre crop, in pixels.
  public let crop: Int
  public let interpolation: Interpolation
  /// Per-channel mean and standard deviation (RGB, of values in 0…1).
  public let mean: [Float]
  public let std: [Float]

  public init(resize: Int, crop: Int, interpolation: Interpolation, mean: [Float], std: [Float]) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
    self.mean = mean
    self.std = std
  }

  public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  public static let imageNetStd: [Float] = [0.229, 0.224, 0.225]
  public static let clipMean: [Float] = [0.48145466, 0.4578275, 0.40821073]
  public static let clipStd: [Float] = [0.26862954, 0.26130258, 0.27577711]
  public static let half: [Float] = [0.5, 0.5, 0.5]
}
