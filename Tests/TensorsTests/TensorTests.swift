import Basics
import Tensors
import Testing

@Suite(.serialized) struct TensorTests {
  @Test func valuesGoInAndOut() throws {
    let x = try Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.shape == [2, 3] && x.rank == 2 && x.count == 6 && x.dtype == .float32 && x.device == .cpu)
    #expect(try x.transposed(0, 1).floats() == [1, 4, 2, 5, 3, 6])
    #expect(try x.to(.int64).int64s() == [1, 2, 3, 4, 5, 6])
    #expect(try Tensor([true, false], shape: [2]).bools() == [true, false])
    #expect(try x.greater(3).bools() == [false, false, false, true, true, true])
    #expect(try Tensor([Float](), shape: [0, 4]).floats().isEmpty)
    #expect(try Tensor.arange(0, 4).int64s() == [0, 1, 2, 3])
    #expect(try Tensor([1, 2], shape: [2]).equal(2).bools() == [false, true])
    #expect(try (Tensor([7, 8], shape: [2]) * 2).dtype == .int64)
    #expect(try x.argmax(dim: 1).int64s() == [2, 2])
  }

  @Test func mistakesAreErrorsNotCrashes() throws {
    let a = try Tensor.zeros([2, 3])
    let error = #expect(throws: IeumError.self) { try a.matmul(a) }
    #expect(error?.kind == .system)
    #expect(error?.problem.contains("shapes cannot be multiplied (2x3 and 2x3)") == true)
    #expect(error?.problem.contains("frame #") == false)
    #expect(throws: IeumError.self) { try Tensor([Float(1)], shape: [2]) }
    #expect(throws: IeumError.self) { try Tensor([Float(1)], shape: [-1, -1]) }
    #expect(throws: IeumError.self) { try a.item() }
    #expect(throws: IeumError.self) { try a + Tensor.zeros([4]) }
    #expect(throws: IeumError.self) { try a.select(dim: 0, index: 2) }
    #expect(throws: IeumError.self) { try a.backward() }
    #expect(throws: IeumError.self) { try Tensor.cat([], dim: 0) }
    #expect(throws: IeumError.self) { try a.embedding(Tensor([5], shape: [1])) }
    #expect(throws: IeumError.self) { try a.assign(.zeros([3, 2])) }
    #expect(throws: IeumError.self) { try a.maxPool2d(kernel: [1, 2, 3]) }
    #expect(throws: IeumError.self) { try TensorRuntime.setThreads(0) }
  }

  @Test func finiteness() throws {
    #expect(try Tensor([1.0, 2], shape: [2]).isFinite())
    #expect(try !Tensor([1.0, .nan], shape: [2]).isFinite())
    #expect(try !Tensor([1.0, .infinity], shape: [2]).isFinite())
  }

  @Test func memoryFormats() throws {
    let x = try sample([2, 3, 4, 5])
    let last = try x.channelsLast()
    #expect(last.isChannelsLast && !x.isChannelsLast)
    #expect(try last.doubles() == x.doubles())
    #expect(try !last.contiguous().isChannelsLast)
  }

  @Test func normalValuesLookNormal() throws {
    var generator = SeededGenerator(seed: 11)
    let x = try Tensor.normal([20_000], std: 2, generator: &generator)
    #expect(abs(try x.mean().item()) < 0.05)
    #expect(abs(try x.square().mean().item() - 4) < 0.15)
  }

  @Test func runtimeTellsWhatItIs() throws {
    try TensorRuntime.setThreads(2)
    #expect(TensorRuntime.threads == 2)
    #expect(TensorRuntime.versions["libtorch"]?.isEmpty == false)
    #expect(TensorRuntime.versions["cpuCapability"] != "unknown")
  }

  @Test func autocastComputesProductsInBfloat16() throws {
    let x = try Tensor.ones([4, 4])
    #expect(try TensorRuntime.autocast(.bfloat16) { try x.matmul(x).dtype } == .bfloat16)
    #expect(try x.matmul(x).dtype == .float32)
  }
}
